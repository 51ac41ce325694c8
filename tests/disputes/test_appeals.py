"""Appeals: filed, admitted, answered, voted on by three new people; and what becomes of the money."""

from datetime import timedelta

import pytest

from accounts.models import Role
from disputes import agreements, appeals, lifecycle, neutrals, owed, suspension
from disputes.models import Appeal, Dispute, Ruling, Seat, Side, Vote
from disputes.states import AppealState, DisputeState
from kamen import books
from ledger.accounts import balance
from ledger.models import Payout
from ledger.transfers import Reason
from orders import escrow
from refunds.models import Refund
from shops import withdrawals
from tests.disputes.sayings import GROUND, events_of, lapse, refused, wallet
from tests.disputes.test_dispute import after_settlement, give, own, pockets
from tests.fixtures.disputes import drafted
from tests.fixtures.people import person as somebody
from tests.fixtures.people import staff
from timeline.models import Timer

HOUR = timedelta(hours=1)
ABOUT_CLAIMS = {
    "what is owed to a buyer is what nobody had",
    "what was paid of a claim on a shop is in its payouts",
}
REASONS = "三位评审各自阅读全部案卷后，认为原裁定的责任比例需要按记录重新衡量。"


def filed(dispute, by, at, **change):
    """An appeal on a ground that is always there."""
    return appeals.file(dispute, **{"ground": "rule", "text": GROUND, **change}, by=by, at=at)


def before_the_panel(dispute, by, other, lead, at, **change):
    """The appeal is admitted and answered: three people vote."""
    appeal = filed(dispute, by, at)
    appeals.admit(appeal, by=lead, at=at)
    appeals.answer(appeal, text="裁定无误", by=other, at=at, **change)
    return appeal


def voted(appeal, people, words, at):
    """Each of the people gives a vote: `uphold`, `remand`, or the buyer's share of the liability."""
    for person, word in zip(people, words, strict=False):
        if isinstance(word, int):
            shares = {"seller": 10_000 - word, "buyer": word}
            appeals.vote(appeal, word="change", shares=shares, reasons=REASONS, by=person, at=at)
        else:
            appeals.vote(appeal, word=word, reasons=REASONS, by=person, at=at)


# filing


def test_a_side_appeals_on_a_ground_and_the_time_of_the_other_stands_still(large_ruled, rich_buyer, at):
    appeal = filed(large_ruled, rich_buyer, at)
    assert (large_ruled.state, large_ruled.deadline_at) == (DisputeState.APPEALED, None)
    assert (appeal.state, appeal.deadline_at) == (AppealState.FILED, at + 24 * HOUR)
    assert not Payout.objects.exists()
    assert events_of(appeal) == ["appeal.filed"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ground": "mood"}, "ground_missing"),
        ({"text": "不服"}, "too_short"),
        ({"ground": "evidence"}, "late_because_missing"),
    ],
)
def test_what_an_appeal_needs(large_ruled, rich_buyer, at, change, code):
    assert refused(lambda: filed(large_ruled, rich_buyer, at, **change)) == code


def test_who_may_appeal_and_when(large_ruled, rich_buyer, seller, arbiter, stranger, at):
    for user in (arbiter, stranger):
        assert refused(lambda user=user: filed(large_ruled, user, at)) == "not_your_turn"
    late = large_ruled.deadline_at
    assert refused(lambda: filed(large_ruled, rich_buyer, late)) == "wrong_moment"
    lifecycle.waive(large_ruled, by=seller, at=at)
    assert refused(lambda: filed(large_ruled, seller, at)) == "waived"


def test_who_got_everything_has_nothing_to_appeal_against(large_reviewed, arbiter, rich_buyer, seller, at):
    lifecycle.rule(large_reviewed, drafted(large_reviewed, shares={"seller": 10_000}), by=arbiter, at=at)
    assert refused(lambda: filed(large_reviewed, rich_buyer, at)) == "nothing_to_gain"
    filed(large_reviewed, seller, at)
    assert large_reviewed.state == DisputeState.APPEALED


