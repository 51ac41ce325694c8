"""The lead's board: it counts what the rooms say, asks as often for sixty as for one, and only leads see it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Role, StaffRole, User
from desks import board
from disputes.models import Dispute
from refunds import lifecycle as refunds
from support.models import Talk
from tests import weight
from tests.queries import expect_queries, recorded
from timeline import clock
from timeline.models import Outage, Timer

BOARD = "/board/"
HOUR = timedelta(hours=1)


def seen(client, lead):
    client.force_login(lead)
    return client.get(BOARD)


@pytest.mark.parametrize("who", ["buyer", "seller", "agent", "arbiter", "senior", "finance", "risk", "auditor"])
def test_it_is_there_for_leads_only(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(BOARD).status_code == 404


def test_an_arbiter_stands_there_with_their_cases_and_the_first_clock(client, lead, reviewed):
    (row,) = seen(client, lead).context["load"]["rows"]
    assert (row["person"], row["number"], row["urgent"]) == (reviewed.arbiter, 1, int(reviewed.is_urgent))
    assert (row["until"], row["since"]) == (reviewed.deadline_at, reviewed.entered_at)


def test_what_is_decided_is_no_load_and_who_has_nothing_stands_there_with_nothing(ruled, arbiter):
    rows = {row["person"]: row["number"] for row in board.load()["rows"]}
    assert rows[arbiter] == 0
    assert set(rows.values()) == {0}


def test_a_case_that_nobody_has_is_counted_with_its_clock(client, lead, declined_refund, rich_buyer, at):
    refunds.escalate(declined_refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get()
    page = seen(client, lead)
    assert page.context["unassigned"] == {"number": 1, "urgent": int(dispute.is_urgent), "until": dispute.deadline_at}
    assert reverse("disputes:bench") + "?show=unassigned" in page.content.decode()
    assert page.context["load"]["rows"] == []


@pytest.mark.breaks_books
def test_clocks_that_were_given_up_or_that_nobody_fires_are_stuck(client, lead, order):
    at = order.deadline_at
    assert board.stuck(at + timedelta(minutes=4))["number"] == 0
    (late,) = board.stuck(at + timedelta(minutes=5))["rows"]
    assert (late["timer"].subject, late["is_given_up"]) == (order.address, False)
    Timer.objects.filter(subject=order.address, state="running").update(state="stuck", last_error="no way")
    page = seen(client, lead)
    assert page.context["stuck"]["rows"][0]["is_given_up"]
    assert order.address in page.content.decode()
    assert reverse("clocks:stuck") in page.content.decode()


def test_the_register_stands_there_in_short(lead, at):
    common = {"scope": "platform", "reason": "机房断电。", "registered_by": lead, "registered_at": at}
    Outage.objects.create(began_at=at - HOUR, **common)
    Outage.objects.create(began_at=at - 3 * HOUR, ended_at=at - 2 * HOUR, settled_at=at, **common)
    found = board.outages(at)
    assert found["on"] == 1
    assert [row["is_on"] for row in found["rows"]] == [True, False]


def test_its_parts_ask_once_or_twice_each(reviewed, at):
    for part, number in ((board.load, 2), (board.unassigned, 1)):
        with expect_queries(number):
            part()
    for part_of in (board.stuck, board.outages):
        with expect_queries(2):
            part_of(at)


@pytest.mark.breaks_books
def test_a_board_of_1_and_of_60_asks_as_often_and_stays_light(client, lead, reviewed, order, at):
    seed(1, lead=lead, order=order, at=at)
    seen(client, lead)  # a session's first page asks once more
    with recorded() as one:
        client.get(BOARD)
    seed(59, lead=lead, order=order, at=at)
    with recorded() as many:
        page = client.get(BOARD)
    assert len(many) == len(one), many
    assert page.context["outages"]["on"] == page.context["room"].waiting == 60
    assert len(page.context["load"]["rows"]) == board.PEOPLE
    assert page.context["load"]["more"] == 61 - board.PEOPLE
    assert page.context["stuck"]["number"] == 60
    assert weight.transferred(page) < weight.MOST


def seed(many, *, lead, order, at):
    """So many arbiters, clocks that were given up, outages and calls more."""
    now = clock.now()
    people = User.objects.bulk_create(
        User(email=f"{uuid4()}@example.com", nickname="裁定员", joined_at=at) for _number in range(many)
    )
    StaffRole.objects.bulk_create(StaffRole(user=each, role=Role.ARBITER, granted_at=at) for each in people)
    Timer.objects.bulk_create(
        Timer(
            root=order.address,
            subject=f"unit:9{uuid4().int % 10**9}",
            limit="INSPECTION",
            kind="minutes",
            amount=10,
            state="stuck",
            started_at=now - HOUR,
            due_at=now - HOUR,
            next_try_at=now,
            last_error="no way",
        )
        for _number in range(many)
    )
    Outage.objects.bulk_create(
        Outage(scope="platform", reason="机房断电。", began_at=now - HOUR, registered_by=lead, registered_at=now)
        for _number in range(many)
    )
    Talk.objects.bulk_create(
        Talk(
            number=f"T{uuid4().hex[:12]}",
            order=order,
            asked_by=each,
            topic="一直没有到账",
            opened_at=now,
            promised_at=now + timedelta(minutes=10),
            state="waiting",
            entered_at=now,
            deadline_at=now + timedelta(minutes=10),
        )
        for each in people
    )


def test_a_case_of_a_lead_s_own_shows_no_more_than_numbers(client, lead, reviewed):
    page = seen(client, lead).content.decode()
    assert Dispute.objects.get().number not in page
