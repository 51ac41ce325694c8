"""Lists of staff and shops that are told in parts: 120 rows are three parts, each row once, at the same cost."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Unmasking, User
from disputes.models import Owed
from ledger import debts
from ledger.models import Contribution, Payment, Payout, WriteOff
from ledger.reconciled import Difference, Settlement
from ledger.transfers import post
from orders.models import Coupon
from refunds.models import Report
from reputation.models import Measure
from shops.models import Licence, Listing, Member, Sanction, Shop
from support.models import Talk
from tests.queries import recorded
from timeline import outages
from timeline.models import Outage, Pause, Timer

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_books]


def talks(many, *, at, order, **_things):
    people = User.objects.bulk_create(
        User(email=f"{uuid4()}@example.com", nickname=f"买家 {number}", joined_at=at) for number in range(many)
    )
    Talk.objects.bulk_create(
        Talk(
            number=f"T{uuid4().hex[:12]}",
            order=order,
            asked_by=each,
            topic="一直没有到账",
            opened_at=at,
            promised_at=at + timedelta(minutes=10),
            state="waiting",
            entered_at=at,
            deadline_at=at + timedelta(minutes=number // 2) if number % 5 else None,
        )
        for number, each in enumerate(people)
    )


def coupons(many, *, at, seller, shop, **_things):
    Coupon.objects.bulk_create(
        Coupon(
            code=uuid4().hex[:12].upper(),
            shop=shop,
            value=100,
            minimum=1_000,
            most=5,
            per_person=1,
            starts_at=at,
            ends_at=at + timedelta(days=1),
            made_by=seller,
            state="draft",
            entered_at=at,
        )
        for _number in range(many)
    )


def payouts(many, *, at, buyer, **_things):
    Payout.objects.bulk_create(
        Payout(
            number=f"P{uuid4().hex[:12]}",
            key=uuid4().hex,
            under="order:1",
            cause="refund:1",
            user=buyer,
            amount=100,
            destination=Payout.Destination.WALLET,
            planned_at=at,
            last_error="no way",
            state="manual",
            entered_at=at + timedelta(minutes=number // 2),
        )
        for number in range(many)
    )


def differences(many, *, at, **_things):
    settlement, _made = Settlement.objects.get_or_create(
        channel="sandbox",
        day=date(2026, 1, 2),
        defaults={"fetched_at": at, "sha256": "0" * 64, "lines": 0, "came_in": 0, "went_out": 0},
    )
    Difference.objects.bulk_create(
        Difference(
            settlement=settlement,
            channel="sandbox",
            kind=Difference.Kind.AMOUNT,
            what="charge",
            number=uuid4().hex,
            theirs=1,
            ours=2,
            found_at=at,
            state="open",
            entered_at=at,
            deadline_at=at + timedelta(minutes=number // 2),
        )
        for number in range(many)
    )


def closed_differences(many, *, at, risk, **things):
    before = set(Difference.objects.values_list("pk", flat=True))
    differences(many, at=at)
    Difference.objects.exclude(pk__in=before).update(
        state="explained", deadline_at=None, settled_by=risk, settled_at=at, reason="gone"
    )


def contributions(many, *, at, seller, **_things):
    Contribution.objects.bulk_create(
        Contribution(
            purse="own",
            amount=100,
            document=uuid4().hex,
            reason="到账",
            proposed_by=seller,
            proposed_at=at,
            state="lapsed",
            entered_at=at,
        )
        for _number in range(many)
    )


def write_offs(many, *, at, seller, buyer, **_things):
    WriteOff.objects.bulk_create(
        WriteOff(
            user=buyer,
            amount=100,
            reason=f"第 {uuid4().hex} 次",
            proposed_by=seller,
            proposed_at=at,
            state="lapsed",
            entered_at=at,
        )
        for _number in range(many)
    )


def stuck_clocks(many, *, at, order, **_things):
    Timer.objects.bulk_create(
        Timer(
            root=order.address,
            subject=order.address,
            limit="INSPECT",
            kind="minutes",
            amount=1,
            state="stuck",
            started_at=at,
            due_at=at,
            next_try_at=at,
            last_error=f"第 {uuid4().hex} 次",
        )
        for _number in range(many)
    )


def pauses(many, *, at, **_things):
    outage = Outage.objects.get()
    Pause.objects.bulk_create(
        Pause(subject=f"order:{number}", limit="INSPECT", cause="outage", outage=outage, began_at=at)
        for number in range(1_000, 1_000 + many)
    )


def debtors(many, *, at, **_things):
    people = User.objects.bulk_create(
        User(email=f"{uuid4()}@example.com", nickname=f"欠款 {number}", joined_at=at) for number in range(many)
    )
    owed = [debts.as_owed(each, 100, key=f"{each.address}:owed", subject="x:1") for each in people]
    post(owed, journal=uuid4().hex, at=at)


def scores(many, *, at, **_things):
    User.objects.bulk_create(
        User(email=f"{uuid4()}@example.com", nickname=f"买家 {number}", risk=20 + number % 3, joined_at=at)
        for number in range(many)
    )


def reports(many, *, at, order, buyer, is_open=True, **_things):
    given = {} if is_open else {"decided_at": at, "decided_by": buyer, "is_upheld": False, "finding": "未见违规。"}
    Report.objects.bulk_create(
        Report(number=f"R{uuid4().hex[:12]}", listing=order.snapshot.listing, reporter=buyer, at=at, **given)
        for _number in range(many)
    )


def decided_reports(many, **things):
    reports(many, is_open=False, **things)


def listings(many, *, at, order, state="on_sale", until=None, **_things):
    like = order.snapshot.listing
    fields = [field.attname for field in like._meta.concrete_fields if not field.primary_key]
    same = {name: getattr(like, name) for name in fields}
    Listing.objects.bulk_create(
        Listing(**same | {"title": f"卡密 {uuid4().hex}", "checked_at": None, "state": state, "deadline_at": until})
        for _number in range(many)
    )


def unread_listings(many, *, at, order, **things):
    Listing.objects.filter(pk=order.snapshot.listing_id).update(checked_at=at)
    listings(many, at=at, order=order, **things)


def waiting_listings(many, *, at, **things):
    listings(many, at=at, state="waiting", until=at + timedelta(days=1), **things)


def steps(many, *, at, shop, risk, **_things):
    Sanction.objects.bulk_create(
        Sanction(
            shop=shop,
            step="warning",
            reason=f"第 {uuid4().hex} 次",
            imposed_by=risk,
            imposed_at=at,
            until=at,
            state="over",
            entered_at=at,
        )
        for _number in range(many)
    )


def members(many, *, at, shop, seller, **_things):
    Member.objects.bulk_create(
        Member(
            shop=shop,
            email=f"{uuid4().hex}@example.com",
            duty="support",
            invited_by=seller,
            invited_at=at,
            state="declined",
            entered_at=at,
        )
        for _number in range(many)
    )


def owing(many, *, at, order, shop, rich_buyer, **_things):
    Owed.objects.bulk_create(
        Owed(cause=f"ruling:{number}", order=order, shop=shop, buyer=rich_buyer, amount=101 + number, since=at)
        for number in range(many)
    )


def payments(many, *, at, buyer, **_things):
    Payment.objects.bulk_create(
        Payment(
            number=f"Q{uuid4().hex[:12]}",
            channel="sandbox",
            user=buyer,
            subject=buyer.address,
            amount=100,
            state="expired",
            entered_at=at,
        )
        for _number in range(many)
    )


def measured(many, *, at, buyer, risk, **_things):
    Measure.objects.bulk_create(
        Measure(
            user=buyer,
            step="warning",
            ground="false_claim",
            reason=f"第 {uuid4().hex} 次",
            imposed_by=risk,
            imposed_at=at,
            until=at,
            state="over",
            entered_at=at,
        )
        for _number in range(many)
    )


def looks(many, *, at, buyer, agent, **_things):
    Unmasking.objects.bulk_create(
        Unmasking(whom=buyer, by=agent, what="mail", subject="x:1", reason=f"第 {uuid4().hex} 次", at=at)
        for _number in range(many)
    )


def papers(many, *, at, seller, shop, **_things):
    """One paper each of so many shops."""
    others = []
    for _number in range(many):
        other = Shop.objects.get(pk=shop.pk)
        other.pk, other.slug, other.name = None, uuid4().hex[:20], f"店铺 {uuid4().hex[:20]}"
        others.append(other)
    Licence.objects.bulk_create(
        Licence(
            shop=other,
            kind="authority",
            number="sealed",
            tail=uuid4().hex,
            issuer="品牌方",
            name="授权.png",
            media_type="image/png",
            size=1,
            sha256="0" * 64,
            given_by=seller,
            given_at=at,
            state="lasting",
            entered_at=at,
        )
        for other in Shop.objects.bulk_create(others)
    )


#: Each list: who reads it, its route, what puts so many rows behind it, how one of its rows is told from another, and
#: how many a part has.
LISTS: dict[str, tuple[str, tuple[str, list[str]], Any, str, int]] = {
    "talks": ("agent", ("support:queue", []), talks, r'href="/staff/talks/(T\w+)/"', 50),
    "coupons": ("seller", ("orders:coupons", ["xinghe"]), coupons, r"<code[^>]*>(\w{12})</code>", 50),
    "payouts": ("finance", ("ledger:queue", []), payouts, r"\b(P[0-9a-f]{12}) ", 50),
    "differences": ("finance", ("ledger:differences", []), differences, r"\b([0-9a-f]{32})\b", 50),
    "closed differences": ("finance", ("ledger:differences", []), closed_differences, r"\b([0-9a-f]{32})\b", 20),
    "contributions decided": ("finance", ("ledger:contributions", []), contributions, r"\b([0-9a-f]{32})\b", 20),
    "debts let go or not": ("finance", ("ledger:debts", []), write_offs, r"第 ([0-9a-f]{32}) 次", 20),
    "who owes the fund": ("finance", ("ledger:accounts", []), debtors, r">(user:\d+:debt)<", 50),
    "clocks given up": ("lead", ("clocks:stuck", []), stuck_clocks, r"第 ([0-9a-f]{32}) 次", 50),
    "debtors": ("finance", ("ledger:debts", []), debtors, r">(user:\d+:debt)<", 50),
    "risk": ("risk", ("reputation:risk", []), scores, r'href="(/risk/[^"]*\d+/)"', 50),
    "reports": ("risk", ("refunds:reports", []), reports, r"(R[0-9a-f]{12}) ·", 50),
    "decided reports": ("lead", ("refunds:reports", []), decided_reports, r"(R[0-9a-f]{12}) ·", 50),
    "listings that wait": ("risk", ("shops:moderation", []), waiting_listings, r"卡密 ([0-9a-f]{32})", 20),
    "listings nobody read": ("risk", ("shops:moderation", []), unread_listings, r"卡密 ([0-9a-f]{32})", 20),
    "steps, for the shop": ("seller", ("shops:sanctions", ["xinghe"]), steps, r"第 ([0-9a-f]{32}) 次", 50),
    "steps, for risk": ("risk", ("shops:watched_shop", ["xinghe"]), steps, r"第 ([0-9a-f]{32}) 次", 50),
    "people of a shop": ("seller", ("shops:staff", ["xinghe"]), members, r"([0-9a-f]{32})@example.com", 50),
    "owed to a buyer": ("rich_buyer", ("disputes:owed", []), owing, r'data-label="欠[^>]*>(¥[\d.]+)<', 50),
    "payments": ("buyer", ("ledger:wallet", []), payments, r">(Q[0-9a-f]{12})<", 10),
    "money that goes back": ("buyer", ("ledger:wallet", []), payouts, r'"number">(P[0-9a-f]{12})<', 10),
    "measures, for the buyer": ("buyer", ("reputation:level", []), measured, r"第 ([0-9a-f]{32}) 次", 20),
    "looks, for the person": ("buyer", ("privacy:own", []), looks, r"第 ([0-9a-f]{32}) 次", 50),
    "looks, for the desk": ("auditor", ("privacy:desk", []), looks, r"第 ([0-9a-f]{32}) 次", 50),
    "papers of shops": ("buyer", ("reputation:transparency", []), papers, r">([0-9a-f]{32})<", 50),
    "goods of a shop": ("buyer", ("shops:detail", ["xinghe"]), listings, r"卡密 ([0-9a-f]{32})", 12),
}


def way_on(page):
    """The address of the next part, empty at the end."""
    found = re.findall(r'class="button plain" href="(\?[^"#]+=[^"#]+)', page)
    return found[0].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("name", LISTS)
def test_many_rows_are_three_parts_with_each_row_once(client, request, order, shop, at, name):
    who, (route, args), seed, row, most = LISTS[name]
    client.force_login(request.getfixturevalue(who))
    address = reverse(route, args=args)
    many = 2 * most + most // 5 * 2
    people = {name: request.getfixturevalue(name) for name in ("seller", "buyer", "rich_buyer", "risk", "agent")}
    seed(many, at=at, order=order, shop=shop, **people)
    client.get(address)  # a session's first page asks once more
    parts, asked, here = [], [], "?"
    while here:
        with recorded() as now:
            page = client.get(address + here).content.decode()
        asked.append(now)
        parts.append(set(re.findall(row, page)))
        assert len(parts) <= 3, "there is no fourth part"
        here = way_on(page)
    assert [len(each) for each in parts] == [most, most, many - 2 * most]
    assert len(set.union(*parts)) == many
    assert len({len(each) for each in asked}) == 1, asked


def test_the_clocks_that_an_outage_stopped_are_told_in_parts(client, lead, at):
    outage = outages.register(scope="platform", target="", reason="x", began_at=at, ended_at=None, by=lead, at=at)
    pauses(60, at=at)
    client.force_login(lead)
    address = reverse("clocks:outage", args=[outage.pk])
    first = client.get(address).content.decode()
    second = client.get(address + way_on(first)).content.decode()
    told = [set(re.findall(r"<code>(order:1\d{3})</code>", page)) for page in (first, second)]
    assert [len(each) for each in told] == [50, 10]
    assert len(set.union(*told)) == 60
