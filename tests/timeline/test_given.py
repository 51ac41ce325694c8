"""Days and moments that people send: those that no calendar can reckon with are wrong input, not a fault of ours."""

import pytest
from rest_framework.exceptions import ValidationError

from timeline.serializers import Day, Moment


@pytest.mark.parametrize(
    "given",
    [
        "0001-01-01",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31",
        "3000-01-01T00:00:00+08:00",
    ],
)
def test_a_moment_outside_of_all_calendars_is_wrong_input(given):
    with pytest.raises(ValidationError):
        Moment().run_validation(given)


def test_a_moment_of_our_time_is_taken():
    assert Moment().run_validation("2026-12-01T08:00:00+08:00").isoformat() == "2026-12-01T08:00:00+08:00"


@pytest.mark.parametrize("given", ["0001-01-01", "9999-12-31", "3000-01-01"])
def test_a_day_outside_of_all_calendars_is_wrong_input(given):
    with pytest.raises(ValidationError):
        Day().run_validation(given)
