"""What a channel paid back on its own account is found in its file, and finance books it (machines: R49, R50, D34)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from ledger import outside, payments, payouts, reconciliation
from ledger.accounts import balance
from ledger.models import Difference, Payout, Settlement
from ledger.states import DifferenceState
from ledger.transfers import Reason, transfer
from orders import delivery, escrow, purchase
from orders import lifecycle as orders
from orders.models import Order
from refunds import bargaining, lifecycle, replacing
from refunds import outside as told_before
from refunds.bargaining import Terms
from refunds.models import Refund
from tests.api.conftest import signed_in
from tests.fixtures.cases import VISIT, claim
from tests.races import lost, race
from timeline import clock
from timeline.door import locked, verb
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import SHANGHAI
from timeline.sweep import fire_overdue

WHY = "渠道客服已直接退款，流水号见文件。"


@pytest.fixture
def charged_order(channel_secret, listing, rich_buyer, at):
    """Two codes for ¥98.00 each, paid by the channel under its number t1, delivered, the first one looked at."""
    return paid_by_channel(listing, rich_buyer, at)


def paid_by_channel(listing, buyer, at, txn="t1"):
    order = orders.place(buyer=buyer, listing=listing, quantity=2, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", by=buyer, at=at)
    payments.confirm(payment, provider_txn=txn, amount=19_600, at=at)
    delivery.reveal(order.units.get(place=1), by=buyer, at=at, visit=VISIT)
    return Order.objects.get(pk=order.pk)


@pytest.fixture
def case(charged_order, rich_buyer, at):
    """¥98.00 are asked for the first code; the shop has to answer."""
    return claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at)


@pytest.fixture
def ticket(at):
    """Finds so many fen in the channel's file: `ticket(9_800, number="X1")`."""

    def find(amount, *, number="X1", txn="t1"):
        sheet, _new = Settlement.objects.get_or_create(
            channel="sandbox",
            day=at.date(),
            defaults={"fetched_at": at, "sha256": "0" * 64, "lines": 1, "came_in": 0, "went_out": amount},
        )
        line = reconciliation.Found(Difference.Kind.OUTSIDE, "refund", number, txn, theirs=amount)
        reconciliation._open(sheet, line, at=at)
        return Difference.objects.get(number=number)

    return find


def book(difference, by, at):
    outside.settle(Difference.objects.get(pk=difference.pk), is_booked=True, reason=WHY, by=by, at=at)


def refused(call, *args):
    with pytest.raises(Refused) as refusal:
        call(*args)
    return refusal.value.code


def names(thing):
    return list(Event.objects.filter(subject=thing.address).order_by("seq").values_list("name", flat=True))


def sent(at):
    """What would go to the channel now, in fen."""
    return sum(payout.amount for payout in Payout.objects.due(at))


def test_all_of_it_ends_the_case_and_nothing_is_sent_again(case, ticket, finance, rich_buyer, at):
    before = balance(f"user:{rich_buyer.pk}:wallet")
    found = ticket(9_800)
    book(found, finance, at)
    case.refresh_from_db()
    found.refresh_from_db()
    assert (case.state, case.outcome, case.approved) == ("refunded", "external", 9_800)
    assert (found.state, found.settled_by) == (DifferenceState.BOOKED, finance)
    assert case.credit_note.amount == 9_800
    assert (sent(at), balance("channel:sandbox:out")) == (0, 0)
    assert balance(f"user:{rich_buyer.pk}:wallet") == before
    assert names(case)[-1] == "refund.refunded"
    assert refused(book, found, finance, at) == "wrong_moment"


def test_the_whole_charge_ends_the_case_and_gives_back_the_other_unit_too(case, charged_order, ticket, finance, at):
    book(ticket(19_600), finance, at)
    case.refresh_from_db()
    charged_order.refresh_from_db()
    assert (case.state, case.approved, charged_order.state) == ("refunded", 9_800, "refunded")
    assert [unit.refunded for unit in charged_order.units.order_by("place")] == [9_800, 9_800]
    assert balance(charged_order.escrow) == 0


def test_a_part_lowers_what_is_asked_and_what_lies_on_the_table(case, ticket, finance, seller, rich_buyer, at):
    made = bargaining.offer(case, Terms("partial", amount=8_000), by=seller, at=at)
    book(ticket(3_000), finance, at)
    case.refresh_from_db()
    made.refresh_from_db()
    assert (case.state, case.asked, made.amount) == ("bargaining", 6_800, 5_000)
    assert names(case)[-1] == "refund.paid_in_part_outside"
    bargaining.take(case, made.number, by=rich_buyer, at=at)
    assert (case.approved, sent(at)) == (5_000, 5_000)
    assert case.items.get().unit.refunded == 8_000


