"""A list in parts: each row once, in order, in one query for a part, and a strange place is the beginning."""

from datetime import timedelta

import pytest

from accounts.models import User
from tests.queries import expect_queries
from timeline.models import Timer
from timeline.parts import part


@pytest.fixture
def scored(at):
    """Seven people, some with the same score."""
    return User.objects.bulk_create(
        User(email=f"{place}@example.com", nickname=f"买家 {place}", risk=risk, joined_at=at)
        for place, risk in enumerate([20, 90, 20, 20, 50, 1, 90])
    )


@pytest.fixture
def timed(at):
    """Seven clocks, some that end at the same moment, some that stand still."""
    ends = [3, None, 1, 1, None, 2, 1]
    return Timer.objects.bulk_create(
        Timer(
            root="x:1",
            subject=f"x:{place}",
            limit="L",
            kind="minutes",
            amount=1,
            state="cancelled",
            started_at=at,
            due_at=at,
            next_try_at=at,
            ended_at=at,
            next_reminder_at=None if hours is None else at + timedelta(hours=hours),
        )
        for place, hours in enumerate(ends)
    )


def walked(rows, *, by, most):
    """All parts, one after the other."""
    seen, place, number = [], "", 0
    while number == 0 or place:
        with expect_queries(1):
            found = part(rows, by=by, place=place, most=most)
        assert found.is_first == (number == 0)
        assert len(found.rows) <= most
        seen += found.rows
        place, number = found.next, number + 1
    return seen


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8])
def test_each_row_comes_once_the_highest_first(scored, most):
    seen = walked(User.objects.filter(risk__gt=0), by="-risk", most=most)
    assert seen == sorted(scored, key=lambda user: (user.risk, user.pk), reverse=True)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8])
def test_what_has_no_time_comes_last_and_once(timed, at, most):
    seen = walked(Timer.objects.filter(root="x:1"), by="next_reminder_at", most=most)
    late = at + timedelta(days=1)
    assert seen == sorted(timed, key=lambda timer: (timer.next_reminder_at or late, timer.pk))


@pytest.mark.parametrize(
    "place",
    ["x", "_", "5", "x_5", "_٣", "1_" + "9" * 40, "2026-99-01_1", "2026-11-22T00:00:00_5", "2026-11-22_5", "\x00_5"],
)
def test_a_strange_place_is_the_beginning(timed, place):
    found = part(Timer.objects.filter(root="x:1"), by="next_reminder_at", place=place, most=50)
    assert (len(found.rows), found.is_first) == (7, True)


@pytest.mark.parametrize("place", ["x_5", f"{'9' * 40}_5", "\x00_5", "-1_5", "٣_5"])
def test_a_strange_number_breaks_nothing(scored, place):
    assert len(part(User.objects.filter(risk__gt=0), by="-risk", place=place, most=50).rows) <= 7


def test_a_strange_word_breaks_nothing(scored):
    found = part(User.objects.filter(risk__gt=0), by="nickname", place="\x00_5", most=50)
    assert (len(found.rows), found.is_first) == (7, True)
