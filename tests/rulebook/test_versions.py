"""Versions of the rulebook: written by one, signed by another, announced in time, and never changed again."""

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import translation

from ledger import payments
from rulebook import clocks, lifecycle, versions
from rulebook.book import InvalidRulebook
from rulebook.defaults import default_data
from rulebook.models import RulebookVersion
from rulebook.states import VersionState
from shops import lifecycle as shops
from timeline import sweep
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import SHANGHAI, days, deadline

DAY = timedelta(days=1)


def rules(version="2026.12.0", **changes):
    """The shipped rules under another number, with changes by dotted path."""
    data = copy.deepcopy(default_data())
    data["meta"]["version"] = version
    for path, value in changes.items():
        place = data
        *way, last = path.split("__")
        for step in way:
            place = place[step]
        place[last] = value
    return data


@pytest.fixture
def draft(lead, at):
    """A draft of the lead's: silver pays 2 % for a sealed code instead of 3 %."""
    return lifecycle.draft(
        rules(levels__M2__sealed_fee_bp=200), purpose="Cheaper second thoughts for silver", by=lead, at=at
    )


@pytest.fixture
def proposed(draft, lead, at):
    """The draft, put forward for the second signature."""
    lifecycle.propose(draft, is_major=False, is_retroactive=False, by=lead, at=at)
    return draft


@pytest.fixture
def announced(proposed, senior, at):
    """The version, signed by a second person and announced."""
    lifecycle.sign(proposed, by=senior, at=at)
    return proposed


def come_into_force(version):
    """Its day has come and the sweep has looked."""
    lifecycle.lapse(version, limit="RULE_NOTICE", at=version.effective_at)
    version.refresh_from_db()


def test_a_mall_without_versions_is_ruled_by_the_one_that_kamen_ships_with(at, expect_queries):
    with expect_queries(0):
        ruling = versions.in_force(at)
        assert ruling.number == "default-cn 2026.11.0"
        assert versions.named("default-cn 2026.11.0").book.version == "2026.11.0"
    assert ruling.clocks.span("SIGN").amount == 24 * 60


def test_the_first_start_writes_the_shipped_version_down_once(at):
    first = lifecycle.install(at=at)
    assert lifecycle.install(at=at) == first
    assert first.state == VersionState.IN_FORCE
    assert versions.in_force(at) == first
    assert first.sha256 == versions.shipped().sha256


def test_a_draft_binds_nobody(draft, at):
    assert draft.state == VersionState.DRAFT
    assert versions.in_force(at + 30 * DAY).number == "default-cn 2026.11.0"
    with pytest.raises(LookupError):
        versions.named(draft.number)


def test_a_stranger_to_the_rules_writes_none(buyer, at):
    with pytest.raises(Refused) as refused:
        lifecycle.draft(rules(), by=buyer, at=at)
    assert refused.value.code == "not_your_turn"


def test_what_cannot_be_used_is_not_even_a_draft(lead, at):
    with pytest.raises(InvalidRulebook):
        lifecycle.draft(rules(levels__M2__sealed_fee_bp=20_000), by=lead, at=at)
    assert not RulebookVersion.objects.exists()


@pytest.mark.parametrize("version", ["2026.11.0", "2026.12.0"])
def test_a_number_is_taken_once(draft, lead, at, version):
    with pytest.raises(Refused) as refused:
        lifecycle.draft(rules(version), by=lead, at=at)
    assert refused.value.code == "number_taken"


def test_who_wrote_it_does_not_publish_it(proposed, lead, at):
    with pytest.raises(Refused) as refused:
        lifecycle.sign(proposed, by=lead, at=at)
    assert refused.value.code == "second_person"


def test_the_database_itself_wants_a_second_person(proposed, lead, at):
    signed = {"signed_by": lead, "announced_at": at, "effective_at": at + 30 * DAY}
    with pytest.raises(DatabaseError, match="second_person"), transaction.atomic():
        RulebookVersion.objects.filter(pk=proposed.pk).update(state="announced", **signed)


