"""A case against the platform while nobody from outside can be named: nobody of the house judges it, no clock rules it,
and it never stands still. The buyer goes outside at once, or has the rulebook's figure from the platform itself."""

from datetime import timedelta

import pytest

from accounts import lifecycle as accounts
from accounts.models import Role
from disputes import appeals, budget, choices, hearing, lapses, lifecycle, neutrals, suspension
from disputes.models import Dispute, Ruling, Seat
from disputes.states import DisputeState
from disputes.tasks import look_for_neutrals
from kamen import books
from ledger.accounts import balance
from refunds import lifecycle as refunds
from tests.disputes.sayings import events_of, lapse, refused, wallet
from tests.disputes.test_appeals import REASONS, before_the_panel
from tests.disputes.test_dispute import own, pockets
from tests.disputes.test_owed_by_whom import told
from tests.disputes.test_waiting import silent_shop, wait_timer
from tests.disputes.test_who_must_sit import alarms, sitting
from tests.fixtures.disputes import declined, drafted
from tests.fixtures.people import person, staff
from timeline import clock
from timeline.models import Timer
from timeline.sweep import sweep

ENGLISH = {"accept-language": "en"}
HOUR = timedelta(hours=1)
NOBODY = "no outside neutral is on the list"


def outsider(lead, at, name="outside"):
    """Somebody whom a lead puts on the public list."""
    about = {"organization": "某某调解中心", "about": "调解员，无利害关系"}
    return neutrals.enlist(user=person(name), name=f"张{name}", **about, by=lead, at=at)


@pytest.fixture
def referred(large_reviewed, arbiter, lead, at):
    """The arbiter has referred the case of ¥294.00; nobody is on the list."""
    own("platform:own", 50_000, at)
    neutrals.refer(large_reviewed, by=arbiter, at=at)
    return large_reviewed


@pytest.fixture
def against_us(monkeypatch):
    """The rules see the fault with the platform alone, above ¥200."""
    monkeypatch.setattr(neutrals, "is_against_platform", lambda refund: True)


def test_nobody_of_the_staff_gets_it_and_no_clock_rules_it(referred, arbiter, second_arbiter, senior, lead, rich_buyer):
    assert (referred.arbiter, referred.owner) == (None, "lead")
    before, money, had = wallet(rich_buyer), balance("platform:own"), pockets(referred.refund.order)
    for number in (1, 2):
        lapse(referred)
        assert (referred.state, referred.arbiter, referred.ran_out) == (DisputeState.REVIEW, None, number)
        assert (referred.advanced, events_of(referred)[-1]) == (0, "dispute.neutral_awaited")
    lapse(referred)
    assert (referred.state, referred.arbiter, referred.advanced) == (DisputeState.REVIEW, None, 29_400)
    assert wallet(rich_buyer) == before + 29_400
    assert balance("platform:own") == money - 29_400, "the platform pays, whoever the rules see at fault"
    assert pockets(referred.refund.order)["deposit"] == had["deposit"]
    for _ in range(3):
        lapse(referred)
    assert not Ruling.objects.exists()
    assert (referred.state, wallet(rich_buyer)) == (DisputeState.REVIEW, before + 29_400), "once"
    assert alarms(referred) == [NOBODY] * 7, "each day"
    assert referred.deadline_at == referred.entered_at + 24 * HOUR
    assert list(books.violations()) == []


def test_a_case_that_opens_so_is_heard_without_a_judge(against_us, order, rich_buyer, arbiter, lead, at):
    refund = declined(order, rich_buyer, at=at, places=(1, 2, 3))
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.arbiter) == (DisputeState.OPENED, None)
    assert refused(lambda: lifecycle.assign(dispute, arbiter, by=lead, at=at)) == "no_staff_ruling"
    words = {"ground": "scope", "reasons": REASONS, "by": lead, "at": at}
    assert refused(lambda: lifecycle.dismiss(dispute, **words)) == "no_staff_ruling", "nor is it thrown out"
    assert not {"assign", "dismiss", "rule", "refer"} & set(choices.actions_for(dispute, lead, at))
    lapse(dispute)
    assert (dispute.state, dispute.arbiter) == (DisputeState.EVIDENCE, None)
    assert dispute.evidence.exists(), "our records are in the file"
    lapse(dispute)
    assert (dispute.state, dispute.arbiter) == (DisputeState.REVIEW, None)
    assert events_of(dispute)[-1] == "dispute.neutral_awaited"


