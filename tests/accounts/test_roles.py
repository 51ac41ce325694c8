import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts import lifecycle
from accounts.models import Role, StaffRole
from tests.fixtures.people import person, staff
from timeline import events
from timeline.refusals import Refused


def happened(user):
    return [(event.name, event.data.get("role"), event.by_id) for event in events.stream(user.address)]


def test_a_lead_makes_somebody_an_arbiter(buyer, lead, at):
    granted = lifecycle.grant(buyer, Role.ARBITER, by=lead, at=at)
    assert buyer.has_role("arbiter")
    assert buyer.is_mall_staff
    assert (granted.granted_by, granted.granted_at) == (lead, at)
    assert happened(buyer) == [("role.granted", "arbiter", lead.pk)]


def test_granting_twice_changes_nothing(buyer, lead, at):
    first = lifecycle.grant(buyer, Role.AGENT, by=lead, at=at)
    assert lifecycle.grant(buyer, Role.AGENT, by=lead, at=at) == first
    assert len(happened(buyer)) == 1


def test_one_person_may_hold_several_roles(buyer, lead, at):
    lifecycle.grant(buyer, Role.ARBITER, by=lead, at=at)
    lifecycle.grant(buyer, Role.SENIOR, by=lead, at=at)
    assert buyer.roles == {"arbiter", "senior"}


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.LEAD])
def test_nobody_but_a_lead_grants_a_role(stranger, buyer, at, role):
    for other in (stranger, staff(role, at=at)):
        with pytest.raises(Refused, match="not_your_turn"):
            lifecycle.grant(buyer, Role.AGENT, by=other, at=at)
    assert happened(buyer) == []
    assert not buyer.is_mall_staff


def test_a_lead_does_not_appoint_themselves(lead, at):
    with pytest.raises(Refused, match="not_yourself"):
        lifecycle.grant(lead, Role.FINANCE, by=lead, at=at)
    with pytest.raises(Refused, match="not_yourself"):
        lifecycle.revoke(lead, Role.LEAD, by=lead, at=at)


def test_an_auditor_holds_no_other_role(auditor, arbiter, lead, at):
    with pytest.raises(Refused, match="auditor_alone"):
        lifecycle.grant(auditor, Role.AGENT, by=lead, at=at)
    with pytest.raises(Refused, match="auditor_alone"):
        lifecycle.grant(arbiter, Role.AUDITOR, by=lead, at=at)


def test_a_revoked_role_is_over_but_not_forgotten(arbiter, lead, at):
    lifecycle.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    assert not arbiter.has_role("arbiter")
    row = StaffRole.objects.get(user=arbiter)
    assert (row.revoked_by, row.revoked_at) == (lead, at)
    assert happened(arbiter) == [("role.revoked", "arbiter", lead.pk)]
    lifecycle.grant(arbiter, Role.ARBITER, by=lead, at=at)
    assert arbiter.has_role("arbiter")


def test_nobody_but_a_lead_revokes_a_role(arbiter, risk, stranger, at):
    for other in (risk, stranger):
        with pytest.raises(Refused, match="not_your_turn"):
            lifecycle.revoke(arbiter, Role.ARBITER, by=other, at=at)
    assert arbiter.has_role("arbiter")
    assert happened(arbiter) == []


def test_a_role_nobody_holds_cannot_be_revoked(buyer, lead, at):
    with pytest.raises(Refused, match="no_such_role"):
        lifecycle.revoke(buyer, Role.AGENT, by=lead, at=at)


def test_only_the_very_first_lead_is_appointed_by_nobody(buyer, stranger, at):
    lifecycle.grant(buyer, Role.LEAD, by=None, at=at)
    assert happened(buyer) == [("role.granted", "lead", None)]
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.grant(stranger, Role.LEAD, by=None, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.grant(stranger, Role.AGENT, by=None, at=at)


def test_the_operator_appoints_the_first_lead_by_a_command(buyer, stranger, capsys):
    call_command("appoint_lead", "Buyer@Example.com")
    assert buyer.has_role("lead")
    with pytest.raises(CommandError, match="a lead already"):
        call_command("appoint_lead", stranger.email)
    with pytest.raises(CommandError, match="Nobody has signed up"):
        call_command("appoint_lead", "nobody@example.com")


def test_djangos_admin_opens_for_the_lead_only(lead, arbiter, buyer):
    assert [person.is_staff for person in (lead, arbiter, buyer)] == [True, False, False]


def test_the_database_knows_no_other_roles_and_no_role_twice(buyer, at):
    with pytest.raises(IntegrityError, match="accounts_staffrole_role"), transaction.atomic():
        StaffRole.objects.create(user=buyer, role="judge", granted_at=at)
    StaffRole.objects.create(user=buyer, role=Role.AGENT, granted_at=at)
    with pytest.raises(IntegrityError, match="accounts_staffrole_once"), transaction.atomic():
        StaffRole.objects.create(user=buyer, role=Role.AGENT, granted_at=at)


def test_others_see_a_nickname_and_never_the_address(db):
    nameless = person("x")
    nameless.nickname = ""
    assert "@" not in nameless.display_name
    assert str(person("林")) == "林"