def test_each_side_appeals_once(large_ruled, rich_buyer, seller, lead, at):
    appeal = filed(large_ruled, rich_buyer, at)
    appeals.withdraw(appeal, by=rich_buyer, at=at)
    large_ruled.refresh_from_db()
    assert large_ruled.state == DisputeState.RULED
    assert large_ruled.deadline_at == at + 72 * HOUR, "the time goes on with what was left"
    assert refused(lambda: filed(large_ruled, rich_buyer, at)) == "appealed_already"
    filed(large_ruled, seller, at)
    assert large_ruled.state == DisputeState.APPEALED


def test_a_lead_turns_away_for_a_defect_of_form_only(large_ruled, rich_buyer, arbiter, lead, at):
    appeal = filed(large_ruled, rich_buyer, at)
    assert refused(lambda: appeals.turn_away(appeal, formal="no_ground", by=arbiter, at=at)) == "not_your_turn"
    assert refused(lambda: appeals.turn_away(appeal, formal="wrong", by=lead, at=at)) == "defect_missing"
    appeals.turn_away(appeal, formal="no_ground", by=lead, at=at)
    large_ruled.refresh_from_db()
    assert (appeal.state, large_ruled.state) == (AppealState.INADMISSIBLE, DisputeState.RULED)


def test_a_lead_who_judged_the_case_does_not_admit_the_appeal(large_ruled, rich_buyer, lead, at):
    Seat.objects.create(dispute=large_ruled, user=lead, part="arbiter", since=at, until=at, left="lapsed")
    appeal = filed(large_ruled, rich_buyer, at)
    assert refused(lambda: appeals.admit(appeal, by=lead, at=at)) == "not_your_turn"


def test_silence_admits_the_appeal_and_then_calls_the_panel(large_ruled, rich_buyer, panelists, at):
    appeal = filed(large_ruled, rich_buyer, at)
    lapse(appeal)
    assert (appeal.state, appeal.owner) == (AppealState.ANSWERING, "shop")
    assert appeal.deadline_at == appeal.entered_at + 48 * HOUR
    lapse(appeal)
    assert (appeal.state, appeal.deadline_at) == (AppealState.PANEL, appeal.entered_at + 72 * HOUR)
    assert "dispute.alarm" in events_of(large_ruled)


def test_only_the_other_side_answers_and_it_may_join(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = filed(large_ruled, rich_buyer, at)
    appeals.admit(appeal, by=lead, at=at)
    assert refused(lambda: appeals.answer(appeal, text="x", by=rich_buyer, at=at)) == "not_your_turn"
    call = lambda: appeals.answer(appeal, text="", joined_ground="rule", joined_text="短", by=seller, at=at)  # noqa: E731
    assert refused(call) == "too_short"
    appeals.answer(appeal, text="", joined_ground="rule", joined_text=GROUND, by=seller, at=at)
    assert (appeal.state, appeal.is_of_buyer_alone) == (AppealState.PANEL, False)
    assert refused(lambda: appeals.withdraw(appeal, by=rich_buyer, at=at)) == "joined"
    assert appeals.has_appealed(large_ruled, Side.SHOP)


# the panel


def test_three_new_people_none_of_whom_had_a_part(
    large_ruled, rich_buyer, seller, arbiter, senior, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    seated = set(Seat.objects.filter(part="reviewer").order_by("pk").values_list("user_id", flat=True))
    assert seated == {person.pk for person in panelists}
    for user in (arbiter, senior, lead, rich_buyer):
        call = lambda user=user: appeals.vote(appeal, word="uphold", reasons=REASONS, by=user, at=at)  # noqa: E731
        assert refused(call) == "not_your_turn"


def test_a_vote_has_reasons_and_stays_as_it_is(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    first = panelists[0]
    call = lambda **change: appeals.vote(  # noqa: E731
        appeal, **{"word": "uphold", "reasons": REASONS, "by": first, "at": at, **change}
    )
    assert refused(lambda: call(reasons="因为")) == "reasons_missing"
    assert refused(lambda: call(word="change", shares={"seller": 1})) == "incomplete"
    assert refused(lambda: call(at=appeal.deadline_at)) == "wrong_moment"
    call()
    assert refused(call) == "voted_already"


def test_the_majority_upholds_and_it_is_carried_out(large_ruled, rich_buyer, seller, lead, panelists, at):
    before = wallet(rich_buyer)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, ["uphold", "uphold", 0], at)
    large_ruled.refresh_from_db()
    assert (appeal.state, large_ruled.state) == (AppealState.UPHELD, DisputeState.CLOSED)
    assert wallet(rich_buyer) == before + 23_520
    assert not Seat.objects.filter(until=None).exists()


def test_the_middle_award_takes_the_place_of_the_first(large_ruled, rich_buyer, seller, lead, panelists, at):
    before = wallet(rich_buyer)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [0, 1_000, "uphold"], at)
    large_ruled.refresh_from_db()
    assert (appeal.state, large_ruled.state, large_ruled.outcome) == ("modified", "closed", "ruling")
    assert wallet(rich_buyer) == before + 26_460, "90 % lies between 100 % and 80 %"
    first, second = Ruling.objects.order_by("version")
    assert (first.is_superseded, second.is_final, second.kind, second.appeal) == (True, True, "appeal", appeal)


def test_x12_if_only_the_buyer_appeals_the_award_does_not_shrink(large_ruled, rich_buyer, seller, lead, panelists, at):
    before = wallet(rich_buyer)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [9_000, 9_000, 9_000], at)
    assert appeal.state == AppealState.UPHELD
    assert wallet(rich_buyer) == before + 23_520


