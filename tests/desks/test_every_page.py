"""Every page of the mall with fifty and with five thousand of everything behind it asks as often, and stays light."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.template.backends.django import Template

from accounts.models import LevelChange, Suspension, Unmasking, User
from complaints.models import Complaint, Word
from disputes.models import Dispute, Owed, Precedent, Statement
from ledger.models import BooksCheck
from ledger.reconciled import Difference, Settlement
from ledger.transfers import Move, Reason, post
from notifications.models import Call, Delivery, DeliveryAttempt
from orders import conversation
from orders.models import Coupon, CouponUse, Exchange, Handover, Order, Ticket
from privacy.models import Erasure, Export, Hold
from refunds.models import Answer, Contest
from reputation.models import Alarm, AlarmUnit
from shops.models import Day, Look
from tests import weight
from tests.crowd import BEGIN, Copies
from tests.permissions import PEOPLE, read
from tests.permissions.test_matrix import ROUTES
from tests.permissions.world import World, world
from tests.queries import recorded
from timeline.models import Pause

__all__ = ["world"]

RENDER = Template.render

#: What there will be many of, what is owned before what owns it.
CROWD = [
    Copies("accounts.User", other={"email": "'u' || g || '@example.com'", "risk": "20 + g %% 80"}),
    Copies("accounts.StaffRole", {"role": "arbiter"}, along=("user",), most=50),
    Copies("accounts.LevelChange"),
    Copies("accounts.Unmasking"),
    Copies("accounts.Suspension", along=("user",)),
    Copies("usersessions.UserSession", other={"session_key": "'s' || g"}),
    Copies("ledger.Payment", other={"provider_txn": "'t' || g", "state": "'confirmed'", "paid_at": "t.entered_at"}),
    Copies("ledger.Payout", other={"state": "'manual'", "proposal": "''", "proposed_by": "null"}),
    Copies("ledger.Difference", other={"number": "'n' || g"}),
    Copies("ledger.BooksCheck"),
    Copies("ledger.Settlement", other={"day": "t.day - g::int"}),
    Copies("ledger.Contribution", other={"document": "'d' || g"}),
    Copies("ledger.WriteOff", along=("user",)),
    Copies("shops.Shop", {"slug": "xinghe"}, along=("owner",)),
    Copies("shops.Deposit", {"shop__slug": "xinghe"}, along=("shop",)),
    Copies("shops.Supplier", other={"name": "'上游' || g"}),
    Copies("shops.Listing", {"state": "on_sale", "delivered_by": "stock"}),
    Copies(
        "shops.Listing",
        {"state": "on_sale", "delivered_by": "stock"},
        other={"state": "'waiting'", "deadline_at": "t.entered_at + interval '1 day'"},
        begin=2 * BEGIN,
    ),
    Copies("shops.Batch", {"listing__delivered_by": "stock"}),
    Copies("shops.Card", other={"blind_index": "sha256(g::text::bytea)", "row": "gen_random_uuid()"}),
    Copies("shops.Intake", other={"digest": "sha256(g::text::bytea)", "row": "gen_random_uuid()"}),
    Copies("shops.Clash", along=("batch",)),
    Copies("shops.Member", {"state": "working"}, along=("user",), other={"email": "'u' || g || '@example.com'"}),
    Copies("shops.Application", other={"slug": "'s' || g"}, along=("applicant",)),
    Copies("shops.Licence", {"state": "given"}, other={"row": "gen_random_uuid()"}),
    Copies("shops.Sanction"),
    Copies("shops.Look"),
    Copies("shops.Commission"),
    Copies("shops.Connection", along=("shop",)),
    Copies("shops.Day", other={"day": "t.day - g::int"}),
    Copies("orders.Order", {"state": "delivered"}),
    Copies("orders.Order", {"state": "paid"}, begin=2 * BEGIN),
    Copies("orders.Snapshot", {"order__state": "delivered"}, along=("order",)),
    Copies("orders.Unit", {"order__state": "delivered"}, along=("order",)),
    Copies("orders.Snapshot", {"order__state": "paid"}, along=("order",), begin=2 * BEGIN),
    Copies("orders.Unit", {"order__state": "paid"}, along=("order",), begin=2 * BEGIN),
    Copies("orders.Message", other={"seq": "t.seq + g"}),
    Copies("orders.Attachment", most=40),  # nobody may add more than twenty
    Copies("orders.Handover"),
    Copies("orders.Ticket", along=("unit",)),
    Copies("orders.Exchange"),
    Copies("orders.Coupon", {"shop__isnull": False}),
    Copies("orders.Coupon", {"shop__isnull": True}, begin=2 * BEGIN),
    Copies("orders.CouponUse", along=("order",)),
    Copies(
        "refunds.Refund",
        along=("order",),
        other={"state": "'requested'", "turn": "'shop'", "deadline_at": "t.opened_at + interval '2 days'"},
    ),
    Copies("refunds.RefundItem", along=("refund", "unit")),
    Copies("refunds.CreditNote", {"payout": None}, along=("refund",)),
    Copies("refunds.Report"),
    Copies("refunds.Answer", other={"title": "'a' || g"}),
    Copies("refunds.Contest", along=("refund",)),
    Copies("disputes.Dispute", along=("refund",), other={"state": "'evidence'"}),
    Copies("disputes.Neutral", along=("user",)),
    Copies("disputes.Ruling", {"is_final": True}, along=("dispute",)),
    Copies("disputes.Precedent", along=("ruling",)),
    Copies("disputes.SecondLook", along=("ruling",)),
    Copies("disputes.Statement", most=50),
    Copies("disputes.Evidence", {"attachment": None}, most=50),
    Copies("disputes.Bundle"),
    Copies("disputes.Owed", other={"cause": "'c' || g"}),
    Copies("complaints.Complaint", other={"outside_number": "'o' || g"}),
    Copies("complaints.Word"),
    Copies("support.Talk", along=("asked_by",)),
    Copies("support.Shift"),
    Copies("reputation.Alarm", along=("batch",)),
    Copies("reputation.AlarmUnit", along=("unit",)),
    Copies("reputation.Rating", along=("order",)),
    Copies("reputation.Signal", along=("batch",), other={"shop": "null"}),
    Copies("reputation.Measure"),
    Copies("timeline.Event", {"root__startswith": "order:"}, other={"seq": "t.seq + 100 + g"}),
    Copies("timeline.Timer", {"state": "running"}, other={"subject": "'order:' || g"}),
    Copies(
        "timeline.Timer",
        {"state": "running"},
        other={"subject": "'order:' || g", "state": "'stuck'"},
        begin=2 * BEGIN,
    ),
    Copies("timeline.Outage"),
    Copies("timeline.Pause", other={"subject": "'order:' || g"}),
    Copies("notifications.Notification", along=("event",)),
    Copies("notifications.Delivery", along=("notification",)),
    Copies("notifications.DeliveryAttempt", along=("delivery",)),
    Copies("notifications.Endpoint", most=50),
    Copies("notifications.Call", other={"sequence": "t.sequence + g", "event": "null"}),
    Copies("rulebook.RulebookVersion", {"state": "draft"}, most=50),
    Copies("privacy.Erasure", along=("user",)),
    Copies("privacy.Export"),
    Copies("privacy.Hold"),
]


def first_of_each(world: World, at: datetime) -> None:
    """What the world of the permissions does not have."""
    order = Order.objects.get(number=world.things["order"])
    buyer, owner, today = order.buyer, order.shop.owner, at.date()
    dispute, ruled = (Dispute.objects.get(number=world.things[name]) for name in ("dispute", "ruled"))
    conversation.say(order, "请稍等。", by=owner, at=at)
    unit = order.units.order_by("place").first()
    ticket = Ticket.objects.latest("pk")
    mall_s = Coupon(
        code="MALL",
        value=100,
        minimum=1_000,
        most=5,
        per_person=1,
        starts_at=at,
        ends_at=at + timedelta(days=1),
        made_by=owner,
        state="draft",
        entered_at=at,
    )
    settlement = Settlement(
        channel="sandbox", day=today, fetched_at=at, sha256="0" * 64, lines=0, came_in=0, went_out=0
    )
    rows: list[Any] = [
        mall_s,
        settlement,
        Day(shop=order.shop, day=today, orders=1, units=1, turnover=1, due=1, on_time=1, claims=1, paid_back=1),
        Handover(order=order, by=owner, way="shop", at=at),
        Exchange(ticket=ticket, at=at, what="submit", asked="{}", answer="{}"),
        Answer(shop=order.shop, title="没到账", text="请稍等。", by=owner, at=at),
        Precedent(
            ruling=ruled.rulings.get(),
            reason="CODE_INVALID",
            kind="ACTIVATION_CODE",
            deliveries=["revealed"],
            grade="unknown",
            units=1,
            paid=9_800,
            asked=9_800,
            award=4_900,
            returned_bp=5_000,
            shares={"seller": 50, "buyer": 50},
            rule_ids=["MX-42"],
            rulebook_version=order.rulebook_version,
            at=at,
        ),
        Statement(dispute=dispute, side="buyer", author=buyer, text="展示后立即显示已被使用。", at=at),
        Word(
            complaint=Complaint.objects.get(number=world.things["complaint"]),
            number="W1",
            kind="word",
            text="已收到。",
            sha256="0" * 64,
            by=owner,
            at=at,
        ),
        Call(
            endpoint_id=world.things["endpoint"],
            root="order:1",
            sequence=1,
            type="order.delivered",
            body="{}",
            made_at=at,
            sent_at=at,
        ),
        AlarmUnit(alarm=Alarm.objects.get(number=world.things["alarm"]), unit=unit),
        Unmasking(whom=buyer, by=owner, what="mail", subject=order.address, reason="核对", at=at),
        LevelChange(user=buyer, before="M0", after="M1", reason="", at=at),
        BooksCheck(scope="recent", at=at, seconds=0.1, rules=1, broken=[], transfer_mark=1, event_mark=1),
        Contest(
            refund=dispute.refund,
            ground="record_wrong",
            text="记录有误。",
            by=owner,
            filed_at=at,
            lost=1,
            state="filed",
            entered_at=at,
            deadline_at=at + timedelta(days=1),
        ),
        Erasure(
            user=User.objects.exclude(pk=buyer.pk).latest("pk"),
            number="E1",
            asked_at=at,
            state="waiting",
            entered_at=at,
            deadline_at=at + timedelta(days=1),
        ),
        Export(user=buyer, number="X1", asked_at=at),
        Hold(order=order, number="H1", reason="法院", set_by=owner, set_at=at, state="in_force", entered_at=at),
        DeliveryAttempt(delivery=Delivery.objects.latest("pk"), at=at, outcome="accepted"),
        Suspension(user=buyer, reason="核对", since=at - timedelta(days=2), until=at - timedelta(days=1), by=owner),
        Look(shop=order.shop, by=owner, reason="核对", at=at),
        Owed(
            cause="c",
            payer="shop",
            order=order,
            shop=order.shop,
            buyer=buyer,
            amount=100,
            paid=0,
            units={},
            since=at,
        ),
        Pause(subject=order.address, limit="INSPECT", cause="wait", began_at=at),
    ]
    for row in rows:
        row.save()
    CouponUse(coupon=mall_s, order=order, user=buyer, bearer="platform", amount=100, at=at).save()
    Difference(
        settlement=settlement,
        channel="sandbox",
        kind="amount",
        what="charge",
        number="n",
        theirs=1,
        ours=2,
        found_at=at,
        state="open",
        entered_at=at,
        deadline_at=at + timedelta(days=1),
    ).save()


@dataclass(frozen=True)
class Weighed:
    """What a page came to: queries, bytes on their way, and rows of its longest kind of list."""

    queries: int
    bytes: int
    rows: int


def pages() -> list[tuple[str, str]]:
    """Every page that somebody may see, with the first who may."""
    found = []
    for (method, name), line in read().items():
        who = next((who for who, answer in zip(PEOPLE, line.answers, strict=True) if answer == "in"), None)
        if method == "GET" and who and name in ROUTES and not name.startswith("api:"):
            found.append((name, who))
    return found


def look(world: World, name: str, who: str) -> Weighed | None:
    """What a page comes to; nothing if it is no page."""
    cache.clear()
    with recorded() as queries:
        got = world.browsers[who].get(world.path_of(name, ROUTES[name]))
    assert got.status_code == 200, f"{name} as {who}: {got.status_code} {getattr(got, 'exc_info', '')}"
    if got.streaming or not got.get("Content-Type", "").startswith("text/html"):
        return None
    html = got.content.decode()
    rows = max(len(re.findall(f"<{tag}[ >]", html)) for tag in ("tr", "li", "article"))
    return Weighed(len(queries), weight.transferred(got), rows)


#: So many queries a page may ask, and so many rows of a list it may show beside its menus, whatever is behind it.
MOST_QUERIES, MOST_ROWS = 30, 60
#: Whether the house is in order is many questions, and as many for any number of answers.
ALL_QUESTIONS = {"desks:house": 70}


def multiply(world: World, since: int, until: int, at: datetime) -> None:
    """Until there are so many of everything, and so many lines on the account of the buyer and on that of the shop."""
    order = Order.objects.get(number=world.things["order"])
    for copies in CROWD:
        copies.make(since, until)
    for target in (f"{order.buyer.address}:wallet", order.shop.account("available")):
        moves = [
            Move(f"{target}-{number}", "channel:sandbox", target, 1, Reason.TOP_UP, order.address)
            for number in range(since, until)
        ]
        if moves:
            post(moves, journal=f"{target}-{since}", at=at)
    with connection.cursor() as cursor:
        # Nothing of it is committed, so the planner takes the tables for empty, and would go through all rows for each.
        cursor.execute("set local enable_nestloop = off")


@pytest.mark.breaks_books
def test_a_page_asks_as_often_and_stays_light_with_fifty_and_with_five_thousand_behind_it(world, at, monkeypatch):
    monkeypatch.setattr("django.template.backends.django.Template.render", RENDER)
    first_of_each(world, at)
    one = {page: found for page in pages() if (found := look(world, *page))}
    multiply(world, 1, 50, at)
    some = {page: found for page in one if (found := look(world, *page))}
    multiply(world, 50, 5_000, at)
    assert len(some) > 110, "hardly a page was looked at"
    wrong = []
    for page, before in some.items():
        most = ALL_QUESTIONS.get(page[0], MOST_QUERIES)
        # What a session asks once in a while (when somebody of the staff was seen last) is not the page's.
        now = next((found for _look in range(2) if is_light(found := look(world, *page), before, most)), None)
        if now is None:
            wrong.append(f"{page[0]}: {one[page]} with one, {before} with fifty, {look(world, *page)} with 5,000")
    assert not wrong, "\n".join(wrong)


def is_light(now: Weighed | None, before: Weighed, most: int) -> bool:
    """Whether a page came to no more than before: a list that had fifty rows shows no more of them."""
    return (
        now is not None
        and now.queries <= min(before.queries, most)
        and now.bytes <= weight.MOST
        and now.rows <= max(before.rows + 5, MOST_ROWS)
    )
