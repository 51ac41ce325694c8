import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline import spans
from timeline.spans import SHANGHAI, Span, deadline

CASES = json.loads((Path(__file__).parent.parent / "data" / "deadline_cases.json").read_text())
KINDS = {"hours": spans.hours, "days": spans.days, "working_days": spans.working_days}
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2026, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['why']}" for case in CASES])
def test_the_published_deadlines_come_out_to_the_second(case):
    pauses = [(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in case["pauses"]]
    span = KINDS[case["kind"]](case["amount"])
    assert deadline(span, datetime.fromisoformat(case["from"]), pauses) == datetime.fromisoformat(case["deadline"])


@given(MOMENTS, st.integers(1, 30))
def test_a_working_day_clock_ends_at_midnight_after_a_working_day(start, amount):
    end = deadline(spans.working_days(amount), start).astimezone(SHANGHAI)
    assert (end.hour, end.minute, end.second) == (0, 0, 0)
    assert spans.is_working_day((end - timedelta(days=1)).date())


@given(MOMENTS, st.integers(1, 30))
def test_a_natural_day_clock_is_never_longer_than_its_working_day_twin(start, amount):
    assert deadline(spans.days(amount), start) <= deadline(spans.working_days(amount), start)


@given(MOMENTS, st.sampled_from(list(KINDS)), st.integers(1, 20), st.integers(0, 600), st.integers(1, 600))
def test_a_pause_never_costs_the_party_time(start, kind, amount, after_minutes, for_minutes):
    span = KINDS[kind](amount)
    begin = start + timedelta(minutes=after_minutes)
    end = begin + timedelta(minutes=for_minutes)
    free, paused = deadline(span, start), deadline(span, start, [(begin, end)])
    if begin < free:
        assert paused - free >= end - begin
    else:
        assert paused == free


def test_a_year_without_a_notice_counts_monday_to_friday_and_says_that_it_is_provisional():
    start = datetime(2031, 3, 3, 9, tzinfo=SHANGHAI)  # a Monday
    end = deadline(spans.working_days(5), start)
    assert end == datetime(2031, 3, 11, tzinfo=SHANGHAI)
    assert spans.is_provisional(start, end)
    assert not spans.is_provisional(start.replace(year=2026), end.replace(year=2026))


def test_a_span_is_never_negative():
    with pytest.raises(ValueError, match="negative"):
        Span(spans.Kind.DAYS, -1)