def test_the_silence_of_a_side_does_not_rule_it(against_us, order, rich_buyer, arbiter, lead, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    for _ in range(3):
        lapse(dispute)
    assert (dispute.state, dispute.arbiter, Ruling.objects.count()) == (DisputeState.REVIEW, None, 0)


def test_an_arbiter_loses_it_when_the_rules_come_to_see_the_platform_at_fault(
    monkeypatch, large_reviewed, arbiter, lead, at
):
    own("platform:own", 50_000, at)
    monkeypatch.setattr(neutrals, "is_against_platform", lambda refund: True)
    lapse(large_reviewed)
    assert (large_reviewed.is_against_platform, large_reviewed.arbiter) == (True, None)
    lapse(large_reviewed)
    lapse(large_reviewed)
    assert (large_reviewed.advanced, Ruling.objects.count()) == (29_400, 0)


def test_who_comes_on_the_list_is_named_when_the_clock_ends(referred, lead, at):
    lapse(referred)
    outside = outsider(lead, at)
    lapse(referred)
    assert (referred.neutral, referred.arbiter) == (outside, outside.user)
    assert referred.deadline_at > referred.entered_at + 24 * HOUR, "with the whole time for a ruling"
    assert list(books.violations()) == []


def test_who_comes_on_the_list_is_named_within_a_minute(referred, lead, at):
    look_for_neutrals()
    assert Dispute.objects.get().arbiter is None
    outside = outsider(lead, at)
    assert "refer" in choices.actions_for(referred, lead, at)
    look_for_neutrals()
    found = Dispute.objects.get()
    assert (found.arbiter, found.state) == (outside.user, DisputeState.REVIEW)
    look_for_neutrals()
    assert events_of(found).count("dispute.neutral_named") == 1


def test_a_case_that_fails_ends_no_look_for_somebody(referred, lead, at, monkeypatch, caplog):
    def broken(*_told, **_how):
        raise RuntimeError("as if its history were broken")

    outsider(lead, at)
    monkeypatch.setattr(neutrals, "name", broken)
    assert neutrals.look_again_everywhere(at=at) == 0
    assert "could not be looked for" in caplog.text


def test_a_lead_names_whoever_is_on_the_list_by_hand_and_nobody_where_it_is_empty(referred, lead, at):
    assert refused(lambda: neutrals.refer(referred, by=lead, at=at)) == "no_neutral"
    assert "refer" not in choices.actions_for(referred, lead, at)
    outside = outsider(lead, at)
    neutrals.refer(referred, by=lead, at=at)
    assert referred.arbiter == outside.user
    draft = drafted(referred, shares={"platform": 10_000})
    lifecycle.rule(referred, draft, by=outside.user, at=at)
    assert referred.state == DisputeState.RULED
    assert list(books.violations()) == []


def test_who_is_late_goes_for_somebody_new_only(referred, lead, at):
    first = outsider(lead, at)
    lapse(referred)
    lapse(referred)
    assert (referred.arbiter, events_of(referred)[-1]) == (first.user, "dispute.neutral_late")
    second = outsider(lead, at, "second")
    lapse(referred)
    assert referred.arbiter == second.user
    assert Seat.objects.get(user=first.user).left == "lapsed"


def test_who_came_to_work_for_the_mall_loses_the_case(referred, lead, at):
    first = outsider(lead, at)
    lapse(referred)
    accounts.grant(first.user, Role.AGENT, by=lead, at=at)
    lapse(referred)
    assert (referred.neutral, referred.arbiter, events_of(referred)[-1]) == (None, None, "dispute.neutral_awaited")
    assert list(books.violations()) == []


def test_a_challenged_neutral_goes_and_no_lead_comes(referred, lead, rich_buyer, at):
    outsider(lead, at)
    neutrals.refer(referred, by=lead, at=at)
    hearing.challenge(referred, ground="knows", text="与店铺相识", by=rich_buyer, at=at)
    assert (referred.neutral, referred.arbiter, events_of(referred)[-1]) == (None, None, "dispute.neutral_awaited")


def waited(dispute, at):
    """The 13 days are over at `at`."""
    Timer.objects.filter(subject=dispute.address, limit=budget.WAIT).update(due_at=at, next_try_at=at)
    sweep(at=at)
    dispute.refresh_from_db()


def test_after_thirteen_days_the_platform_pays_the_figure_ahead(referred, rich_buyer, lead, at):
    before, money = wallet(rich_buyer), balance("platform:own")
    waited(referred, at + HOUR)
    assert (referred.arbiter, referred.budget_over_at, referred.advanced) == (None, at + HOUR, 0)
    assert events_of(referred)[-1] == "dispute.neutral_awaited"
    assert budget.over_at(referred) == at + 25 * HOUR
    sweep(at=at + 25 * HOUR)
    referred.refresh_from_db()
    assert (referred.advanced, wallet(rich_buyer) - before) == (29_400, 29_400)
    assert (balance("platform:own"), referred.arbiter) == (money - 29_400, None)
    assert lapses.to_advance(referred) == 0


def test_every_way_out_stays_open(referred, rich_buyer, seller, at):
    assert {"go_outside", "withdraw"} <= set(choices.actions_for(referred, rich_buyer, at))
    assert "concede" in choices.actions_for(referred, seller, at)
    suspension.go_outside(referred, by=rich_buyer, at=at)
    lapse(referred)
    assert (referred.state, referred.arbiter) == (DisputeState.REVIEW, None), "and comes back as it was"
    lifecycle.withdraw(referred, by=rich_buyer, at=referred.entered_at)
    assert referred.state == DisputeState.WITHDRAWN


def test_the_buyer_ends_it_with_what_the_platform_paid_ahead(referred, client, rich_buyer, seller, lead):
    before = wallet(rich_buyer)
    for _ in range(3):
        lapse(referred)
    clock.advance(referred.entered_at - clock.now())
    client.force_login(rich_buyer)
    page = client.get(referred.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "Keep what was paid and end the case" in page
    assert "The platform has paid ¥294.00 ahead" in page
    client.post(f"/disputes/{referred.number}/withdraw/")
    referred.refresh_from_db()
    assert (referred.state, referred.outcome) == (DisputeState.WITHDRAWN, "withdrawn")
    assert wallet(rich_buyer) == before + 29_400
    assert events_of(referred)[-1] == "dispute.advance_kept"
    assert list(books.violations()) == []


def test_what_a_shop_paid_ahead_is_not_kept_without_a_ruling(large_reviewed, arbiter, lead, rich_buyer, at):
    waited(large_reviewed, at + HOUR)
    sweep(at=wait_timer(large_reviewed, budget.LAST).due_at)
    large_reviewed.refresh_from_db()
    assert large_reviewed.advanced == 29_400
    neutrals.refer(large_reviewed, by=lead, at=large_reviewed.entered_at)
    assert "withdraw" not in choices.actions_for(large_reviewed, rich_buyer, large_reviewed.entered_at)


def test_both_sides_read_why_nobody_has_it_and_what_the_buyer_can_do(referred, client, rich_buyer, seller, lead, at):
    lapse(referred)
    clock.advance(referred.entered_at - clock.now())
    client.force_login(rich_buyer)
    page = client.get(referred.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "nobody of the platform decides this case" in page
    assert "you can take the case straight outside now" in page
    assert "figure of ¥294.00 ahead" in page
    assert "12315" in page
    client.force_login(seller)
    page = client.get(referred.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "the shop pays nothing for it" in page
    assert "you can take the case straight outside now" not in page
    client.force_login(lead)
    client.post(f"/bench/{referred.number}/open/")
    page = client.get(f"/bench/{referred.number}/", headers=ENGLISH).content.decode()
    assert "/bench/neutrals/" in page
    assert referred.number in client.get("/bench/?show=unassigned").content.decode(), "it is nobody's"


# appeals


@pytest.fixture
def decided(referred, lead, at):
    """Somebody from outside, the only one of the list, has ruled against the platform."""
    outside = outsider(lead, at)
    neutrals.refer(referred, by=lead, at=at)
    draft = drafted(referred, shares={"platform": 10_000})
    lifecycle.rule(referred, draft, by=outside.user, at=at)
    return referred


def test_no_panel_and_no_chief_of_the_house_decides_such_an_appeal(
    decided, client, rich_buyer, seller, lead, panelists, at
):
    second_lead = staff(Role.LEAD, at=at, name="lead2")
    appeal = before_the_panel(decided, seller, rich_buyer, lead, at)
    members = sitting(decided)
    assert len(members) == 2
    for member in members:
        appeals.vote(appeal, word="uphold", reasons=REASONS, by=member, at=at)
    for number in (1, 2, 3, 4):
        lapse(appeal)
        assert (appeal.state, appeal.ran_out, appeal.chief) == ("panel", number, None)
        assert sitting(decided) == members, "nobody of the house has the seat of somebody from outside"
    assert events_of(appeal)[-1] == "appeal.neutral_awaited"
    clock.advance(appeal.entered_at - clock.now())
    client.force_login(rich_buyer)
    page = client.get(decided.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "Nobody of the platform takes that seat" in page
    assert "go_outside" in choices.actions_for(Dispute.objects.get(), rich_buyer, appeal.entered_at)
    assert "vote" not in choices.actions_for(Dispute.objects.get(), second_lead, appeal.entered_at)
    found = outsider(lead, at, "found")
    lapse(appeal)
    assert found.user in sitting(decided)
    appeals.vote(appeal, word="uphold", reasons=REASONS, by=found.user, at=appeal.entered_at)
    assert appeal.state == "upheld"
    assert list(books.violations()) == []


def test_who_sits_from_outside_and_is_late_keeps_the_seat_while_nobody_else_is_there(
    decided, rich_buyer, seller, lead, panelists, at
):
    found = outsider(lead, at, "found")
    appeal = before_the_panel(decided, seller, rich_buyer, lead, at)
    assert found.user in sitting(decided)
    lapse(appeal)
    lapse(appeal)
    assert found.user in sitting(decided)
    assert appeal.chief is None, "no chief before somebody from outside has voted"
    appeals.vote(appeal, word="uphold", reasons=REASONS, by=found.user, at=appeal.entered_at)
    lapse(appeal)
    assert appeal.chief is not None, "then the ladder goes on as ever"


def test_a_case_that_is_sent_back_goes_to_nobody_of_the_house(decided, rich_buyer, seller, lead, panelists, at):
    found = outsider(lead, at, "found")
    appeal = before_the_panel(decided, seller, rich_buyer, lead, at)
    members = [each for each in sitting(decided) if each != found.user]
    for member in [*members, found.user]:
        appeals.vote(appeal, word="remand", reasons=REASONS, by=member, at=at)
    again = Dispute.objects.get()
    assert (again.state, again.arbiter, again.neutral) == (DisputeState.REVIEW, None, None)
    assert events_of(again)[-1] == "dispute.neutral_awaited"
    assert list(books.violations()) == []


def test_a_panel_of_the_house_does_not_blame_the_platform_for_more_than_its_staff_may_rule(
    large_ruled, rich_buyer, seller, lead, panelists, at
):
    own("platform:own", 50_000, at)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    words = {"word": "change", "reasons": REASONS, "by": sitting(large_ruled)[0], "at": at}
    assert refused(lambda: appeals.vote(appeal, shares={"platform": 10_000}, **words)) == "no_staff_ruling"
    appeals.vote(appeal, shares={"platform": 5_000, "seller": 5_000}, **words)
    assert appeal.votes.count() == 1, "¥147.00 of the platform's own"


# what people are told


def test_both_sides_are_told_each_in_their_own_words(referred, rich_buyer, seller, arbiter):
    lapse(referred)
    assert "dispute.neutral_awaited" in told(rich_buyer)
    assert "dispute.neutral_awaited_by_shop" in told(seller)