@pytest.mark.parametrize(("is_major", "days"), [(False, 7), (True, 15)])
def test_the_notice_is_seven_days_and_fifteen_if_it_touches_many(draft, lead, senior, at, is_major, days):
    lifecycle.propose(draft, is_major=is_major, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(draft, by=senior, at=at)
    assert timedelta(days=days) <= draft.effective_at - at <= timedelta(days=days + 9)
    assert draft.deadline_at == draft.effective_at


def test_a_day_too_near_is_refused(draft, lead, at):
    with pytest.raises(Refused) as refused:
        lifecycle.propose(draft, is_major=True, is_retroactive=False, effective_at=at + 8 * DAY, by=lead, at=at)
    assert refused.value.code == "notice_too_short"


def test_a_day_that_came_too_near_while_it_waited_is_refused(draft, lead, senior, at):
    monday = datetime(2026, 12, 7, 10, tzinfo=SHANGHAI)
    day = lifecycle.earliest(is_major=False, at=monday)
    lifecycle.propose(draft, is_major=False, is_retroactive=False, effective_at=day, by=lead, at=monday)
    with pytest.raises(Refused) as refused:
        lifecycle.sign(draft, by=senior, at=monday + timedelta(hours=23))
    assert refused.value.code == "notice_too_short"


def test_nobody_signed_so_it_is_a_draft_again(proposed, at):
    lifecycle.lapse(proposed, limit="SIGN", at=proposed.deadline_at)
    assert proposed.state == VersionState.DRAFT
    assert Event.objects.filter(subject=proposed.address, name="rulebook.not_signed").exists()


def test_the_second_person_may_send_it_back(proposed, senior, at):
    lifecycle.send_back(proposed, why="M2 before M1?", by=senior, at=at)
    assert proposed.state == VersionState.DRAFT


def test_its_day_makes_it_rule_even_if_nobody_swept(announced, at):
    before = announced.effective_at - timedelta(seconds=1)
    assert versions.in_force(before).number == "default-cn 2026.11.0"
    assert versions.in_force(announced.effective_at) == announced


def test_the_sweep_makes_it_rule_and_the_one_before_is_history(announced, at):
    first = lifecycle.install(at=at)  # Installed late: a mall that was upgraded.
    assert first == announced, "a mall that has versions is left alone"
    fired = sweep.sweep(at=announced.effective_at)
    announced.refresh_from_db()
    assert fired
    assert announced.state == VersionState.IN_FORCE


def test_a_later_version_supersedes_the_one_in_force(lead, senior, at):
    first = lifecycle.install(at=at)
    second = lifecycle.draft(rules(), by=lead, at=at)
    lifecycle.propose(second, is_major=False, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(second, by=senior, at=at)
    come_into_force(second)
    first.refresh_from_db()
    assert (first.state, second.state) == (VersionState.SUPERSEDED, VersionState.IN_FORCE)
    assert versions.named(first.number).number == first.number
    assert versions.in_force(at) == first


def test_an_announced_version_can_be_taken_back_until_its_day(announced, lead, at):
    lifecycle.withdraw(announced, why="The figure was wrong", by=lead, at=at + DAY)
    assert announced.state == VersionState.WITHDRAWN
    assert versions.in_force(announced.effective_at + DAY).number == "default-cn 2026.11.0"


def test_a_version_that_rules_is_not_taken_back(announced, lead):
    with pytest.raises(Refused) as refused:
        lifecycle.withdraw(announced, by=lead, at=announced.effective_at)
    assert refused.value.code == "wrong_moment"


@pytest.mark.parametrize("field", ["body", "number", "is_retroactive", "effective_at"])
def test_what_was_announced_is_for_ever(announced, at, field):
    changed = {"body": "{}", "number": "other", "is_retroactive": True, "effective_at": at + 90 * DAY}[field]
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        RulebookVersion.objects.filter(pk=announced.pk).update(**{field: changed})
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        announced.delete()


def test_another_process_learns_of_a_version_before_it_rules(announced, at, expect_queries):
    """Whoever looked before it was announced looks again in time, and once more on its day."""
    versions.remember((), read_at=at - timedelta(minutes=5))
    with expect_queries(0):
        assert versions.in_force(at + DAY).number == "default-cn 2026.11.0"
    assert versions.in_force(announced.effective_at) == announced


def test_another_process_learns_that_a_version_was_taken_back(announced, lead, at):
    stale = versions.published(at)
    lifecycle.withdraw(announced, by=lead, at=at + DAY)
    versions.remember(stale, read_at=at)
    assert versions.in_force(announced.effective_at).number == "default-cn 2026.11.0"


def test_a_later_version_reaches_back_only_if_it_was_published_so(lead, senior, at):
    first = lifecycle.install(at=at)
    for number, reaches_back in (("2026.12.0", False), ("2026.12.1", True)):
        version = lifecycle.draft(rules(number), by=lead, at=at)
        lifecycle.propose(version, is_major=False, is_retroactive=reaches_back, by=lead, at=at)
        lifecycle.sign(version, by=senior, at=at)
    day = version.effective_at
    assert day is not None
    assert [each.number for each in versions.better_later(first.number, day)] == ["default-cn 2026.12.1"]
    assert versions.better_later(version.number, day) == ()
    assert versions.better_later(first.number, at) == ()


def test_a_clock_of_a_pinned_order_runs_as_its_own_version_has_it(lead, senior, at):
    data = rules()
    data["clocks"]["limits"]["SIGN"]["default_hours"] = 6
    version = lifecycle.draft(data, by=lead, at=at)
    lifecycle.propose(version, is_major=False, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(version, by=senior, at=at)
    assert clocks.span("SIGN", version=version.number).amount == 6 * 60
    assert clocks.span("SIGN", version="default-cn 2026.11.0").amount == 24 * 60
    assert clocks.span("SIGN", at=version.effective_at).amount == 6 * 60


def test_a_file_of_the_operator_still_needs_two_people(tmp_path, lead, senior, at):
    (tmp_path / "rules.json").write_text(json.dumps(rules()))
    call_command("load_rulebook", str(tmp_path / "rules.json"), purpose="Yearly review")
    version = RulebookVersion.objects.get()
    assert (version.state, version.author, version.purpose) == (VersionState.DRAFT, None, "Yearly review")
    lifecycle.propose(version, is_major=False, is_retroactive=False, by=lead, at=at)
    with pytest.raises(Refused):
        lifecycle.sign(version, by=lead, at=at)
    with pytest.raises(DatabaseError, match="second_person"), transaction.atomic():
        RulebookVersion.objects.filter(pk=version.pk).update(
            state="announced", announced_at=at, effective_at=at + 30 * DAY
        )
    lifecycle.sign(version, by=senior, at=at)
    assert version.is_published()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "is not JSON"),
        ("[]", "An object is expected"),
        ('{"meta": {}, "meta": {}}', "comes twice"),
        (json.dumps(rules(levels__M2__sealed_fee_bp=2.5)), "levels.M2.sealed_fee_bp"),
        (json.dumps(rules("2026.11.0")), "number already"),
        (json.dumps({**rules(), "clocks": {"limits": {}}}), "clocks.limits.ADMIT"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(db, tmp_path, text, named):
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(CommandError, match=named), translation.override("en"):
        call_command("load_rulebook", str(tmp_path / "rules.json"))
    assert not RulebookVersion.objects.exists()


def test_rules_without_clocks_take_those_in_force(lead, at):
    data = rules()
    del data["clocks"]
    assert lifecycle.draft(data, by=lead, at=at).clocks.span("SIGN") == clocks.span("SIGN", at=at)


def test_clocks_that_no_order_pins_run_as_the_version_in_force_has_them(lead, senior, deposit, seller, at):
    data = rules()
    data["clocks"]["limits"]["DEPOSIT_QUIET"]["default_days"] = 45
    data["clocks"]["limits"]["ORDER_PAY"]["default_hours"] = 0.5
    version = lifecycle.draft(data, by=lead, at=at)
    lifecycle.propose(version, is_major=False, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(version, by=senior, at=at)
    day: Any = version.effective_at
    shops.close(deposit, by=seller, at=day)
    assert deposit.deadline_at == deadline(days(45), day)
    assert payments.top_up(user=seller, amount=100, channel="sandbox", at=day).deadline_at == day + timedelta(
        minutes=30
    )
    assert payments.top_up(user=seller, amount=100, channel="sandbox", at=at).deadline_at == at + timedelta(minutes=15)


def test_a_clock_is_pinned_or_begins_at_some_time(db):
    with pytest.raises(ValueError, match="SIGN"):
        clocks.span("SIGN")
