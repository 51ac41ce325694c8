"""How two sides bargain: offers in turns, what may be offered, what is taken, and what silence means."""

from datetime import timedelta

import pytest

from disputes.models import Dispute
from kamen import books
from ledger.accounts import balance
from orders import delivery
from orders.models import Unit
from orders.states import Delivery
from refunds import bargaining, lifecycle, replacing
from refunds.bargaining import Terms
from refunds.models import Offer, Refund
from refunds.states import RefundState
from shops.models import Card
from tests.fixtures.cases import claim, units_of
from tests.fixtures.clocks import let_remind
from tests.races import lost, race
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep

HALF = Terms("partial", amount=4_900)


def refused(call, *args, **kwargs):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


def names(refund):
    """What happened to a case, in order."""
    return list(Event.objects.filter(subject=refund.address).order_by("seq").values_list("name", flat=True))


def wallet(user):
    return balance(f"user:{user.pk}:wallet")


def again(refund):
    """The same case as another process would read it."""
    return Refund.objects.select_related("order__shop").get(pk=refund.pk)


def live(refund):
    """The clocks of a case that run."""
    return set(
        Timer.objects.filter(subject=refund.address, state="running").order_by("pk").values_list("limit", flat=True)
    )


@pytest.fixture
def offered(refund, seller, at):
    """The shop offers half of the price."""
    bargaining.offer(refund, HALF, by=seller, at=at)
    return refund


@pytest.fixture
def countered(offered, rich_buyer, at):
    """The buyer wants ¥70, so it is the shop's turn."""
    bargaining.counter(offered, Terms("partial", amount=7_000), by=rich_buyer, at=at)
    return offered


# offering


def test_the_shop_offers_a_part_and_it_is_the_buyer_s_turn(refund, seller, rich_buyer, at):
    made = bargaining.offer(refund, HALF, by=seller, at=at)
    assert (refund.state, refund.owner) == (RefundState.BARGAINING, "buyer")
    assert (made.number, made.side, made.amount, made.fate) == (1, "shop", 4_900, "open")
    assert refund.deadline_at == at + timedelta(hours=24)
    assert live(refund) == {"OFFER", "NEGOTIATE"}
    assert Timer.objects.get(limit="NEGOTIATE").due_at == at + timedelta(hours=72)
    event = Event.objects.get(subject=refund.address, name="refund.bargaining")
    assert (event.by, event.data["amount"], event.data["kind"]) == (seller, 4_900, "partial")
    assert refund.actions_for(rich_buyer, at) == ["take", "counter", "escalate", "withdraw"]
    assert refund.actions_for(seller, at) == ["accept", "end_talks"]


def test_only_the_shop_opens_the_talks(refund, rich_buyer, stranger, arbiter, at):
    for person in (rich_buyer, stranger, arbiter):
        assert refused(bargaining.offer, refund, HALF, by=person, at=at) == "not_your_turn"


def test_an_offer_comes_before_the_answer_is_due(refund, seller, at):
    assert refused(bargaining.offer, refund, HALF, by=seller, at=refund.deadline_at) == "wrong_moment"
    lifecycle.accept(refund, by=seller, at=at)
    assert refused(bargaining.offer, refund, HALF, by=seller, at=at) == "wrong_moment"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (Terms("partial", amount=0), "nothing_asked"),
        (Terms("partial", amount=-1), "nothing_asked"),
        (Terms("partial", amount=9_801), "more_than_was_paid"),
        (Terms("house", amount=1), "no_such_kind"),
        (Terms("reissue", places=[2]), "no_such_unit"),
        (Terms("extend"), "wrong_kind"),
        (Terms("top_up"), "wrong_kind"),
        (Terms("exchange"), "listing_missing"),
        (Terms("mixed", amount=0), "nothing_asked"),
        (Terms("reissue", is_unconditional=True), "only_money"),
        (Terms("partial", amount=100, text="一经售出概不退换"), "void_term"),
        (Terms("partial", amount=100, text="x" * 2_001), "too_long"),
    ],
)
def test_an_offer_that_cannot_be_is_refused(refund, seller, at, terms, code):
    assert refused(bargaining.offer, refund, terms, by=seller, at=at) == code
    assert not Offer.objects.exists()
    refund.refresh_from_db()
    assert refund.state == RefundState.REQUESTED


