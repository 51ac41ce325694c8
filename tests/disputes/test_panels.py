"""Fraud is found by three people of one mind before it binds; and a panel of an appeal may change what comes on top."""

import pytest

from disputes import appeals, choices, hearing, lifecycle, rulings
from disputes.models import Dispute, Ruling, Seat
from disputes.states import DisputeState
from ledger.accounts import balance
from reputation import counting
from reputation.models import Tally
from tests.disputes.sayings import events_of, lapse, refused, wallet
from tests.disputes.test_appeals import REASONS, before_the_panel, filed
from tests.disputes.test_dispute import own, pockets
from tests.disputes.test_waterfalls import ALL_SHOP, cheated, sold  # noqa: F401 - fixtures
from tests.fixtures.disputes import drafted
from tests.fixtures.people import staff
from timeline import clock

FOUND = "发卡方记录与店铺自己的发货日志互相印证：同一卡密先后卖给了三位买家。"


@pytest.fixture
def fraud(cheated, arbiter, panelists):  # noqa: F811 - the fixture
    """The arbiter finds fraud: price and threefold; nobody else has said anything."""
    at = cheated.entered_at
    draft = drafted(cheated, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=at)
    return cheated


def members(dispute):
    return [seat.user for seat in Seat.objects.filter(dispute=dispute, part="member", until=None).order_by("pk")]


def test_fraud_waits_for_two_more_people_and_no_senior_signs_alone(fraud, senior, rich_buyer):
    at = fraud.entered_at
    ruling = Ruling.objects.get()
    assert (fraud.state, fraud.waits_for, fraud.senior_id) == (DisputeState.SIGNING, "panel", None)
    assert (ruling.needs_panel, len(members(fraud))) == (True, 2)
    assert fraud.arbiter not in members(fraud)
    outsider = staff("senior", at=at, name="outsider")
    assert refused(lambda: lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=outsider, at=at)) == "not_your_turn"
    first, second = members(fraud)
    assert "sign" in choices.actions_for(fraud, first, at)
    assert refused(lambda: lifecycle.sign(fraud, agrees=True, by=first, at=at)) == "note_missing"
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=at)
    assert fraud.state == DisputeState.SIGNING, "one more"
    assert "sign" not in choices.actions_for(fraud, first, at)
    assert refused(lambda: lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=at)) == "not_your_turn"
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=second, at=at)
    assert fraud.state == DisputeState.RULED
    assert events_of(fraud).count("dispute.signed") == 2


def test_one_doubt_sends_it_back_and_the_same_people_look_again(fraud, arbiter):
    at = fraud.entered_at
    first, second = members(fraud)
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=at)
    doubt = "日志只显示一位买家，另两位未经核实，尚有合理怀疑。"
    lifecycle.sign(fraud, agrees=False, note_text=doubt, by=second, at=at)
    assert (fraud.state, fraud.waits_for) == (DisputeState.REVIEW, "")
    draft = drafted(fraud, shares=ALL_SHOP, compensation=90_000, rule_ids=["FRAUD_55"], reply="已补充核实")
    lifecycle.rule(fraud, draft, by=arbiter, at=at)
    assert members(fraud) == [first, second]
    assert "sign" in choices.actions_for(fraud, first, at), "a new version, a new finding"


def test_without_the_threefold_part_no_panel_is_asked(fraud, arbiter):
    at = fraud.entered_at
    doubt = "尚不能排除合理怀疑，请只就合同不符作出裁定。"
    lifecycle.sign(fraud, agrees=False, note_text=doubt, by=members(fraud)[0], at=at)
    ruling = lifecycle.rule(fraud, drafted(fraud, shares=ALL_SHOP), by=arbiter, at=at)
    assert (ruling.needs_panel, fraud.waits_for, fraud.state) == (False, "", DisputeState.RULED)


@pytest.mark.parametrize(("on_top", "found"), [(0, 0), (90_000, 1)])
def test_only_a_ruling_that_found_fraud_counts_as_one_against_the_shop(
    cheated,  # noqa: F811 - the fixture
    arbiter,
    panelists,
    on_top,
    found,
):
    at = cheated.entered_at
    draft = drafted(cheated, shares=ALL_SHOP, compensation=on_top, rule_ids=["FRAUD_55"])
    lifecycle.rule(cheated, draft, by=arbiter, at=at)
    for user in members(cheated):
        lifecycle.sign(cheated, agrees=True, note_text=FOUND, by=user, at=at)
    counting.catch_up(at=at)
    assert not Tally.objects.filter(measure="frauds").exists(), "it may still be appealed"
    lapse(cheated)
    assert (cheated.state, cheated.outcome) == (DisputeState.CLOSED, "ruling")
    counting.catch_up(at=cheated.entered_at)
    rows = Tally.objects.filter(measure="frauds", shop=cheated.refund.order.shop).order_by("pk")
    assert sum(row.count for row in rows) == found
    assert counting.tallies(Tally.objects.order_by("pk")) == counting.recount()


