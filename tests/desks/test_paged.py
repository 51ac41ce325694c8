"""Lists of staff and shops that are told in parts: 120 rows are three parts, each row once, at the same cost."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import User
from ledger import debts
from ledger.models import Payout
from ledger.reconciled import Difference, Settlement
from ledger.transfers import post
from orders.models import Coupon
from support.models import Talk
from tests.queries import recorded

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


#: Each list: who reads it, its route, what puts so many rows behind it, and how one of its rows is told from another.
LISTS: dict[str, tuple[str, tuple[str, list[str]], Any, str]] = {
    "talks": ("agent", ("support:queue", []), talks, r'href="/staff/talks/(T\w+)/"'),
    "coupons": ("seller", ("orders:coupons", ["xinghe"]), coupons, r"<code[^>]*>(\w{12})</code>"),
    "payouts": ("finance", ("ledger:queue", []), payouts, r"\b(P[0-9a-f]{12}) "),
    "differences": ("finance", ("ledger:differences", []), differences, r"\b([0-9a-f]{32})\b"),
    "debtors": ("finance", ("ledger:debts", []), debtors, r">(user:\d+:debt)<"),
    "risk": ("risk", ("reputation:risk", []), scores, r'href="(/risk/[^"]*\d+/)"'),
}


def way_on(page):
    """The address of the next part, empty at the end."""
    found = re.findall(r'class="button plain" href="(\?[^"#]+=[^"#]+)', page)
    return found[0].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("name", LISTS)
def test_120_rows_are_three_parts_with_each_row_once(client, request, order, shop, seller, buyer, at, name):
    who, (route, args), seed, row = LISTS[name]
    client.force_login(request.getfixturevalue(who))
    address = reverse(route, args=args)
    seed(120, at=at, order=order, shop=shop, seller=seller, buyer=buyer)
    client.get(address)  # a session's first page asks once more
    parts, asked, here = [], [], "?"
    while here:
        with recorded() as now:
            page = client.get(address + here).content.decode()
        asked.append(now)
        parts.append(set(re.findall(row, page)))
        assert len(parts) <= 3, "there is no fourth part"
        here = way_on(page)
    assert [len(each) for each in parts] == [50, 50, 20]
    assert len(set.union(*parts)) == 120
    assert len({len(each) for each in asked}) == 1, asked
