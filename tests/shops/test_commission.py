"""What the platform takes: agreed by two of finance, read by everybody, and kept by each order as it was placed."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.accounts import balance
from notifications import inbox
from notifications.models import Notification
from notifications.sentences import sentence
from orders import escrow, lifecycle
from orders.models import Order, Unit
from shops import commission
from shops import lifecycle as lifecycle_of_shops
from shops import staff as people
from shops.models import Commission
from tests.api.conftest import problem, signed_in
from tests.fixtures.people import person, staff
from tests.orders.test_order import refused
from timeline import clock, door
from timeline.models import Event
from timeline.spans import SHANGHAI
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def second(at):
    """Another person of finance."""
    return staff("finance", at=at, name="second")


@pytest.fixture
def rate(finance, second, at):
    """`rate(400)` is agreed by both of finance eight days before it rules, which is at `at`."""

    def agreed(bp, *, kind="ACTIVATION_CODE", rules_at=at):
        when = rules_at - 8 * DAY
        words = {"kind": kind, "bp": bp, "reason": "卡密类成本下降", "rules_at": rules_at}
        made = commission.propose(**words, by=finance, at=when)
        commission.agree(made, by=second, at=when)
        return made

    return agreed


def propose(finance, at, **words):
    said = {"kind": "ACTIVATION_CODE", "bp": 400, "reason": "卡密类成本下降", "rules_at": at + 8 * DAY, **words}
    return commission.propose(**said, by=finance, at=at)


def test_where_nobody_agreed_on_another_rate_the_platform_takes_five_percent(at):
    assert commission.in_force("POINT_CARD", at) == 500


def test_a_rate_rules_from_its_day_on_for_its_kind_alone(rate, at):
    rate(400)
    assert commission.in_force("ACTIVATION_CODE", at - timedelta(seconds=1)) == 500
    assert commission.in_force("ACTIVATION_CODE", at) == 400
    assert commission.in_force("POINT_CARD", at) == 500


def test_of_two_for_the_same_day_the_one_rules_that_was_agreed_later(finance, second, at):
    one, other = propose(finance, at, bp=400), propose(finance, at, bp=300)
    commission.agree(other, by=second, at=at)
    commission.agree(one, by=second, at=at + timedelta(hours=1))
    assert commission.in_force("ACTIVATION_CODE", at + 8 * DAY) == 400


def test_a_second_person_agrees_and_never_the_one_who_proposed(finance, second, at):
    made = propose(finance, at)
    assert refused(lambda: commission.agree(made, by=finance, at=at)) == "second_person"
    commission.agree(made, by=second, at=at)
    assert (made.agreed_by, made.agreed_at) == (second, at)
    events = Event.objects.filter(root=made.address).order_by("seq")
    assert [(event.name, event.by) for event in events] == [
        ("commission.proposed", finance),
        ("commission.agreed", second),
    ]
    assert events[1].data["bp"] == 400
    with pytest.raises(IntegrityError), transaction.atomic():
        Commission.objects.filter(pk=made.pk).update(agreed_by=finance)


@pytest.mark.parametrize("who", ["lead", "seller", "buyer"])
def test_nobody_else_sets_it(who, request, finance, at):
    by = request.getfixturevalue(who)
    made = propose(finance, at)
    for verb in (commission.agree, commission.drop):
        assert refused(lambda verb=verb: verb(made, by=by, at=at)) == "not_your_turn"
    assert refused(lambda: propose(by, at)) == "not_your_turn"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"bp": 3_001}, "bad_rate"),
        ({"bp": -1}, "bad_rate"),
        ({"kind": "CAR"}, "no_such_kind"),
        ({"reason": "  "}, "no_reason"),
    ],
)
def test_what_cannot_be_is_not_proposed(words, code, finance, at):
    assert refused(lambda: propose(finance, at, **words)) == code


def test_everybody_has_seven_days_to_read_it(finance, second, at):
    assert refused(lambda: propose(finance, at, rules_at=at + 7 * DAY - timedelta(seconds=1))) == "too_soon"
    made = propose(finance, at, rules_at=at + 7 * DAY)
    assert refused(lambda: commission.agree(made, by=second, at=at + timedelta(seconds=1))) == "too_soon"
    commission.agree(made, by=second, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Commission.objects.filter(pk=made.pk).update(rules_at=at + 6 * DAY)


def test_what_was_taken_back_or_agreed_is_decided(finance, second, at):
    dropped, agreed = propose(finance, at), propose(finance, at)
    commission.drop(dropped, by=second, at=at)
    commission.agree(agreed, by=second, at=at)
    for made in (dropped, agreed):
        assert commission.actions_for(made, second, at) == []
        for verb in (commission.agree, commission.drop):
            assert refused(lambda verb=verb, made=made: verb(made, by=second, at=at)) == "wrong_moment"
    assert commission.in_force("ACTIVATION_CODE", at + 9 * DAY) == 400


def test_a_proposal_on_which_nobody_agrees_lapses_by_itself(finance, second, at):
    made = propose(finance, at, rules_at=at + 40 * DAY)
    assert made.agree_by == at + 14 * DAY
    assert commission.actions_for(made, second, made.agree_by) == ["agree", "drop"]
    late = made.agree_by + timedelta(seconds=1)
    assert commission.actions_for(made, second, late) == []
    for verb in (commission.agree, commission.drop):
        assert refused(lambda verb=verb: verb(made, by=second, at=late)) == "too_late"
    assert commission.in_force("ACTIVATION_CODE", at + 50 * DAY) == 500
    soon = propose(finance, at, rules_at=at + 9 * DAY)
    assert soon.agree_by == at + 2 * DAY, "everybody has seven days to read it"


def test_a_process_that_looked_before_learns_of_a_rate_before_it_can_rule(finance, second, at):
    commission.remember((), read_at=at)
    made = Commission.objects.create(
        kind="ACTIVATION_CODE",
        bp=400,
        reason="x",
        rules_at=at + 7 * DAY,
        proposed_by=finance,
        proposed_at=at,
        agreed_by=second,
        agreed_at=at,
    )
    assert commission.in_force("ACTIVATION_CODE", at + 5 * DAY) == 500
    assert commission.in_force("ACTIVATION_CODE", made.rules_at) == 400


# What an order is placed under


def test_an_order_keeps_the_rate_it_was_placed_under(rate, listing, rich_buyer, at):
    rate(1_000)
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=2, acknowledged=True, at=at)
    rate(0, rules_at=at + DAY)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    lifecycle.confirm(order, by=rich_buyer, at=at + 2 * DAY)
    assert Order.objects.get(pk=order.pk).commission_bp == 1_000
    assert (balance("platform:fees"), balance(order.shop.account("pending"))) == (1_960, 17_640)
    later = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at + 2 * DAY)
    assert later.commission_bp == 0


def test_a_rate_of_nothing_takes_nothing(rate, listing, rich_buyer, at):
    rate(0)
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    assert (balance("platform:fees"), balance(order.shop.account("pending"))) == (0, 9_800)


def test_an_order_of_before_has_the_rate_that_everybody_had(placed_order):
    assert placed_order.commission_bp == 500


@pytest.mark.parametrize(("bp", "refund", "left"), [(500, 4_750, 237), (500, 9_500, 0), (1_000, 4_750, 475)])
def test_what_goes_back_gives_the_commission_back_by_the_rate_of_the_order(
    bp, refund, left, rate, listing, rich_buyer, at
):
    """Cases P11 and P12 of the rules: of 9,500 fen with 475 taken, 4,750 paid back give 238 back."""
    rate(bp)
    type(listing).objects.filter(pk=listing.pk).update(price=9_500)
    listing.refresh_from_db()
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    give_back(order, refund * 100 // 9_500, 1, at)
    assert Unit.objects.get(order=order).commission == left
    assert balance("platform:fees") == left


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(bp=st.integers(0, 3_000), price=st.integers(3, 2_000), parts=st.lists(st.integers(0, 100), max_size=3))
def test_release_refund_and_fee_of_a_unit_add_up_at_every_moment(bp, price, parts, listing, rich_buyer, at):
    """Whatever the rate, the price, and how much goes back in how many steps before and after the release."""
    type(listing).objects.filter(pk=listing.pk).update(price=price)
    listing.refresh_from_db()
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    Order.objects.filter(pk=order.pk).update(commission_bp=bp)
    order = Order.objects.get(pk=order.pk)
    fees = balance("platform:fees")
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    for step, share in enumerate(parts):
        order = Order.objects.get(pk=order.pk)
        if step == 1 and order.deadline_at:
            fire_overdue(order.root_address, at=order.deadline_at)
        give_back(order, share, step, at)
        unit = Unit.objects.get(order=order)
        assert unit.paid == unit.held + unit.released + unit.refunded + unit.fee
        assert unit.commission == balance("platform:fees") - fees <= unit.released * bp // 10_000


@door.verb
def give_back(order, share, step, at):
    """So many percent of what can still go back goes back."""
    order = Order.objects.get(pk=order.pk)
    door.lock(order)
    units = escrow.units_of(order)
    if back := units[0].left * share // 100:
        cause = f"{order.address}:back:{step}"
        lifecycle.end_case(order, cause=cause, at=at, units=units, grants={units[0].pk: back})


# Pages and API


def test_everybody_reads_what_rules_and_what_is_announced(client, rate, at):
    rate(400)
    rate(300, rules_at=at + 400 * DAY)
    page = client.get(reverse("shops:commission"))
    kinds = {row["kind"]: row for row in page.context["kinds"]}
    assert len(kinds) == 6
    shown = page.content.decode()
    assert "卡密类成本下降" in shown
    assert reverse("shops:commission") in client.get(reverse("shops:index")).content.decode()
    answer = client.get(reverse("api:commission")).json()["results"]
    found = {row["kind"]: row for row in answer}
    assert found["POINT_CARD"] == {"kind": "POINT_CARD", "bp": 500, "announced": []}
    assert (found["ACTIVATION_CODE"]["bp"], found["ACTIVATION_CODE"]["announced"][0]["bp"]) == (400, 300)


def test_everybody_reads_at_once_what_was_agreed_in_another_process(client, rate, at):
    """The notice counts from the agreement, so no page may be as old as what a process remembers."""
    rate(400, rules_at=at + 400 * DAY)
    commission.remember((), read_at=at)
    page = client.get(reverse("shops:commission"))
    assert [each["rate"] for row in page.context["kinds"] for each in row["next"]] == ["4%"]
    assert "卡密类成本下降" in page.content.decode()
    commission.remember((), read_at=at)
    answer = client.get(reverse("api:commission")).json()["results"]
    assert [each["bp"] for row in answer for each in row["announced"]] == [400]


def test_finance_sees_until_when_a_proposal_waits_and_that_it_lapsed(client, finance, second):
    now = clock.now()
    waits = propose(finance, now, rules_at=now + 40 * DAY)
    lapsed = propose(finance, now - 15 * DAY, rules_at=now + 40 * DAY)
    client.force_login(second)
    page = client.get(reverse("shops:commission_proposals"))
    rows = {row["rate"].pk: row for row in page.context["rows"]}
    assert [name for name, _word in rows[waits.pk]["verbs"]] == ["agree", "drop"]
    assert rows[waits.pk]["until"] == waits.agree_by
    assert (rows[lapsed.pk]["verbs"], rows[lapsed.pk]["until"]) == ([], None)
    assert rows[lapsed.pk]["badge"]["icon"] == "clock-alert"
    told = {row["id"]: row for row in signed_in(second).get(reverse("api:commission_proposals")).json()["results"]}
    assert datetime.fromisoformat(told[waits.pk]["agree_by"]) == waits.agree_by
    assert told[lapsed.pk]["actions"] == []


def test_who_sells_such_goods_is_told_of_a_new_rate_and_nobody_else(draft, finance, second, seller, stranger, at):
    """E-Commerce Law 34: in sight, seven days before it rules; whoever is concerned need not find it by chance."""
    lifecycle_of_shops.open_shop(owner=stranger, name="什么也不卖", slug="nothing", required=1, at=at)
    bookkeeper = person("bookkeeper")
    for somebody, duty in ((bookkeeper, "finance"), (stranger, "support")):
        member = people.invite(draft.shop, email=somebody.email, duty=duty, by=seller, at=at)
        people.accept(member, by=somebody, at=at)
    made = propose(finance, at, kind=draft.kind)
    inbox.catch_up(at=at)
    waiting = Notification.objects.get(code="commission.proposed")
    assert (waiting.user, waiting.url) == (second, reverse("shops:commission_proposals"))
    commission.agree(made, by=second, at=at)
    inbox.catch_up(at=at)
    told = Notification.objects.filter(code="commission.agreed").order_by("pk")
    assert {notice.user for notice in told} == {seller, bookkeeper}
    assert told[0].url == reverse("shops:commission")
    assert f"{made.rules_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" in sentence(told[0].code, told[0].words)


def test_two_of_finance_agree_on_a_rate_on_their_page(client, finance, second, seller):
    desk = reverse("shops:commission_proposals")
    client.force_login(finance)
    said = {"kind": "POINT_CARD", "bp": "4.5 %", "rules_at": "2099-01-01T00:00", "reason": "点卡成本下降"}
    assert client.post(desk, said).status_code == 302
    made = Commission.objects.get()
    assert (made.bp, made.proposed_by) == (450, finance)
    decide = reverse("shops:decide_commission", args=[made.pk, "agree"])
    assert decide not in client.get(desk).content.decode(), "a page offers nothing that would be refused"
    client.force_login(second)
    assert decide in client.get(desk).content.decode()
    assert client.post(decide).status_code == 302
    made.refresh_from_db()
    assert made.agreed_by == second
    client.force_login(seller)
    assert client.get(desk).status_code == client.post(decide).status_code == 404


@pytest.mark.parametrize("share", ["", "x", "31", "4.555", "-1", "30.01"])
def test_a_share_that_cannot_be_is_told_at_its_field(share, client, finance):
    client.force_login(finance)
    said = {"kind": "POINT_CARD", "bp": share, "rules_at": "2099-01-01T00:00", "reason": "点卡成本下降"}
    page = client.post(reverse("shops:commission_proposals"), said)
    assert page.status_code == 422
    assert "bp" in page.context["form"].errors
    assert not Commission.objects.exists()


def test_machines_propose_agree_and_take_back_by_the_same_verbs(finance, second):
    one, other, address = signed_in(finance), signed_in(second), reverse("api:commission_proposals")
    said = {"kind": "POINT_CARD", "bp": 450, "rules_at": "2099-01-01T00:00:00+08:00", "reason": "点卡成本下降"}
    made, again = one.send(address, said).json(), one.send(address, said).json()
    assert (made["bp"], made["actions"]) == (450, ["drop"])
    agree = reverse("api:agree_commission", args=[made["id"]])
    problem(one.send(agree), 409, "second_person")
    assert other.send(agree).json()["agreed_at"]
    assert other.send(reverse("api:drop_commission", args=[again["id"]])).json()["dropped_at"]
    assert [row["id"] for row in other.get(address).json()["results"]] == [again["id"], made["id"]]


def test_the_shop_reads_what_will_be_taken_on_its_order_and_its_listing(client, rate, listing, seller, rich_buyer, at):
    rate(425)
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    client.force_login(seller)
    assert "4.25%" in client.get(order.get_absolute_url()).content.decode()
    assert client.get(reverse("api:order", args=[order.number])).json()["commission_bp"] == 425
    assert "%" in client.get(reverse("shops:edit", args=["xinghe", listing.pk])).context["commission"]
