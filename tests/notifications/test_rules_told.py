"""Who hears of the rules: those who write and sign them, each at the version's own page; nobody hears of a draft."""

import copy

import pytest
from django.urls import resolve, reverse
from django.utils import translation

from accounts.models import Role
from notifications import inbox
from notifications.models import Notification
from notifications.sentences import sentence
from rulebook import lifecycle
from rulebook.defaults import default_data
from tests.fixtures.people import staff
from timeline import sweep


@pytest.fixture
def others(at):
    """A second lead and a second senior, and staff who have nothing to do with rules."""
    return [staff(role, at=at, name=f"{role}-2") for role in (Role.LEAD, Role.SENIOR, Role.FINANCE)]


@pytest.fixture
def draft(lead, at):
    data = copy.deepcopy(default_data())
    data["meta"]["version"] = "2026.12.0"
    return lifecycle.draft(data, purpose="Cheaper second thoughts", by=lead, at=at)


@pytest.fixture
def told(at):
    """Who was told what since the last time this was asked: pairs of nickname and sentence."""
    seen = {0}

    def since():
        inbox.catch_up(at=at)
        found = list(Notification.objects.filter(pk__gt=max(seen)).select_related("user").order_by("pk"))
        seen.update(notice.pk for notice in found)
        return {(notice.user.nickname, notice.code) for notice in found if notice.code.startswith("rulebook.")}

    return since


def proposed(draft, lead, at):
    lifecycle.propose(draft, is_major=False, is_retroactive=False, by=lead, at=at)


def test_a_draft_is_nobodys_business_and_a_proposal_is_everybodys_who_may_sign(draft, lead, senior, others, told, at):
    assert told() == set()
    proposed(draft, lead, at)
    signing = {(name, "rulebook.signing") for name in (senior.nickname, "lead-2", "senior-2")}
    assert told() == signing
    notice = Notification.objects.filter(code="rulebook.signing").order_by("pk").first()
    assert notice.url == reverse("rulebook:staff_version", args=[draft.pk])
    assert resolve(notice.url)
    with translation.override("en"):
        assert draft.number in sentence(notice.code, notice.words)


def test_announced_and_in_force_are_told_to_all_who_write_rules(draft, lead, senior, others, told, at):
    proposed(draft, lead, at)
    told()
    lifecycle.sign(draft, by=senior, at=at)
    assert told() == {(name, "rulebook.announced") for name in (lead.nickname, "lead-2", "senior-2")}
    sweep.fire_overdue(draft.address, at=draft.effective_at)
    names = (lead.nickname, senior.nickname, "lead-2", "senior-2")
    assert told() == {(name, "rulebook.in_force") for name in names}


def test_a_version_taken_back_is_told_too(draft, lead, senior, others, told, at):
    proposed(draft, lead, at)
    lifecycle.sign(draft, by=senior, at=at)
    told()
    lifecycle.withdraw(draft, why="A mistake", by=lead, at=at)
    assert told() == {(name, "rulebook.withdrawn") for name in (senior.nickname, "lead-2", "senior-2")}


def test_what_comes_back_comes_back_to_who_put_it_forward(draft, lead, senior, told, at):
    proposed(draft, lead, at)
    told()
    lifecycle.send_back(draft, why="Too dear", by=senior, at=at)
    assert told() == {(lead.nickname, "rulebook.sent_back")}
    proposed(draft, lead, at)
    told()
    sweep.fire_overdue(draft.address, at=draft.deadline_at)
    assert told() == {(lead.nickname, "rulebook.not_signed")}