def test_if_the_shop_joined_the_award_may_shrink(large_ruled, rich_buyer, seller, lead, panelists, at):
    before = wallet(rich_buyer)
    words = {"joined_ground": "rule", "joined_text": GROUND}
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at, **words)
    voted(appeal, panelists, [9_000, 9_000, 9_000], at)
    assert appeal.state == AppealState.MODIFIED
    assert wallet(rich_buyer) == before + 2_940


def test_a_case_is_sent_back_once_to_somebody_new(
    large_ruled, rich_buyer, seller, arbiter, second_arbiter, senior, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, ["remand", "remand", "uphold"], at)
    large_ruled.refresh_from_db()
    assert (appeal.state, large_ruled.state, large_ruled.outcome) == ("remanded", DisputeState.REVIEW, "")
    assert (large_ruled.arbiter, large_ruled.is_remanded) == (second_arbiter, True)
    assert large_ruled.deadline_at == at + 48 * HOUR
    assert lifecycle.served(large_ruled) is None
    second = staff(Role.SENIOR, at=at, name="fresh")
    lifecycle.rule(large_ruled, drafted(large_ruled), by=second_arbiter, at=at)
    lifecycle.sign(large_ruled, agrees=True, by=large_ruled.senior, at=at)
    assert large_ruled.senior in (second, senior)
    assert refused(lambda: filed(large_ruled, rich_buyer, at)) == "appealed_already"
    again = filed(large_ruled, seller, at)
    appeals.admit(again, by=lead, at=at)
    for number in (4, 5, 6):
        staff(Role.SENIOR, at=at, name=f"panel{number}")
    appeals.answer(again, text="", by=rich_buyer, at=at)
    seat = Seat.objects.filter(part="reviewer", until=None).order_by("pk").first()
    call = lambda: appeals.vote(again, word="remand", reasons=REASONS, by=seat.user, at=at)  # noqa: E731
    assert refused(call) == "remanded_before"


def test_missing_reviewers_are_replaced_then_a_chief_decides(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, ["uphold"], at)
    fresh = [staff(Role.SENIOR, at=at, name=f"fresh{number}") for number in (1, 2)]
    chief = staff(Role.LEAD, at=at, name="chief")
    lapse(appeal)
    seated = set(Seat.objects.filter(part="reviewer", until=None).order_by("pk").values_list("user_id", flat=True))
    assert seated == {panelists[0].pk, *(person.pk for person in fresh)}
    assert appeal.deadline_at == appeal.entered_at + 48 * HOUR
    lapse(appeal)
    assert appeal.chief in (chief, lead)
    assert appeal.deadline_at == appeal.entered_at + 24 * HOUR
    late = appeal.entered_at
    appeals.vote(appeal, word="change", shares={"seller": 10_000}, reasons=REASONS, by=appeal.chief, at=late)
    assert appeal.state == AppealState.MODIFIED, "of an even number of votes the chief's is the middle"
    assert Ruling.objects.get(is_final=True, is_superseded=False).award == 29_400


