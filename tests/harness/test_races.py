"""Races are real: own connections, one start, and no test that hangs."""

import time

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from tests.races import lost, race, won

pytestmark = pytest.mark.django_db(transaction=True)


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    return pid


def test_every_call_has_its_own_connection_and_its_place_in_the_outcomes():
    def fall() -> None:
        raise ValueError("fell")

    outcomes = race(session, fall, session)
    assert len({outcomes[0], outcomes[2], session()}) == 3
    assert str(outcomes[1]) == "fell"
    assert won(outcomes) == [outcomes[0], outcomes[2]]
    assert lost(outcomes) == [outcomes[1]]


def test_calls_start_together():
    def moment() -> float:
        return time.monotonic()

    started = race(*[moment] * 6)
    assert max(started) - min(started) < 0.2


def test_the_connections_are_closed_afterwards():
    backends = race(session, session)
    time.sleep(0.1)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where pid = any(%s)", [backends])
        assert cursor.fetchone()[0] == 0


def test_a_race_without_end_says_where_everybody_stands():
    def wait_for_a_lock() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set lock_timeout = 0; set statement_timeout = 0")
            cursor.execute("select pg_advisory_xact_lock(1)")

    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(1)")
        with pytest.raises(AssertionError, match=r"(?s)1 of 1 calls.*'Lock', 'advisory'.*wait_for_a_lock"):
            race(wait_for_a_lock, timeout=0.5)
        cursor.execute("select pg_advisory_unlock(1)")


@pytest.mark.django_db(transaction=False)
def test_a_race_for_rows_that_nobody_sees_is_refused():
    with pytest.raises(AssertionError, match=r"mark it django_db\(transaction=True\)"):
        race(lambda: ContentType.objects.count())