def test_a_replacement_that_does_not_come_pays_only_what_the_channel_has_not(
    charged_order, ticket, finance, rich_buyer, seller, at
):
    """¥50.00 are asked for each of two codes; the channel gives ¥50.00, and the shop does not deliver anew."""
    delivery.reveal(charged_order.units.get(place=2), by=rich_buyer, at=at, visit=VISIT)
    wish = {"amount": 10_000, "prefers": Refund.Preference.REISSUE}
    case = claim(list(charged_order.units.order_by("place")), "CODE_INVALID", by=rich_buyer, at=at, **wish)
    replacing.promise(case, by=seller, at=at)
    book(ticket(5_000), finance, at)
    case.refresh_from_db()
    assert (case.state, [item.asked for item in case.items.order_by("unit__place")]) == ("replacing", [0, 5_000])
    assert case.deadline_at is not None
    lifecycle.lapse(case, limit="REPLACE", at=case.deadline_at)
    assert (case.outcome, case.approved) == ("unreplaced", 5_000), "nothing for the code that is paid back as asked"


def test_an_offer_that_the_channel_has_paid_already_is_off_the_table(case, ticket, finance, seller, at):
    bargaining.offer(case, Terms("partial", amount=3_000), by=seller, at=at)
    book(ticket(3_000), finance, at)
    case.refresh_from_db()
    assert (case.state, case.asked, bargaining.open_offer(case)) == ("declined", 6_800, None)


def test_of_what_was_decided_only_the_rest_is_sent(case, ticket, finance, seller, at):
    lifecycle.accept(case, by=seller, at=at)
    assert sent(at) == 9_800
    book(ticket(5_000), finance, at)
    case.refresh_from_db()
    assert (case.state, case.approved, case.payout.amount, sent(at)) == ("approved", 9_800, 4_800, 4_800)
    assert sorted((each.state, each.amount) for each in Payout.objects.all()) == [
        ("paid", 5_000),
        ("planned", 4_800),
        ("void", 9_800),
    ]
    assert case.items.get().unit.refunded == 9_800
    book(ticket(4_800, number="X2"), finance, at)
    case.refresh_from_db()
    assert (case.state, case.outcome, sent(at)) == ("refunded", "seller", 0)
    assert case.credit_note.amount == 9_800


def test_what_somebody_else_told_before_is_booked_once(case, charged_order, ticket, finance, at):
    """A desk outside told of it by the same number; the file of the night tells it again."""
    told = {"reference": "X1", "amount": 9_800, "cause": "x:1", "at": at}
    assert [told_before.paid_by_channel(charged_order, **told) for _time in range(2)] == [9_800, 9_800]
    found = ticket(9_800)
    book(found, finance, at)
    found.refresh_from_db()
    assert (found.state, Payout.objects.get().amount) == (DifferenceState.BOOKED, 9_800)


def test_more_than_is_left_is_booked_by_nobody(case, ticket, finance, at):
    found = ticket(19_601)
    assert refused(book, found, finance, at) == "more_than_is_left"
    case.refresh_from_db()
    found.refresh_from_db()
    assert (case.state, found.state, Payout.objects.count()) == ("requested", DifferenceState.OPEN, 0)


def test_nobody_else_books_and_nothing_that_nobody_was_credited(case, ticket, finance, auditor, lead, at):
    found = ticket(9_800)
    for person in (auditor, lead):
        assert refused(book, found, person, at) == "not_your_turn"
    assert refused(book, ticket(500, number="X9", txn="nobody"), finance, at) == "not_of_an_order"


@pytest.mark.django_db(transaction=True)
def test_while_nobody_knows_whether_ours_arrived_nothing_is_booked(case, ticket, finance, seller, at):
    lifecycle.accept(case, by=seller, at=at)
    assert payouts.run(at=at) == 0, "the channel does not answer"
    assert Payout.objects.get().state == "retrying"
    assert refused(book, ticket(9_800), finance, at) == "channel_silent"
    assert Payout.objects.get().state == "retrying"


def test_a_ruling_over_the_whole_is_carried_out_before_a_part_is_booked(
    case, ticket, finance, seller, rich_buyer, arbiter, at
):
    lifecycle.decline(case, code="other", rule="MX-42", text="可用", by=seller, at=at)
    lifecycle.escalate(case, by=rich_buyer, at=at)
    dispute = case.dispute
    book(ticket(1_000), finance, at)
    case.refresh_from_db()
    assert (case.state, case.asked) == ("disputed", 8_800)
    type(dispute).objects.update(state="signing")
    try:
        assert refused(book, ticket(2_000, number="X2"), finance, at) == "ruling_under_way"
    finally:
        type(dispute).objects.update(state=dispute.state)
    book(ticket(8_800, number="X3"), finance, at)
    dispute.refresh_from_db()
    assert (dispute.state, dispute.outcome) == ("closed", "external")