def test_a_chief_who_does_not_decide_is_followed_by_the_next(large_ruled, rich_buyer, seller, lead, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    chief = staff(Role.LEAD, at=at, name="chief")
    for _ in range(4):
        lapse(appeal)
    assert appeal.state == AppealState.PANEL
    assert appeal.chief in (lead, chief)
    assert appeal.ran_out == 4


# money that was paid early


def test_x7_the_shop_wins_and_nobody_chases_the_buyer(ruled, order, rich_buyer, seller, lead, panelists, at):
    """¥58.80 was paid at once. The panel finds nothing due: the buyer keeps it, the fund makes the shop whole."""
    own("platform:fund", 10_000, at)
    before, fund, shop = wallet(rich_buyer), balance("platform:fund"), pockets(order)["available"]
    appeal = before_the_panel(ruled, seller, rich_buyer, lead, at)
    voted(appeal, panelists, [10_000, 10_000, 10_000], at)
    ruled.refresh_from_db()
    assert (ruled.state, ruled.made_whole) == (DisputeState.CLOSED, 5_880)
    assert wallet(rich_buyer) == before
    assert balance("platform:fund") == fund - 5_880
    assert pockets(order)["available"] == shop + 5_880
    assert "dispute.shop_made_whole" in events_of(ruled)


def test_a_shop_gets_back_what_it_paid_and_not_what_the_platform_paid(
    reviewed, order, arbiter, senior, rich_buyer, seller, lead, panelists, at
):
    """¥98.00 was paid at once, half by the platform for its own fault. The panel finds nothing due at all."""
    own("platform:fund", 10_000, at)
    own("platform:own", 10_000, at)
    shares = {"platform": 5_000, "seller": 5_000}
    lifecycle.rule(reviewed, drafted(reviewed, shares=shares), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    reviewed.refresh_from_db()
    fund, shop = balance("platform:fund"), pockets(order)["available"]
    who = {"name": "张明", "organization": "某某调解中心", "about": "无利害关系"}
    outside = neutrals.enlist(user=somebody("outside"), **who, by=lead, at=at)
    appeal = before_the_panel(reviewed, seller, rich_buyer, lead, at)
    voted(appeal, [outside.user, *panelists[:2]], [10_000, 10_000, 10_000], at)
    reviewed.refresh_from_db()
    assert (reviewed.state, reviewed.made_whole) == (DisputeState.CLOSED, 9_800)
    assert balance("platform:fund") == fund - 4_900
    assert pockets(order)["available"] == shop + 4_900


def test_a_shop_gets_back_what_was_paid_and_not_what_nobody_had(
    order, rich_buyer, seller, arbiter, senior, lead, panelists
):
    """Of ¥98.00 there were the commission, ¥2.00 of deposit and ¥50.00 of the fund. The panel finds nothing due."""
    shop = order.shop

    def leave_little(at):
        give(shop.account("available"), "platform:suspense", pockets(order)["available"], Reason.CORRECTION, at)
        give(shop.account("deposit"), "platform:suspense", pockets(order)["deposit"] - 200, Reason.CORRECTION, at)
        own("platform:fund", 5_000, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=leave_little)
    at, before = dispute.entered_at, wallet(rich_buyer)
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    assert wallet(rich_buyer) - before == 490 + 200 + 5_000
    give("platform:suspense", "platform:fund", 20_000, Reason.CORRECTION, at)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    voted(appeal, panelists, [10_000, 10_000, 10_000], at)
    dispute.refresh_from_db()
    assert (dispute.state, wallet(rich_buyer) - before) == (DisputeState.CLOSED, 5_690), "the buyer keeps it"
    assert pockets(order)["available"] == 690, "what the fund had given for the shop, it does not owe any more"
    assert (balance(shop.account("debt")), balance("platform:fund")) == (0, 20_000 - 690)
    assert (owed.collect_all(at=at), wallet(rich_buyer) - before) == (0, 5_690), "nobody owes what was overturned"
    assert withdrawals.purse(shop).owed == 0
    assert not ABOUT_CLAIMS & {each.rule for each in books.violations()}


def test_a_shop_gets_back_what_it_paid_later_of_what_nobody_had_at_first(
    order, rich_buyer, seller, arbiter, senior, lead, panelists
):
    """Of ¥98.00 the shop had ¥6.90, and ¥20.00 more when it earned again. The panel finds ¥10.00 due."""
    shop = order.shop

    def leave_little(at):
        give(shop.account("available"), "platform:suspense", pockets(order)["available"], Reason.CORRECTION, at)
        give(shop.account("deposit"), "platform:suspense", pockets(order)["deposit"] - 200, Reason.CORRECTION, at)

    dispute = after_settlement(order, rich_buyer, seller, before_the_claim=leave_little)
    at, before = dispute.entered_at, wallet(rich_buyer)
    lifecycle.rule(dispute, drafted(dispute, shares={"seller": 10_000}), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    give("channel:sandbox", shop.account("available"), 2_000, Reason.CORRECTION, at)
    assert (owed.collect_all(at=at), wallet(rich_buyer) - before) == (1, 690 + 2_000)
    own("platform:fund", 20_000, at)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    for person in panelists:
        grants = {dispute.refund.items.get().unit_id: 1_000}
        shares = {"seller": 10_000}
        appeals.vote(appeal, word="change", shares=shares, grants=grants, reasons=REASONS, by=person, at=at)
    dispute.refresh_from_db()
    assert (dispute.state, wallet(rich_buyer) - before) == (DisputeState.CLOSED, 2_690), "the buyer keeps it"
    assert pockets(order)["available"] == 2_690 - 1_000
    assert withdrawals.purse(shop).owed == 0
    assert not ABOUT_CLAIMS & {each.rule for each in books.violations()}


def test_a_fund_that_is_empty_is_shouted_about(ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(ruled, seller, rich_buyer, lead, at)
    voted(appeal, panelists, [10_000, 10_000, 10_000], at)
    assert "dispute.alarm" in events_of(ruled)


def test_the_buyer_wins_more_and_gets_the_rest(ruled, rich_buyer, seller, lead, panelists, at):
    before = wallet(rich_buyer)
    appeal = before_the_panel(ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [0, 0, 0], at)
    ruled.refresh_from_db()
    assert (ruled.state, ruled.supplemented) == (DisputeState.CLOSED, 9_800 - 5_880)
    assert wallet(rich_buyer) == before + 9_800 - 5_880
    unit = ruled.refund.order.units.get(place=1)
    assert (unit.refunded, unit.held, unit.released) == (9_800, 0, 0)


# settling and stopping meanwhile


@pytest.mark.breaks_books  # the refund is settled by the verbs of its own room
def test_x11_the_parties_settle_while_the_appeal_is_open(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    refund = Refund.objects.get()
    agreements.settled(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    appeal.refresh_from_db()
    assert (dispute.state, dispute.outcome, appeal.state) == (DisputeState.ENFORCING, "settled", "withdrawn")
    assert lifecycle.served(dispute) is None, "the agreed plan only"
    assert not Timer.objects.live().filter(subject__in=[appeal.address]).exists()
    assert not Seat.objects.filter(part="reviewer", until=None).exists()


def test_an_appeal_stands_still_with_its_case(large_ruled, rich_buyer, lead, at):
    appeal = filed(large_ruled, rich_buyer, at)
    large_ruled.refresh_from_db()
    suspension.suspend(large_ruled, because="court", reference="（2026）沪0115民初1号", by=lead, at=at)
    appeal.refresh_from_db()
    assert appeal.deadline_at is None
    assert refused(lambda: appeals.admit(appeal, by=lead, at=at)) == "wrong_moment"
    later = at + 30 * HOUR
    suspension.resume(large_ruled, by=lead, at=later)
    appeal.refresh_from_db()
    assert (large_ruled.state, appeal.deadline_at) == (DisputeState.APPEALED, later + 24 * HOUR)


def test_nobody_reads_a_vote_before_all_are_there(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists[:1], ["uphold"], at)
    bodies = [event for event in events_of(appeal) if event == "appeal.voted"]
    assert (len(bodies), Vote.objects.count()) == (1, 1)
    assert Appeal.objects.get().closed_at is None


def test_preview_of_a_panel_counts_what_was_paid(ruled, rich_buyer):
    units = escrow.units_of(ruled.refund.order)
    assert units[0].left == 9_800 - 5_880