def test_who_lets_it_lie_or_steps_back_is_replaced(fraud, lead):
    first, second = members(fraud)
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=fraud.entered_at)
    lapse(fraud)
    third = members(fraud)[-1]
    assert (first in members(fraud), second in members(fraud), len(members(fraud))) == (True, False, 2)
    hearing.recuse(fraud, by=third, at=fraud.entered_at)
    assert third not in members(fraud)
    assert "dispute.signer_changed" in events_of(fraud)


def test_who_is_late_is_asked_again_where_nobody_else_is_free(fraud):
    """Three people beside the arbiter: one of the late members makes room for the third, and then nobody is left."""
    for _ in range(3):
        lapse(fraud)
        assert len(members(fraud)) == 2
    for person in members(fraud):
        lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=person, at=fraud.entered_at)
    assert fraud.state == DisputeState.RULED


def test_members_of_the_first_panel_hear_no_appeal(fraud, rich_buyer, seller, lead):
    at = fraud.entered_at
    own("platform:fund", 999_999, at)
    for person in members(fraud):
        lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=person, at=at)
    staff("senior", at=at, name="fresh")
    appeal = before_the_panel(fraud, seller, rich_buyer, lead, at)
    sitting = Seat.objects.filter(dispute=fraud, part="reviewer", until=None).values_list("user", flat=True)
    assert not set(sitting.order_by("pk")) & {person.pk for person in members(fraud)}
    assert appeal.dispute_id == fraud.pk


@pytest.fixture
def no_fraud(cheated, arbiter, panelists):  # noqa: F811 - the fixture
    """The arbiter gives the price back and finds no fraud: served, to be appealed against."""
    lifecycle.rule(cheated, drafted(cheated, shares=ALL_SHOP), by=arbiter, at=cheated.entered_at)
    return cheated


def test_a_chief_finds_no_fraud_alone(no_fraud, rich_buyer, seller, lead):
    at = no_fraud.entered_at
    appeal = before_the_panel(no_fraud, rich_buyer, seller, lead, at)
    for number in (1, 2, 3):
        staff("senior", at=at, name=f"fresh{number}")
    staff("lead", at=at, name="chief")
    lapse(appeal)
    lapse(appeal)
    late, who = appeal.entered_at, appeal.chief
    alone = {"by": who, "at": late, "reasons": REASONS}
    assert refused(lambda: appeals.vote(appeal, **change(90_000, **ALL_SHOP), **alone)) == "incomplete"
    appeals.vote(appeal, **change(None, **ALL_SHOP), **alone)
    assert appeal.state == "upheld"


def test_one_of_three_who_disagree_finds_no_fraud(no_fraud, rich_buyer, seller, lead, panelists):
    """One upholds, one finds fraud, one would send it back: no two of them are of one mind about fraud."""
    at = no_fraud.entered_at
    appeal = before_the_panel(no_fraud, rich_buyer, seller, lead, at)
    votes(appeal, panelists, [{"word": "uphold"}, change(90_000, **ALL_SHOP), {"word": "remand"}], at)
    newest = Ruling.objects.get(is_final=True, is_superseded=False)
    assert (appeal.state, newest.award, newest.compensation) == ("upheld", 30_000, 0)


def test_two_of_three_find_it_on_appeal(no_fraud, rich_buyer, seller, lead, panelists):
    at = no_fraud.entered_at
    appeal = before_the_panel(no_fraud, rich_buyer, seller, lead, at)
    found = change(90_000, **ALL_SHOP)
    votes(appeal, panelists, [{"word": "uphold"}, found, found], at)
    assert Ruling.objects.get(is_final=True, is_superseded=False).compensation == 90_000


# compensation on appeal


def votes(appeal, people, words, at):
    for person, word in zip(people, words, strict=True):
        appeals.vote(appeal, reasons=REASONS, by=person, at=at, **word)


def change(on_top=None, **shares):
    return {"word": "change", "shares": shares, "compensation": on_top}


def test_a_panel_gives_compensation_that_the_ruling_did_not(ruled, rich_buyer, seller, lead, panelists, at):
    """¥58.80 was paid at once; two of three give ¥20.00 on top, and that is what is carried out."""
    before, shop = wallet(rich_buyer), sum(pockets(ruled.refund.order).values())
    appeal = before_the_panel(ruled, rich_buyer, seller, lead, at)
    more = change(2_000, seller=6_000, buyer=4_000)
    votes(appeal, panelists, [{"word": "uphold"}, more, more], at)
    ruled.refresh_from_db()
    newest = Ruling.objects.get(is_final=True, is_superseded=False)
    assert (newest.compensation, newest.award) == (2_000, 7_880)
    assert wallet(rich_buyer) == before + 2_000
    assert sum(pockets(ruled.refund.order).values()) == shop - 2_000
    assert (ruled.state, ruled.supplemented) == (DisputeState.CLOSED, 2_000)