def test_what_our_records_prove_is_the_least_that_can_be_offered(bad_unit, seller, rich_buyer, at):
    from orders import lifecycle as orders
    from orders.models import Order

    orders.confirm(Order.objects.get(pk=bad_unit.order_id), by=rich_buyer, at=at)
    bad_unit.refresh_from_db()
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert refund.is_proven()
    assert refused(bargaining.offer, refund, Terms("partial", amount=9_799), by=seller, at=at) == "less_than_proven"
    bargaining.offer(refund, Terms("reissue"), by=seller, at=at)
    assert refund.state == RefundState.BARGAINING, "a working code is worth the whole price"


def test_each_side_offers_three_times_in_turn(offered, seller, rich_buyer, at):
    for amount in (9_000, 8_000, 7_000):
        bargaining.counter(offered, Terms("partial", amount=amount), by=rich_buyer, at=at)
        if amount > 7_000:
            bargaining.counter(offered, Terms("partial", amount=amount // 2), by=seller, at=at)
    assert offered.owner == "shop"
    assert refused(bargaining.counter, offered, HALF, by=seller, at=at) == "too_many_offers"
    assert "counter" not in offered.actions_for(seller, at)
    assert [each.fate for each in offered.offers.order_by("pk")] == ["countered"] * 5 + ["open"]


def test_nobody_counters_their_own_offer(offered, seller, stranger, at):
    assert refused(bargaining.counter, offered, HALF, by=seller, at=at) == "not_your_turn"
    assert refused(bargaining.counter, offered, HALF, by=stranger, at=at) == "not_your_turn"


def test_a_counter_offer_begins_a_new_turn_and_all_talks_end_when_they_would(offered, rich_buyer, at):
    later = at + timedelta(hours=20)
    bargaining.counter(offered, Terms("partial", amount=9_800), by=rich_buyer, at=later)
    assert offered.deadline_at == later + timedelta(hours=24)
    assert Timer.objects.get(limit="NEGOTIATE", state="running").due_at == at + timedelta(hours=72)
    assert names(offered)[-1] == "refund.countered"


def test_the_buyer_asks_for_less_than_the_rules_give_never_for_more(order, seller, rich_buyer, at):
    refund = claim(units_of(order)[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    bargaining.offer(refund, HALF, by=seller, at=at)
    too_much = Terms("partial", amount=9_017)
    assert refused(bargaining.counter, refund, too_much, by=rich_buyer, at=at) == "more_than_the_rules"
    standing = Terms("partial", amount=9_000, is_standing=True)
    assert refused(bargaining.counter, refund, standing, by=rich_buyer, at=at) == "only_the_shop"


# taking


def test_the_buyer_takes_a_part_and_keeps_the_code(offered, rich_buyer, at):
    before = wallet(rich_buyer)
    bargaining.take(offered, 1, by=rich_buyer, at=at)
    assert (offered.state, offered.outcome, offered.approved) == (RefundState.REFUNDED, "settlement", 4_900)
    assert wallet(rich_buyer) == before + 4_900
    unit = Unit.objects.get(refund_items__refund=offered)
    assert (unit.refunded, unit.released, unit.held, unit.held_by) == (4_900, 4_900, 0, "")
    assert unit.card_id is not None
    assert Card.objects.get(pk=unit.card_id).voided_at is None
    assert names(offered)[-3:] == ["refund.offer_taken", "refund.approved", "refund.refunded"]
    assert live(offered) == set()


def test_a_price_less_a_fee_takes_the_code_back_and_the_fee_goes_to_the_shop(refund, order, seller, rich_buyer, at):
    bargaining.offer(refund, Terms("less_fee", amount=9_000), by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    unit = Unit.objects.get(refund_items__refund=refund)
    assert (unit.refunded, unit.fee, unit.held) == (9_000, 800, 0)
    assert balance(order.shop.account("pending")) == 800
    assert unit.card_id is not None
    assert Card.objects.get(pk=unit.card_id).voided_at == at


def test_the_shop_takes_what_the_buyer_asked_for(countered, seller, rich_buyer, at):
    before = wallet(rich_buyer)
    bargaining.take(countered, 2, by=seller, at=at)
    assert (countered.outcome, wallet(rich_buyer) - before) == ("settlement", 7_000)


def test_nobody_takes_their_own_offer_nor_one_that_is_gone(offered, countered, seller, rich_buyer, stranger, at):
    assert refused(bargaining.take, countered, 2, by=rich_buyer, at=at) == "not_your_turn"
    assert refused(bargaining.take, countered, 2, by=stranger, at=at) == "not_your_turn"
    assert refused(bargaining.take, countered, 1, by=seller, at=at) == "offer_gone"
    assert refused(bargaining.take, countered, 2, by=seller, at=countered.deadline_at) == "wrong_moment"


def test_a_form_of_before_is_stale_and_says_how_it_stands(offered, rich_buyer, at):
    seen = offered.version
    bargaining.counter(offered, Terms("partial", amount=9_000), by=rich_buyer, at=at)
    with pytest.raises(Refused) as refusal:
        lifecycle.withdraw(offered, by=rich_buyer, at=at, version=seen)
    assert refusal.value.code == "stale"
    assert "¥98.00" in str(refusal.value.sentence)
    lifecycle.withdraw(offered, by=rich_buyer, at=at, version=offered.version)


def test_an_offer_over_many_units_is_spread_as_it_was_asked(order, seller, rich_buyer, at):
    refund = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(refund, Terms("partial", amount=10_000), by=seller, at=at)
    bargaining.take(refund, 1, by=rich_buyer, at=at)
    assert list(refund.items.order_by("granted").values_list("granted", flat=True)) == [3_333, 3_333, 3_334]
    assert not list(books.violations())


# ending


def test_the_shop_says_its_last_word_and_a_standing_offer_stays(offered, seller, rich_buyer, at):
    final = Terms("partial", amount=5_000, is_standing=True)
    bargaining.end_talks(offered, text="这是我们的最终方案。", final=final, by=seller, at=at)
    assert (offered.state, offered.owner) == (RefundState.DECLINED, "buyer")
    assert live(offered) == {"ESCALATE"}
    assert offered.actions_for(rich_buyer, at) == ["take", "escalate", "withdraw"]
    bargaining.take(offered, 2, by=rich_buyer, at=at + timedelta(days=3))
    assert (offered.state, offered.approved) == (RefundState.REFUNDED, 5_000)


def test_ended_talks_leave_nothing_that_does_not_stand(offered, seller, rich_buyer, at):
    bargaining.end_talks(offered, text="我们不能再让步。", by=seller, at=at)
    assert refused(bargaining.take, offered, 1, by=rich_buyer, at=at) == "offer_gone"
    assert offered.offers.get().fate == "expired"
    assert names(offered)[-1] == "refund.talks_ended"


def test_only_the_shop_ends_the_talks_and_says_why(refund, offered, seller, rich_buyer, stranger, at):
    for person in (rich_buyer, stranger):
        assert refused(bargaining.end_talks, offered, text="不", by=person, at=at) == "not_your_turn"
    assert refused(bargaining.end_talks, offered, text=" ", by=seller, at=at) == "text_missing"
    assert refused(bargaining.end_talks, offered, text="一经售出概不退换", by=seller, at=at) == "void_term"
    lifecycle.withdraw(offered, by=rich_buyer, at=at)
    assert refused(bargaining.end_talks, offered, text="不", by=seller, at=at) == "wrong_moment"


def test_the_shop_can_give_in_while_they_bargain_and_after_its_no(offered, declined_later, seller, rich_buyer, at):
    before = wallet(rich_buyer)
    lifecycle.accept(declined_later, by=seller, at=at)
    assert (declined_later.state, wallet(rich_buyer) - before) == (RefundState.REFUNDED, 9_800)


@pytest.fixture
def declined_later(offered, seller, at):
    """The same case after the shop's last word."""
    bargaining.end_talks(offered, text="我们不能再让步。", by=seller, at=at)
    return offered


# silence


def test_silence_of_the_shop_in_its_turn_is_consent_to_what_was_asked_last(countered, rich_buyer):
    before = wallet(rich_buyer)
    sweep(at=countered.deadline_at)
    countered.refresh_from_db()
    assert (countered.state, countered.outcome) == (RefundState.REFUNDED, "silence")
    assert wallet(rich_buyer) - before == 7_000
    assert not list(books.violations())


def test_silence_of_the_shop_against_our_records_goes_to_the_platform(good_unit, seller, rich_buyer, at):
    refund = claim(good_unit, "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(refund, HALF, by=seller, at=at)
    bargaining.counter(refund, Terms("partial", amount=7_000), by=rich_buyer, at=at)
    assert refund.deadline_at is not None
    sweep(at=refund.deadline_at)
    refund.refresh_from_db()
    assert refund.state == RefundState.DISPUTED
    assert Dispute.objects.filter(refund=refund).exists()


def test_silence_of_the_buyer_in_its_turn_ends_the_talks_and_the_buyer_still_decides(offered, rich_buyer):
    sweep(at=offered.deadline_at)
    offered.refresh_from_db()
    assert (offered.state, offered.owner) == (RefundState.DECLINED, "buyer")
    assert offered.offers.get().fate == "expired"
    assert live(offered) == {"ESCALATE"}


def test_talks_end_after_72_hours_whoever_has_the_turn(offered, seller, rich_buyer, at):
    for hours, person in ((20, rich_buyer), (40, seller), (60, rich_buyer)):
        bargaining.counter(offered, Terms("partial", amount=6_000), by=person, at=at + timedelta(hours=hours))
    end = at + timedelta(hours=72)
    assert refused(bargaining.take, offered, 4, by=seller, at=end) == "wrong_moment"
    sweep(at=end)
    offered.refresh_from_db()
    assert offered.state == RefundState.DECLINED
    assert live(offered) == {"ESCALATE"}


def test_an_offer_without_conditions_is_paid_when_the_buyer_stays_silent(offered, seller, rich_buyer, at):
    final = Terms("partial", amount=5_000, is_unconditional=True)
    bargaining.end_talks(offered, text="无条件退还 50 元。", final=final, by=seller, at=at)
    let_remind(offered)
    before = wallet(rich_buyer)
    sweep(at=offered.deadline_at)
    offered.refresh_from_db()
    assert (offered.state, offered.outcome, offered.approved) == (RefundState.REFUNDED, "standing", 5_000)
    assert wallet(rich_buyer) - before == 5_000


def test_an_offer_that_only_stands_is_not_paid_by_silence(offered, seller, rich_buyer, at):
    bargaining.end_talks(offered, text="不", final=Terms("partial", amount=5_000, is_standing=True), by=seller, at=at)
    let_remind(offered)
    sweep(at=offered.deadline_at)
    offered.refresh_from_db()
    assert offered.state == RefundState.LAPSED
    assert [each.fate for each in offered.offers.order_by("pk")] == ["countered", "closed"]


# goodwill


@pytest.fixture
def nothing_owed(revealed, rich_buyer, at):
    """A change of mind about a code that was looked at: by the rules nothing goes back."""
    return claim(revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at)


def test_after_a_machine_s_no_the_buyer_asks_the_shop_for_goodwill_once(nothing_owed, seller, rich_buyer, at):
    assert nothing_owed.actions_for(rich_buyer, at) == ["escalate", "goodwill", "withdraw"]
    lifecycle.goodwill(nothing_owed, text="还没有用,能换成点数吗?", by=rich_buyer, at=at)
    assert (nothing_owed.state, nothing_owed.owner) == (RefundState.REQUESTED, "shop")
    assert names(nothing_owed)[-1] == "refund.goodwill_asked"
    assert nothing_owed.actions_for(seller, at) == ["offer", "question", "extend", "decline"]
    bargaining.offer(nothing_owed, Terms("partial", amount=2_000), by=seller, at=at)
    bargaining.take(nothing_owed, 1, by=rich_buyer, at=at)
    assert (nothing_owed.state, nothing_owed.approved) == (RefundState.REFUNDED, 2_000)


def test_silence_has_no_price_where_nothing_is_owed(nothing_owed, seller, rich_buyer, at):
    lifecycle.goodwill(nothing_owed, text="能通融吗?", by=rich_buyer, at=at)
    sweep(at=nothing_owed.deadline_at)
    nothing_owed.refresh_from_db()
    assert nothing_owed.state == RefundState.DECLINED
    assert names(nothing_owed)[-1] == "refund.goodwill_unanswered"
    later = nothing_owed.entered_at
    assert refused(lifecycle.goodwill, nothing_owed, text="再问", by=rich_buyer, at=later) == "asked_already"


def test_the_shop_can_say_no_to_goodwill_without_a_rule(nothing_owed, seller, rich_buyer, stranger, at):
    assert refused(lifecycle.goodwill, nothing_owed, text="x", by=seller, at=at) == "not_your_turn"
    assert refused(lifecycle.goodwill, nothing_owed, text=" ", by=rich_buyer, at=at) == "text_missing"
    lifecycle.goodwill(nothing_owed, text="能通融吗?", by=rich_buyer, at=at)
    assert refused(lifecycle.accept, nothing_owed, by=seller, at=at) == "nothing_asked"
    lifecycle.decline(nothing_owed, code="other", rule="", text="抱歉,无法处理。", by=seller, at=at)
    assert nothing_owed.state == RefundState.DECLINED


def test_goodwill_is_only_for_a_machine_s_no(declined, rich_buyer, at):
    assert refused(lifecycle.goodwill, declined, text="x", by=rich_buyer, at=at) == "wrong_moment"


# the platform


def test_the_buyer_calls_the_platform_any_time_after_the_shop_s_first_answer(refund, seller, rich_buyer, at):
    assert refused(lifecycle.escalate, refund, by=rich_buyer, at=at) == "wrong_moment"
    bargaining.offer(refund, HALF, by=seller, at=at)
    lifecycle.escalate(refund, by=rich_buyer, at=at)
    assert refund.state == RefundState.DISPUTED
    assert refund.offers.get().fate == "closed"
    assert live(refund) == set()


def test_both_sides_settle_while_the_platform_has_the_case_and_its_dispute_is_closed(offered, seller, rich_buyer, at):
    lifecycle.escalate(offered, by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    bargaining.offer(offered, Terms("partial", amount=6_000), by=rich_buyer, at=at)
    assert "take" in offered.actions_for(seller, at)
    bargaining.take(offered, 2, by=seller, at=at + timedelta(hours=1))
    offered.refresh_from_db()
    assert (offered.state, offered.outcome) == (RefundState.REFUNDED, "settlement")
    assert wallet(rich_buyer) - before == 6_000
    dispute = Dispute.objects.get(refund=offered)
    assert (dispute.state, dispute.outcome) == ("closed", "settled")
    assert not list(books.violations())


@pytest.mark.parametrize("works", [True, False])
def test_a_replacement_may_be_agreed_on_while_the_platform_has_the_case(offered, works, seller, rich_buyer, at):
    """What was agreed on is carried out like a ruling; says the buyer that the new code fails, too, people hear it."""
    lifecycle.escalate(offered, by=rich_buyer, at=at)
    before = wallet(rich_buyer)
    made = bargaining.offer(offered, Terms("reissue"), by=seller, at=at)
    bargaining.take(offered, made.number, by=rich_buyer, at=at)
    dispute = Dispute.objects.get(refund=offered)
    assert (offered.state, dispute.state, dispute.outcome) == ("replacing", "enforcing", "settled")
    later = at + timedelta(minutes=30)
    replacing.replace(offered, by=seller, at=later)
    if works:
        replacing.confirm_replacement(offered, by=rich_buyer, at=later)
    else:
        replacing.bad_again(offered, by=rich_buyer, at=later, text="还是无效。")
    dispute.refresh_from_db()
    assert (offered.state, dispute.state) == (("exchanged", "closed") if works else ("disputed", "evidence"))
    assert dispute.outcome == ("settled" if works else "")
    assert wallet(rich_buyer) == before, "a machine pays only what is proven"
    assert not list(books.violations())


def test_money_beside_an_agreed_replacement_closes_the_dispute_as_it_arrives(offered, order, seller, rich_buyer, at):
    lifecycle.escalate(offered, by=rich_buyer, at=at)
    terms = Terms("exchange", amount=800, listing=order.snapshot.listing)
    made = bargaining.offer(offered, terms, by=seller, at=at)
    bargaining.take(offered, made.number, by=rich_buyer, at=at)
    later = at + timedelta(minutes=30)
    replacing.replace(offered, by=seller, at=later)
    replacing.confirm_replacement(offered, by=rich_buyer, at=later)
    assert (offered.state, offered.approved) == ("refunded", 800)
    assert Dispute.objects.get(refund=offered).state == "closed"


def test_an_offer_before_the_platform_ends_after_a_day(offered, seller, rich_buyer, stranger, at):
    lifecycle.escalate(offered, by=rich_buyer, at=at)
    assert refused(bargaining.offer, offered, HALF, by=stranger, at=at) == "not_your_turn"
    bargaining.offer(offered, HALF, by=seller, at=at)
    assert refused(bargaining.take, offered, 2, by=rich_buyer, at=at + timedelta(hours=24)) == "offer_gone"


def test_the_shop_does_nothing_else_in_a_case_that_is_with_the_platform(offered, seller, rich_buyer, at):
    lifecycle.escalate(offered, by=rich_buyer, at=at)
    assert offered.actions_for(seller, at) == ["offer"]
    assert refused(lifecycle.accept, offered, by=seller, at=at) == "wrong_moment"
    assert refused(lifecycle.decline, offered, code="other", rule="", text="x", by=seller, at=at) == "wrong_moment"
    assert refused(bargaining.end_talks, offered, text="x", by=seller, at=at) == "wrong_moment"


# races


@pytest.mark.django_db(transaction=True)
def test_taking_an_offer_and_the_clock_at_one_instant_are_one_outcome(offered, rich_buyer):
    almost, over = offered.deadline_at - timedelta(milliseconds=1), offered.deadline_at
    outcomes = race(
        lambda: bargaining.take(again(offered), 1, by=rich_buyer, at=almost),
        lambda: sweep(at=over).fired,
    )
    offered.refresh_from_db()
    assert all(isinstance(each, Refused) for each in lost(outcomes)), outcomes
    assert offered.state in {"refunded", "declined"}
    assert not list(books.violations())


@pytest.mark.django_db(transaction=True)
def test_withdrawing_and_the_shop_s_clock_at_one_instant_are_one_outcome(countered, rich_buyer):
    before = wallet(rich_buyer)
    almost, over = countered.deadline_at - timedelta(milliseconds=1), countered.deadline_at
    outcomes = race(
        lambda: lifecycle.withdraw(again(countered), by=rich_buyer, at=almost),
        lambda: sweep(at=over).fired,
    )
    countered.refresh_from_db()
    assert all(isinstance(each, Refused) for each in lost(outcomes)), outcomes
    paid = wallet(rich_buyer) - before
    assert (countered.state, paid) in {("withdrawn", 0), ("refunded", 7_000)}
    assert not list(books.violations())


@pytest.mark.django_db(transaction=True)
def test_eight_takers_of_one_offer_are_paid_once(offered, rich_buyer, at):
    before = wallet(rich_buyer)
    race(*[lambda: bargaining.take(again(offered), 1, by=rich_buyer, at=at)] * 8)
    assert wallet(rich_buyer) - before == 4_900


def test_a_unit_that_was_only_lowered_is_not_withdrawn(offered, rich_buyer, at):
    bargaining.take(offered, 1, by=rich_buyer, at=at)
    unit = Unit.objects.get(refund_items__refund=offered)
    assert unit.delivery == Delivery.REVEALED
    assert delivery.prefix("203.0.113.77") == "203.0.113.0/24"
