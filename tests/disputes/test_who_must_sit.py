"""Who must be among the three of a panel: somebody who knows the law, somebody from outside; and who steps back."""

import json
from datetime import timedelta

import pytest

from accounts import lifecycle as accounts
from accounts.models import Role
from disputes import appeals, assignment, choices, lifecycle, neutrals
from disputes.models import Appeal, Dispute, Ruling, Seat, Vote
from disputes.paper import Paper
from disputes.ruling_paper import ruling_paper
from disputes.states import DisputeState
from kamen import books
from tests.disputes.sayings import events_of, lapse, refused
from tests.disputes.test_appeals import REASONS, before_the_panel, voted
from tests.disputes.test_dispute import own
from tests.disputes.test_people import session
from tests.fixtures.disputes import drafted
from tests.fixtures.people import person, staff
from timeline.models import Event

HOUR = timedelta(hours=1)
ENGLISH = {"accept-language": "en"}


def sitting(dispute):
    """Who sits on the panel now."""
    seats = Seat.objects.filter(dispute=dispute, part="reviewer", until=None).select_related("user").order_by("pk")
    return [seat.user for seat in seats]


def alarms(dispute):
    """What the leads were alarmed with."""
    found = Event.objects.filter(subject=dispute.address, name="dispute.alarm").order_by("seq")
    return [event.data["what"] for event in found]


@pytest.fixture
def panelists(at):
    """Three people who had no part in any case, none of whom knows the law."""
    return [staff(Role.SENIOR, at=at, name=f"panel{number}") for number in (1, 2, 3)]


@pytest.fixture
def counsel(at):
    """Somebody who knows the law of consumers."""
    return staff(Role.COUNSEL, at=at, name="counsel")


@pytest.fixture
def listed(lead, at):
    """Two people from outside on the public list."""
    about = {"organization": "某某调解中心", "about": "调解员，无利害关系"}
    return [
        neutrals.enlist(user=person(f"outside{place}"), name=name, **about, by=lead, at=at)
        for place, name in enumerate(("张明", "李华"))
    ]


@pytest.fixture
def is_weighty(monkeypatch):
    """The case of ¥294.00 counts as one of ¥5,000."""
    monkeypatch.setattr(appeals, "COUNSEL_FROM", 20_000)


@pytest.fixture
def against_us(large_reviewed, arbiter, senior, at):
    """The platform itself bears ¥147.00 of ¥294.00."""
    own("platform:own", 50_000, at)
    shares = {"platform": 5_000, "seller": 5_000}
    lifecycle.rule(large_reviewed, drafted(large_reviewed, shares=shares), by=arbiter, at=at)
    lifecycle.sign(large_reviewed, agrees=True, by=senior, at=at)
    return large_reviewed


