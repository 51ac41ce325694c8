"""The rules of the simulation name whoever breaks them, many at once, and forget them before they are asked again."""

from random import Random

import pytest
from django.db import connection, transaction

from tests.simulation.channel import SimulatedChannel
from tests.simulation.rules import Rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.breaks_books]


def test_who_breaks_a_rule_is_named_and_what_holds_again_is_forgotten():
    rules, channel = Rules(), SimulatedChannel(Random(1))
    assert rules.broken(channel, at_the_end=True) == []
    rules.every["a rule's name"] = rules.often["a rule's name"] = "select n || ' % off' from generate_series(1, 2) n"
    rules.every["b"] = rules.often["b"] = "select null where false"
    assert rules.broken(channel) == ["a rule's name: 1 % off", "a rule's name: 2 % off"]
    rules.often.pop("a rule's name")
    assert rules.broken(channel) == []


def test_after_a_step_only_rules_about_what_was_written_are_asked():
    rules, channel = Rules(), SimulatedChannel(Random(1))
    rules.every |= {"written": "select 'x'", "other": "select 'y'"}
    rules.reads = {"written": {"timeline_outage"}, "other": {"timeline_timer"}}
    with transaction.atomic():
        rules.begin()
        assert rules.broken_by_a_step(channel) == []
        with connection.cursor() as cursor:
            cursor.execute("delete from timeline_outage")
            assert rules.broken_by_a_step(channel) == []
            cursor.execute(
                "insert into timeline_outage (scope, target, reason, began_at, registered_by_id, registered_at,"
                " seen_id, is_ending) select 'platform', '', 'x', now(), 1, now(), 0, false"
            )
            assert rules.broken_by_a_step(channel) == ["written: x"]
        assert rules.broken_by_a_step(channel) == []
        transaction.set_rollback(True)