def test_a_panel_takes_compensation_away_only_where_the_shop_appeals_too(
    large_reviewed, arbiter, senior, rich_buyer, seller, lead, panelists, at
):
    shares = {"seller": 8_000, "buyer": 2_000}
    draft = drafted(large_reviewed, shares=shares, compensation=3_000)
    lifecycle.rule(large_reviewed, draft, by=arbiter, at=at)
    lifecycle.sign(large_reviewed, agrees=True, by=senior, at=at)
    appeal = before_the_panel(large_reviewed, rich_buyer, seller, lead, at)
    votes(appeal, panelists, [change(0, **shares)] * 3, at)
    large_reviewed.refresh_from_db()
    newest = Ruling.objects.get(is_final=True, is_superseded=False)
    assert (newest.compensation, newest.version) == (3_000, 1), "never worse for a buyer who appeals alone"
    assert large_reviewed.state == DisputeState.CLOSED


def test_a_compensation_that_cannot_be_is_refused(ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(ruled, rich_buyer, seller, lead, at)
    too_much = change(ruled.refund.order.total + 1, seller=10_000)
    assert refused(lambda: votes(appeal, panelists[:1], [too_much], at)) == "incomplete"
    assert refused(lambda: votes(appeal, panelists[:1], [change(-1, seller=10_000)], at)) == "incomplete"


def test_the_platform_takes_on_what_turns_out_to_be_its_own_fault(ruled, seller, rich_buyer, lead, panelists, at):
    """The shop's ¥58.80 were paid at once. The panel finds the same sum due, by the platform."""
    own("platform:own", 10_000, at)
    before, shop = wallet(rich_buyer), pockets(ruled.refund.order)["available"]
    appeal = before_the_panel(ruled, seller, rich_buyer, lead, at)
    platforms = change(None, platform=6_000, buyer=4_000)
    votes(appeal, panelists, [{"word": "uphold"}, platforms, platforms], at)
    ruled.refresh_from_db()
    assert ruled.state == DisputeState.CLOSED
    assert Ruling.objects.get(is_final=True, is_superseded=False).shares["platform"] == 6_000
    assert wallet(rich_buyer) == before, "the buyer hears nothing of it"
    assert pockets(ruled.refund.order)["available"] == shop + 5_880
    assert balance("platform:own") == 10_000 - 5_880
    assert "dispute.fault_taken_on" in events_of(ruled)


def test_compensation_for_the_platforms_own_fault_is_the_platforms_to_pay(reviewed, at):
    own("platform:own", 50_000, at)
    draft = drafted(reviewed, shares={"platform": 10_000}, compensation=1_000)
    legs = {leg["name"]: leg["amount"] for leg in rulings.prepare(reviewed, draft).funding["legs"]}
    assert legs == {"platform": 10_800}


def test_staff_rules_on_no_more_of_the_platforms_money_by_calling_it_compensation(reviewed, arbiter, at):
    """¥98.00 of the price and ¥110.00 on top are more than the ¥200.00 that the platform's own staff may rule."""
    draft = drafted(reviewed, shares={"platform": 10_000}, compensation=11_000)
    assert refused(lambda: lifecycle.rule(reviewed, draft, by=arbiter, at=at)) == "no_staff_ruling"
    less = drafted(reviewed, shares={"platform": 10_000}, compensation=10_000)
    assert lifecycle.rule(reviewed, less, by=arbiter, at=at).needs_signature


def test_an_appeal_is_filed_against_a_ruling_that_orders_a_replacement_by_either_side(large_ruled, seller, at):
    Ruling.objects.filter(dispute=large_ruled).update(orders_replacement=True)
    assert appeals.may_gain(large_ruled, large_ruled.side_of(seller))
    assert filed(large_ruled, seller, at).dispute == Dispute.objects.get()


def test_a_member_finds_the_draft_among_what_needs_them_until_they_said_what_they_find(client, fraud):
    bench, at = f"/bench/{fraud.number}/", fraud.entered_at
    clock.advance(at - clock.now())

    def cards(user):
        client.force_login(user)
        found = client.get("/me/", headers={"accept-language": "en"}).context["cards"]
        return [(each["card"].url, str(each["card"].kind)) for each in found]

    first, second = members(fraud)
    assert cards(first) == [(bench, "To sign")]
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=at)
    assert cards(first) == []
    assert cards(second) == [(bench, "To sign")]
    assert cards(staff("senior", at=at, name="stranger")) == []