@pytest.mark.usefixtures("is_weighty")
def test_where_much_is_at_stake_somebody_who_knows_the_law_sits(
    large_ruled, rich_buyer, seller, lead, panelists, counsel, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    assert counsel in sitting(large_ruled)
    assert len(sitting(large_ruled)) == 3
    assert "vote" in choices.actions_for(large_ruled, counsel, at)
    voted(appeal, sitting(large_ruled), ["uphold", "uphold", "uphold"], at)
    assert appeal.state == "upheld"


def test_where_less_is_at_stake_anybody_new_sits(large_ruled, rich_buyer, seller, lead, panelists, counsel, at):
    before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    assert sitting(large_ruled) == panelists
    assert alarms(large_ruled) == []


@pytest.mark.usefixtures("is_weighty")
def test_where_nobody_knows_the_law_the_lead_hears_of_it_and_the_clock_goes_on(
    client, large_ruled, rich_buyer, seller, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    assert len(sitting(large_ruled)) == 2, "one seat is kept free"
    assert alarms(large_ruled) == ["nobody who knows the law is free for the panel"]
    client.force_login(rich_buyer)
    page = client.get(large_ruled.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "A legal reviewer belongs on this panel" in page
    voted(appeal, sitting(large_ruled), ["uphold", "uphold"], at)
    assert appeal.state == "panel", "two of three"
    lapse(appeal)
    assert len(sitting(large_ruled)) == 3, "no case waits for ever"
    voted(appeal, [sitting(large_ruled)[-1]], ["uphold"], appeal.entered_at)
    assert appeal.state == "upheld"


@pytest.mark.usefixtures("is_weighty")
def test_who_is_found_meanwhile_has_the_seat_that_was_kept_free(large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    found = staff(Role.COUNSEL, at=at, name="found")
    voted(appeal, sitting(large_ruled), ["uphold", "uphold"], at)
    lapse(appeal)
    assert sitting(large_ruled)[-1] == found, "before anybody else who is free"


def test_where_the_platform_is_liable_somebody_from_outside_sits_and_sees_no_more_than_the_case(
    client, against_us, rich_buyer, seller, lead, panelists, listed, at
):
    appeal = before_the_panel(against_us, seller, rich_buyer, lead, at)
    outside = listed[0].user
    assert outside in sitting(against_us)
    client.force_login(outside)
    assert against_us.number in client.get("/bench/").content.decode()
    client.post(f"/bench/{against_us.number}/open/")
    assert client.get(f"/bench/{against_us.number}/vote/").status_code == 200
    client.force_login(rich_buyer)
    page = client.get(against_us.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "张明 (某某调解中心)" in page, "both sides read who it is"
    others = [each for each in sitting(against_us) if each != outside]
    voted(appeal, [*others, outside], ["uphold", "uphold", "uphold"], at)
    assert appeal.state == "upheld"
    client.force_login(outside)
    assert client.get(f"/bench/{against_us.number}/").status_code == 404, "the case is over"


def test_without_anybody_outside_the_seat_is_free_until_the_clock(against_us, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(against_us, seller, rich_buyer, lead, at)
    assert len(sitting(against_us)) == 2
    assert alarms(against_us) == ["nobody from outside is free for the panel"]
    lapse(appeal)
    assert panelists[2] in sitting(against_us), "then whoever is free has it"


def test_who_is_near_to_a_side_is_not_named_from_the_list(large_reviewed, rich_buyer, arbiter, listed, at):
    session(rich_buyer, "8.8.8.7")
    session(listed[0].user, "8.8.8.200")
    neutrals.refer(large_reviewed, by=arbiter, at=at)
    assert large_reviewed.neutral == listed[1]


def test_who_came_to_work_for_the_mall_or_is_suspended_is_not_named_from_the_list(large_reviewed, lead, listed, at):
    first, second = listed
    held = accounts.grant(first.user, Role.COUNSEL, by=lead, at=at)
    assert assignment.next_neutral(large_reviewed, at=at) == second
    accounts.suspend(second.user, reason="骗局", until=at + HOUR, by=lead, at=at)
    assert assignment.next_neutral(large_reviewed, is_for_panel=True, at=at) is None
    accounts.revoke(first.user, held.role, by=lead, at=at)
    assert assignment.next_neutral(large_reviewed, at=at) == first
    assert assignment.next_neutral(large_reviewed, at=at + 2 * HOUR) in listed


def test_who_lost_the_role_decides_nothing_more_whatever_else_they_do_here(
    large_ruled, rich_buyer, seller, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    dismissed = panelists[0]
    accounts.grant(dismissed, Role.AGENT, by=lead, at=at)
    accounts.revoke(dismissed, Role.SENIOR, by=lead, at=at)
    assert "vote" not in choices.actions_for(large_ruled, dismissed, at)
    vote = {"word": "uphold", "reasons": REASONS, "by": dismissed, "at": at}
    assert refused(lambda: appeals.vote(appeal, **vote)) == "not_your_turn"
    assert refused(lambda: appeals.recuse(appeal, by=dismissed, at=at)) == "not_your_turn"
    fresh = staff(Role.SENIOR, at=at, name="fresh")
    lapse(appeal)
    assert fresh in sitting(large_ruled), "somebody new has the seat"
    assert dismissed not in sitting(large_ruled)


def test_a_member_of_the_panel_steps_back_for_good(client, large_ruled, rich_buyer, seller, lead, panelists, at):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    fresh = staff(Role.SENIOR, at=at, name="fresh")
    first, second, _third = panelists
    client.force_login(first)
    client.post(f"/bench/{large_ruled.number}/open/")
    assert client.post(f"/bench/{large_ruled.number}/recuse/").status_code == 302
    assert first not in sitting(large_ruled)
    assert fresh in sitting(large_ruled)
    voted(appeal, [second], ["uphold"], at)
    assert refused(lambda: appeals.recuse(appeal, by=second, at=at)) == "not_your_turn", "a vote stays"
    assert refused(lambda: appeals.recuse(appeal, by=seller, at=at)) == "not_your_turn"
    assert "recuse" not in choices.actions_for(large_ruled, second, at)
    assert events_of(large_ruled)[-1] == "dispute.recused"


def test_a_case_of_a_neutral_that_is_sent_back_goes_to_the_next_one_of_the_list(
    large_reviewed, rich_buyer, seller, arbiter, lead, panelists, listed, at
):
    own("platform:own", 50_000, at)
    neutrals.refer(large_reviewed, by=arbiter, at=at)
    first, second = listed
    draft = drafted(large_reviewed, shares={"platform": 10_000})
    lifecycle.rule(large_reviewed, draft, by=first.user, at=at)
    appeal = before_the_panel(large_reviewed, seller, rich_buyer, lead, at)
    assert second.user in sitting(large_reviewed)
    voted(appeal, sitting(large_reviewed), ["remand", "remand", "uphold"], at)
    again = Dispute.objects.get()
    assert again.state == DisputeState.REVIEW
    assert again.arbiter not in (first.user, arbiter)
    assert "no outside neutral is on the list" in alarms(again), "the second one sat on the panel"
    third = neutrals.enlist(
        user=person("outside9"), name="王芳", organization="大学", about="无利害关系", by=lead, at=at
    )
    neutrals.refer(again, by=lead, at=at)
    assert again.arbiter == third.user
    assert list(books.violations()) == []


def test_the_sealed_decision_of_a_panel_names_all_three_and_what_each_found(
    client, large_ruled, rich_buyer, seller, lead, panelists, at, monkeypatch
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [0, 0, "uphold"], at)
    ruling = Ruling.objects.get(kind="appeal")
    said: list[str] = []
    monkeypatch.setattr(Paper, "say", lambda paper, text: said.append(text))
    ruling_paper(ruling.seal)
    assert sum(REASONS in each for each in said) == 1, "on paper the reasons stand once, and the names below"
    assert sum(each.startswith("合议组成员") for each in said) == 3
    told = json.loads(ruling.seal.text)["panel"]
    assert [each["name"] for each in told] == [str(each) for each in panelists]
    assert [each["word"] for each in told] == ["change", "change", "uphold"], "dissent included"
    assert {each["reasons"] for each in told} == {REASONS}
    client.force_login(rich_buyer)
    page = client.get(f"/disputes/{large_ruled.number}/ruling/", headers=ENGLISH).content.decode()
    signed = page[page.index("Signed by") :]
    assert all(str(each) in signed for each in panelists)


def test_what_a_panel_lets_stand_is_sealed_by_the_hashes_of_its_votes(
    client, large_ruled, rich_buyer, seller, lead, panelists, at
):
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, ["uphold", 0, "uphold"], at)
    hashes = [each.sha256 for each in appeal.votes.order_by("pk")]
    cast = Event.objects.filter(subject=appeal.address, name="appeal.voted").order_by("seq")
    assert [event.data["sha256"] for event in cast] == hashes
    assert Event.objects.get(subject=appeal.address, name="appeal.upheld").data["sha256"] == sorted(hashes)
    client.force_login(rich_buyer)
    page = client.get(large_ruled.get_absolute_url(), headers=ENGLISH).content.decode()
    assert all(each in page for each in hashes)
    assert list(books.violations()) == []


def test_the_hash_of_a_vote_is_of_all_that_it_says(large_ruled, rich_buyer, at):
    vote = Vote(appeal=Appeal(dispute=large_ruled, pk=1), user=rich_buyer, word="uphold", reasons=REASONS, at=at)
    other = Vote(appeal=Appeal(dispute=large_ruled, pk=1), user=rich_buyer, word="remand", reasons=REASONS, at=at)
    assert vote.sha256 != other.sha256, "the word is part of it"
