"""Who hears a case: load, conflicts, outside neutrals; and penalties, which two people stand for."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.usersessions.models import UserSession

from accounts.models import Role
from disputes import appeals, assignment, choices, hearing, lifecycle, neutrals, penalties, suspension
from disputes.models import Dispute, Neutral, Penalty, Seat
from disputes.states import DisputeState
from disputes.views import words
from ledger.accounts import balance
from orders import delivery
from refunds import lifecycle as refunds
from reputation import deposits, records
from reputation.models import Trace
from tests.api.conftest import signed_in
from tests.disputes.sayings import events_of, lapse, refused, wallet
from tests.disputes.test_dispute import own, pockets
from tests.fixtures.disputes import declined, drafted
from tests.fixtures.people import person, staff
from timeline import clock
from timeline.models import Event

HOUR = timedelta(hours=1)


def session(user, address):
    """Somebody is signed in from a network."""
    return UserSession.objects.create(user=user, ip=address, session_key=f"{user.pk}{address}", user_agent="x", data={})


def free(dispute, role, at):
    return [person.nickname for person in assignment.free_of_conflict(dispute, role, at=at)]


# conflicts


def test_who_was_seen_on_the_buyers_network_does_not_judge(dispute, rich_buyer, second_arbiter, at):
    assert "arbiter2" in free(dispute, Role.ARBITER, at)
    session(rich_buyer, "8.8.8.7")
    session(second_arbiter, "8.8.8.200")
    assert "arbiter2" not in free(dispute, Role.ARBITER, at)


def test_a_network_of_our_own_says_nothing(dispute, rich_buyer, second_arbiter, at):
    session(rich_buyer, "127.0.0.1")
    session(second_arbiter, "127.0.0.1")
    assert "arbiter2" in free(dispute, Role.ARBITER, at)


def test_who_looked_at_the_code_from_the_same_network_does_not_judge(order, rich_buyer, second_arbiter, at):
    refund = declined(order, rich_buyer, at=at)
    delivery.reveal(
        order.units.get(place=1), by=rich_buyer, at=at + HOUR, visit=delivery.Visit(address="9.9.9.9", session="t")
    )
    session(second_arbiter, "9.9.9.10")
    refunds.escalate(refund, by=rich_buyer, at=at + HOUR)
    assert Dispute.objects.get().state == DisputeState.OPENED, "nobody is free"


def test_who_judged_the_same_two_sides_is_barred_while_there_is_somebody_else(
    dispute, order, rich_buyer, lead, arbiter, second_arbiter, at
):
    refunds.withdraw(dispute.refund, by=rich_buyer, at=at)
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    again = Dispute.objects.get(refund=refund)
    assert again.arbiter == second_arbiter
    third = staff(Role.ARBITER, at=at, name="arbiter3")
    assert refused(lambda: lifecycle.assign(again, arbiter, by=lead, at=at)) == "conflict", "somebody else is free"
    lifecycle.assign(again, third, by=lead, at=at)
    assert again.arbiter == third


def test_where_everybody_judged_the_same_two_sides_no_case_waits_for_ever_and_both_sides_read_it(
    client, dispute, order, rich_buyer, seller, arbiter, at
):
    refunds.withdraw(dispute.refund, by=rich_buyer, at=at)
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    again = Dispute.objects.get(refund=refund)
    assert again.arbiter == arbiter
    alarm = Event.objects.get(subject=again.address, name="dispute.alarm")
    assert alarm.data["what"] == "only people who judged the same two sides of late are free"
    for side in (rich_buyer, seller):
        client.force_login(side)
        page = client.get(again.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
        assert "had a part in another case of you two within 90 days; nobody else was free" in page
        assert signed_in(side).get(f"/api/v1/disputes/{again.number}/").json()["knows_both"] is True
    staff(Role.LEAD, at=at, name="lead9")
    lifecycle.challenge(again, ground="knows", text="上一个案子也是他办的", by=rich_buyer, at=at)
    assert again.arbiter.nickname == "lead9", "the next step, as after any challenge"
    assert not assignment.knows_both(again, again.arbiter)


def test_the_leads_hear_of_a_second_signature_by_who_signed_for_the_same_two_sides_of_late(
    client, ruled, order, rich_buyer, seller, second_arbiter, senior, lead, at
):
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    again = Dispute.objects.get(refund=refund)
    for side in (rich_buyer, seller):
        lifecycle.rest(again, by=side, at=at)
    lifecycle.rule(again, drafted(again), by=second_arbiter, at=at)
    assert again.senior == senior, "nobody else signs"
    alarm = Event.objects.get(subject=again.address, name="dispute.alarm")
    assert alarm.data["what"] == "only people who judged the same two sides of late are free"
    client.force_login(rich_buyer)
    page = client.get(again.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    assert page.count("had a part in another case of you two within 90 days; nobody else was free") == 1
    client.force_login(lead)
    client.post(f"/bench/{again.number}/open/")
    page = client.get(f"/bench/{again.number}/", headers={"accept-language": "en"}).content.decode()
    assert "whoever was asked had a part in another case of the same two sides within 90 days" in page
    assert "missed a deadline" not in page, "nobody did"


def test_every_alarm_is_said_in_words():
    literals = re.compile(
        r'alarm\((?:appeal\.)?dispute, "([^"]+)"|^(?:NEAR =|    (?:COUNSEL|OUTSIDER):) "([^"]+)"', re.MULTILINE
    )
    sources = [path.read_text() for path in Path(lifecycle.__file__).parent.glob("*.py")]
    found = {first or second for source in sources for first, second in literals.findall(source)}
    assert {hearing.NEAR, *appeals.NOBODY_OF.values()} < found
    assert len(found) > 15
    assert found - set(words.ALARMS) == set()


def test_a_panel_is_made_of_who_never_judged_the_two_sides_first(
    reviewed, order, rich_buyer, arbiter, senior, lead, at
):
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    refund = declined(order, rich_buyer, at=at, places=(2,))
    for name in ("fresh", "another"):
        staff(Role.ARBITER, at=at, name=name)
    refunds.escalate(refund, by=rich_buyer, at=at)
    again = Dispute.objects.get(refund=refund)
    assert again.arbiter.nickname == "fresh", "who judged the other case of the two is barred"
    assert [each.knows_pair for each in assignment.new_people(again, at=at, most=4)][:2] == [0, 0]


def test_a_full_desk_is_no_reason_to_give_it_to_who_judged_the_same_two_sides(
    dispute, order, rich_buyer, second_arbiter, at, monkeypatch
):
    """The one who is free of it has too much to do: the case waits for the duty lead."""
    refunds.withdraw(dispute.refund, by=rich_buyer, at=at)
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    again = Dispute.objects.get(refund=refund)
    assert again.arbiter == second_arbiter
    monkeypatch.setattr(assignment, "MOST_CASES", 1)
    last = declined(order, rich_buyer, at=at, places=(3,))
    Seat.objects.filter(user=second_arbiter).update(since=at - timedelta(days=91))
    refunds.escalate(last, by=rich_buyer, at=at)
    assert Dispute.objects.get(refund=last).state == DisputeState.OPENED


@pytest.mark.parametrize(
    ("kind", "digest", "is_near"),
    [
        ("device", "d" * 40 + "198.51.100.0", True),
        ("device", "d" * 40 + "192.168.1.0", False),
        ("address", "198.51.100.0", True),
        ("payee", "e" * 62, True),
        ("picture", "f" * 64, False),
    ],
)
def test_who_shares_a_device_a_network_or_a_payee_with_a_side_does_not_judge(
    waiting_dispute, rich_buyer, second_arbiter, at, kind, digest, is_near
):
    for user in (rich_buyer, second_arbiter):
        Trace.objects.create(user=user, kind=kind, digest=digest, first_at=at)
    assert ("arbiter2" not in free(waiting_dispute, Role.ARBITER, at)) == is_near


def test_one_person_is_never_twice_in_a_case(dispute, arbiter, second_arbiter, at):
    Seat.objects.create(dispute=dispute, user=second_arbiter, part="senior", since=at, until=at, left="lapsed")
    assert "arbiter2" not in free(dispute, Role.ARBITER, at)


# neutrals


@pytest.fixture
def neutral(lead, at):
    """Somebody from outside on the public list."""
    user = person("neutral")
    return neutrals.enlist(
        user=user, name="张明", organization="某某调解中心", about="调解员，无利害关系", by=lead, at=at
    )


def test_a_lead_keeps_the_public_list(lead, arbiter, seller, neutral, at):
    words = {"name": "李", "organization": "中心", "about": "x", "at": at}
    assert refused(lambda: neutrals.enlist(user=seller, **words, by=arbiter)) == "not_your_turn"
    assert refused(lambda: neutrals.enlist(user=arbiter, **words, by=lead)) == "not_outside"
    assert refused(lambda: neutrals.enlist(user=neutral.user, **words, by=lead)) == "listed_already"
    assert refused(lambda: neutrals.enlist(user=seller, **{**words, "about": " "}, by=lead)) == "words_missing"
    neutrals.delist(neutral, by=lead, at=at)
    assert refused(lambda: neutrals.delist(neutral, by=lead, at=at)) == "wrong_moment"
    assert Neutral.objects.get().delisted_at == at


def test_above_200_yuan_the_staff_does_not_rule_against_the_platform(large_reviewed, arbiter, at):
    own("platform:own", 50_000, at)
    draft = drafted(large_reviewed, shares={"platform": 10_000})
    assert refused(lambda: lifecycle.rule(large_reviewed, draft, by=arbiter, at=at)) == "no_staff_ruling"
    draft = drafted(large_reviewed, shares={"platform": 5_000, "seller": 5_000})
    lifecycle.rule(large_reviewed, draft, by=arbiter, at=at)
    assert large_reviewed.state == DisputeState.SIGNING, "¥147.00 of the platform's own"


def test_a_neutral_decides_alone_and_the_staff_no_more(large_reviewed, neutral, arbiter, lead, rich_buyer, at):
    own("platform:own", 50_000, at)
    neutrals.refer(large_reviewed, by=arbiter, at=at)
    assert (large_reviewed.neutral, large_reviewed.arbiter) == (neutral, neutral.user)
    draft = drafted(large_reviewed, shares={"platform": 10_000})
    assert refused(lambda: lifecycle.rule(large_reviewed, draft, by=arbiter, at=at)) == "not_your_case"
    assert refused(lambda: lifecycle.assign(large_reviewed, arbiter, by=lead, at=at)) == "no_staff_ruling"
    lifecycle.open_file(large_reviewed, by=neutral.user, at=at)
    assert "rule" in choices.actions_for(large_reviewed, neutral.user, at)
    lifecycle.rule(large_reviewed, draft, by=neutral.user, at=at)
    assert large_reviewed.state == DisputeState.RULED, "nobody of the staff signs it"
    before = wallet(rich_buyer)
    lapse(large_reviewed)
    assert wallet(rich_buyer) == before + 29_400


def test_without_a_neutral_the_buyer_goes_outside_or_the_rules_stand(
    large_reviewed, arbiter, lead, rich_buyer, seller, at
):
    assert "go_outside" not in choices.actions_for(large_reviewed, rich_buyer, at)
    neutrals.refer(large_reviewed, by=lead, at=at)
    assert "dispute.alarm" in events_of(large_reviewed)
    draft = drafted(large_reviewed, shares={"seller": 10_000})
    assert refused(lambda: lifecycle.rule(large_reviewed, draft, by=arbiter, at=at)) == "no_staff_ruling"
    assert refused(lambda: suspension.go_outside(large_reviewed, by=seller, at=at)) == "not_your_turn"
    suspension.go_outside(large_reviewed, by=rich_buyer, at=at)
    assert (large_reviewed.state, large_reviewed.suspended_because) == (DisputeState.SUSPENDED, "outside")
    suspension.resume(large_reviewed, by=rich_buyer, at=at + HOUR)
    assert large_reviewed.state == DisputeState.REVIEW


@pytest.mark.parametrize(("whose", "counts"), [("platform", 0), ("seller", 1)])
def test_what_the_platform_paid_for_its_own_fault_is_not_held_against_the_shop(
    reviewed, arbiter, senior, shop, whose, counts, at
):
    own("platform:own", 50_000, at)
    lifecycle.rule(reviewed, drafted(reviewed, shares={whose: 10_000}), by=arbiter, at=at)
    if reviewed.state == DisputeState.SIGNING:
        lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    later = clock.now() + HOUR
    found = records.counts([shop], at=later)[shop.pk]
    assert (found["refunded"], found["upheld"]) == (1, counts)
    assert bool(deposits._claim_bp([shop], later)) is bool(counts), "nor does it make its deposit larger"


# penalties


def test_a_penalty_is_proposed_by_one_and_imposed_by_another(ruled, arbiter, risk, seller, order, at):
    words: dict[str, Any] = {"ground": "false_proof", "amount": 1_000, "text": "截图系伪造"}
    assert refused(lambda: penalties.propose(ruled, **words, by=risk, at=at)) == "not_your_turn"
    assert (
        refused(lambda: penalties.propose(ruled, **{**words, "amount": 0}, by=arbiter, at=at)) == "penalty_incomplete"
    )
    penalty = penalties.propose(ruled, **words, by=arbiter, at=at)
    assert refused(lambda: penalties.propose(ruled, **words, by=arbiter, at=at)) == "proposed_already"
    assert refused(lambda: penalties.settle(penalty, agrees=True, by=arbiter, at=at)) == "not_your_turn"
    deposit, fund = pockets(order)["deposit"], balance("platform:fund")
    penalties.settle(penalty, agrees=True, by=risk, at=at)
    assert (pockets(order)["deposit"], balance("platform:fund")) == (deposit - 1_000, fund + 1_000)
    assert refused(lambda: penalties.settle(penalty, agrees=False, by=risk, at=at)) == "wrong_moment"
    assert events_of(ruled)[-1] == "dispute.penalty_imposed"


def test_a_penalty_that_is_turned_down_costs_nothing(ruled, arbiter, risk, order, at):
    penalty = penalties.propose(ruled, ground="pressure", amount=1_000, text="催促改评", by=arbiter, at=at)
    deposit = pockets(order)["deposit"]
    penalties.settle(penalty, agrees=False, by=risk, at=at)
    assert (pockets(order)["deposit"], Penalty.objects.get().is_imposed) == (deposit, False)


def test_nobody_is_penalized_before_it_is_ruled(reviewed, arbiter, at):
    call = lambda: penalties.propose(reviewed, ground="pressure", amount=1, text="x", by=arbiter, at=at)  # noqa: E731
    assert refused(call) == "wrong_moment"


def test_who_has_two_roles_has_one_part(reviewed, arbiter, at):
    staff(Role.SENIOR, at=at, name="other")
    arbiter.staff_roles.create(role=Role.SENIOR, granted_at=at)
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    assert reviewed.senior.nickname == "other"