def test_on_the_page_and_over_the_api(client, case, charged_order, ticket, finance, at):
    found = ticket(3_000)
    client.force_login(finance)
    page = client.get(reverse("ledger:differences")).content.decode()
    assert charged_order.get_absolute_url() in page
    address = reverse("ledger:settle_difference", args=[found.pk])
    assert client.post(address, {"reason": WHY, "as": "booked"}).status_code == 302
    case.refresh_from_db()
    assert case.asked == 6_800
    more = ticket(90_000, number="X2")
    answer = signed_in(finance).send(f"/api/v1/differences/{more.pk}/settle/", {"is_booked": True, "reason": WHY})
    assert (answer.status_code, answer.json()["code"]) == (409, "more_than_is_left")
    told = signed_in(finance).send(f"/api/v1/differences/{more.pk}/settle/", {"is_booked": False, "reason": WHY})
    assert told.json()["state"] == "explained"


@pytest.mark.django_db(transaction=True)
def test_booking_and_the_payout_runner_at_one_instant_pay_once(channel, listing, rich_buyer, seller, finance):
    """The channel gave all of it back itself; ours is on its way at the same moment. Whoever wins, it is paid once."""
    at = clock.now()
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    payment = purchase.ask_for_charge(order, channel="sandbox", by=rich_buyer, at=at)
    payments.open_charge(payment, title="test")
    [txn] = channel.pay(channel.row("select * from charge where number = ?", payment.number))
    payments.confirm(payment, provider_txn=txn, amount=9_800, at=at)
    delivery.reveal(order.units.get(), by=rich_buyer, at=at, visit=VISIT)
    refund = claim(order.units.get(), "CODE_INVALID", by=rich_buyer, at=at)
    lifecycle.accept(refund, by=seller, at=at)
    noon = (at.astimezone(SHANGHAI) - timedelta(days=1)).replace(hour=12)
    channel.database.execute("insert into refund values ('X1', ?, 9800, 'done', '', ?)", [txn, noon.timestamp()])
    channel.database.execute("update paid set visible_at = ?", [noon.timestamp()])
    reconciliation.run(at=clock.now())
    found = Difference.objects.get(kind=Difference.Kind.OUTSIDE)
    outcomes = race(lambda: book(found, finance, clock.now()), lambda: payouts.run(at=clock.now()))
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"being_sent"}, outcomes
    found.refresh_from_db()
    if found.state == DifferenceState.OPEN:
        book(found, finance, clock.now())  # ours was refused: more than was paid
    refund = Refund.objects.get(pk=refund.pk)
    assert (refund.state, balance("channel:sandbox:out"), balance(order.escrow)) == ("refunded", 0, 0)
    assert channel.row("select sum(amount) as sum from refund where state = 'done'")["sum"] == 9_800
    assert sorted(each.state for each in Payout.objects.all()) == ["paid", "void"]


def test_a_file_that_tells_of_less_than_was_booked_under_its_number_takes_nothing_and_gives_nothing(
    case, ticket, finance, rich_buyer, at
):
    """The complaint said ¥98.00 under the channel's number X1, the file says ¥50.00: one of them is wrong."""
    assert told_before.paid_by_channel(case.order, reference="X1", amount=9_800, cause="complaint:1", at=at) == 9_800
    wallet = balance(f"user:{rich_buyer.pk}:wallet")
    assert refused(book, ticket(5_000), finance, at) == "booked_for_more"
    assert balance(f"user:{rich_buyer.pk}:wallet") == wallet
    assert Difference.objects.get().state == DifferenceState.OPEN


def test_where_the_shop_and_the_fund_both_answer_their_accounts_are_locked_in_one_order(
    charged_order, ticket, finance, rich_buyer, at
):
    """¥98.00 the shop gives back, ¥98.00 the buyer has twice and has spent: two postings in one transaction.

    The fund makes a shop whole in the other order; `tests.locks` fails where the two could wait for each other.
    """
    shop, wallet = charged_order.shop, f"user:{rich_buyer.pk}:wallet"
    delivery.record_validity(charged_order.units.get(place=1), is_valid=False, source="issuer", at=at)
    case = claim(charged_order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=at, prefers="balance")
    assert (case.state, case.payout.destination) == ("refunded", "wallet")
    orders.confirm(Order.objects.get(pk=charged_order.pk), by=rich_buyer, at=at)
    until = Order.objects.get(pk=charged_order.pk).deadline_at
    assert until is not None
    fire_overdue(charged_order.root_address, at=until)
    moved(wallet, "platform:suspense", balance(wallet), at)
    moved("channel:sandbox", "platform:fund", 20_000, at)
    made_whole(charged_order, until)
    available = balance(shop.account("available"))
    book(ticket(19_600), finance, until)
    assert balance(f"user:{rich_buyer.pk}:debt") == -9_800, "the fund advanced what was spent"
    assert available - balance(shop.account("available")) == 9_310, "and the shop gave back the other code's price"


@verb
def made_whole(order, at):
    """The fund gives the shop ¥0.10 back that it had not owed."""
    escrow.make_whole(locked(Order, order.pk), cause="contest:1", amount=10, at=at)


def moved(source, target, amount, at):
    """Money that moved by other rooms' doings."""
    transfer(source=source, target=target, amount=amount, reason=Reason.CORRECTION, subject="x", key=target, at=at)
