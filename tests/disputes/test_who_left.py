"""Whose role has ended has no case, no signature and no seat any more: each goes to somebody else within a minute."""

import pytest

from accounts import lifecycle as accounts
from accounts.models import Role
from disputes import appeals, handover, lifecycle, neutrals
from disputes.models import Seat
from disputes.states import DisputeState
from disputes.tasks import hand_on
from kamen import books
from tests.disputes.sayings import events_of, lapse
from tests.disputes.test_appeals import REASONS, before_the_panel
from tests.disputes.test_panels import FOUND, fraud, members  # noqa: F401 - the fixture
from tests.disputes.test_waterfalls import cheated, sold  # noqa: F401 - fixtures
from tests.disputes.test_who_must_sit import sitting
from tests.fixtures.disputes import drafted
from tests.fixtures.people import person, staff


def test_an_arbiters_cases_go_to_another_one_with_an_event(reviewed, arbiter, second_arbiter, lead, at):
    hand_on()
    reviewed.refresh_from_db()
    assert reviewed.arbiter == arbiter, "nobody has left"
    accounts.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    hand_on()
    reviewed.refresh_from_db()
    assert (reviewed.arbiter, reviewed.state) == (second_arbiter, DisputeState.REVIEW)
    assert events_of(reviewed)[-1] == "dispute.reassigned"
    assert Seat.objects.get(user=arbiter).left == "reassigned"
    seen = len(events_of(reviewed))
    hand_on()
    assert len(events_of(reviewed)) == seen, "once"
    assert list(books.violations()) == []


def test_who_holds_another_role_that_gives_the_part_keeps_it(reviewed, arbiter, second_arbiter, lead, at):
    accounts.grant(arbiter, Role.LEAD, by=lead, at=at)
    accounts.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    hand_on()
    reviewed.refresh_from_db()
    assert reviewed.arbiter == arbiter


def test_where_nobody_else_is_free_the_lead_has_it(reviewed, arbiter, lead, at):
    accounts.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    hand_on()
    reviewed.refresh_from_db()
    assert reviewed.arbiter == lead


def test_a_signature_is_asked_of_the_next_person(signing, senior, second_senior, lead, at):
    assert signing.senior == senior
    accounts.revoke(senior, Role.SENIOR, by=lead, at=at)
    hand_on()
    signing.refresh_from_db()
    assert (signing.senior, signing.state) == (second_senior, DisputeState.SIGNING)
    assert events_of(signing)[-1] == "dispute.signer_changed"
    lifecycle.sign(signing, agrees=True, by=second_senior, at=at)
    assert signing.state == DisputeState.RULED


def test_a_seat_on_a_panel_is_somebody_new_s_and_a_vote_that_is_in_stays(
    large_ruled, rich_buyer, seller, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    first, second, third = sitting(large_ruled)
    appeals.vote(appeal, word="uphold", reasons=REASONS, by=first, at=at)
    fresh = staff(Role.SENIOR, at=at, name="fresh")
    for left in (first, second):
        for held in list(left.staff_roles.filter(revoked_at=None)):
            accounts.revoke(left, held.role, by=lead, at=at)
    hand_on()
    assert set(sitting(large_ruled)) == {first, third, fresh}
    assert events_of(appeal)[-1] == "appeal.panel_replaced"
    hand_on()
    assert set(sitting(large_ruled)) == {first, third, fresh}
    for member in (third, fresh):
        appeals.vote(appeal, word="uphold", reasons=REASONS, by=member, at=at)
    assert appeal.state == "upheld"
    assert list(books.violations()) == []


def test_a_chief_who_left_is_followed_by_another_lead(large_ruled, rich_buyer, seller, lead, panelists, at):
    boss = staff(Role.LEAD, at=at, name="boss")
    third = staff(Role.LEAD, at=at, name="third")
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    lapse(appeal)
    lapse(appeal)
    chief = appeal.chief
    assert chief is not None
    accounts.revoke(chief, Role.LEAD, by=next(each for each in (lead, boss, third) if each != chief), at=at)
    hand_on()
    appeal.refresh_from_db()
    assert appeal.chief not in (None, chief)
    assert events_of(appeal)[-1] == "appeal.chief_named"


def test_somebody_from_outside_keeps_the_case_until_they_work_for_the_mall(large_reviewed, lead, at):
    outside = neutrals.enlist(
        user=person("outside"), name="张明", organization="中心", about="无利害关系", by=lead, at=at
    )
    neutrals.refer(large_reviewed, by=lead, at=at)
    hand_on()
    large_reviewed.refresh_from_db()
    assert large_reviewed.arbiter == outside.user
    accounts.grant(outside.user, Role.AGENT, by=lead, at=at)
    hand_on()
    large_reviewed.refresh_from_db()
    assert (large_reviewed.arbiter, large_reviewed.neutral) == (None, None)
    assert events_of(large_reviewed)[-1] == "dispute.neutral_awaited"


def test_what_is_over_or_stands_still_is_left_alone(ruled, arbiter, senior, lead, at):
    accounts.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    assert handover.hand_on_all(at=at) == 0
    ruled.refresh_from_db()
    assert ruled.arbiter == arbiter


def test_a_part_that_fails_holds_up_no_other(signing, arbiter, senior, second_senior, lead, at, monkeypatch, caplog):
    def broken(*_told, **_how):
        raise RuntimeError("as if its history were broken")

    for person_, role in ((arbiter, Role.ARBITER), (senior, Role.SENIOR)):
        accounts.revoke(person_, role, by=lead, at=at)
    monkeypatch.setattr(handover, "_judge", broken)
    assert handover.hand_on_all(at=at) == 1
    signing.refresh_from_db()
    assert signing.senior == second_senior
    assert "could not be handed on" in caplog.text


@pytest.mark.usefixtures("arbiter")
def test_a_draft_that_waits_for_a_senior_does_not_wait_for_who_wrote_it(
    reviewed, arbiter, second_arbiter, senior, lead, at
):
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    accounts.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    hand_on()
    reviewed.refresh_from_db()
    assert reviewed.arbiter == second_arbiter, "if it is sent back, it is theirs"
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert reviewed.state == DisputeState.RULED
    assert list(books.violations()) == []


def test_a_member_of_the_first_panel_who_left_is_followed_by_somebody_new_and_a_finding_stays(fraud, lead):  # noqa: F811
    at = fraud.entered_at
    first, second = members(fraud)
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=first, at=at)
    for left in (first, second):
        for held in list(left.staff_roles.filter(revoked_at=None)):
            accounts.revoke(left, held.role, by=lead, at=at)
    hand_on()
    assert first in members(fraud), "what was found stays"
    (new,) = [each for each in members(fraud) if each != first]
    assert new != second
    lifecycle.sign(fraud, agrees=True, note_text=FOUND, by=new, at=at)
    assert fraud.state == DisputeState.RULED
