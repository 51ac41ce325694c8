"""A lead who has just shown who they are gives roles and takes them back; everybody else finds nothing there."""

from uuid import uuid4

import pytest
from django.urls import reverse

from accounts import lifecycle
from accounts.models import Role, StaffRole
from notifications import inbox
from notifications.models import Notification
from tests.fixtures.people import person, staff
from tests.queries import recorded

STAFF = reverse("accounts:staff")
GRANT = reverse("accounts:grant_role")
ENGLISH = {"accept-language": "en"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def proven(monkeypatch):
    """Whoever asks has just shown who they are; the one test about that takes it back."""
    monkeypatch.setattr("accounts.reauthentication.is_fresh", lambda request: True)


def ask(client, address, told=None):
    """Ask the API, with a key of its own."""
    return client.post(address, told, content_type="application/json", headers={"Idempotency-Key": uuid4().hex})


@pytest.fixture
def at_desk(client, lead):
    client.force_login(lead)
    return client


def test_a_lead_makes_somebody_an_arbiter_who_is_told_by_mail_too(at_desk, lead, at):
    newcomer = person("newcomer")
    answer = at_desk.post(GRANT, {"email": newcomer.email.upper(), "role": "arbiter"})
    assert (answer.status_code, answer.url) == (302, STAFF)
    held = StaffRole.objects.held().get(user=newcomer)
    assert (held.role, held.granted_by) == (Role.ARBITER, lead)
    inbox.catch_up(at=at)
    told = Notification.objects.get(user=newcomer)
    assert told.code == "role.granted"
    assert told.deliveries.exists()
    shown = at_desk.get(STAFF, headers=ENGLISH).content.decode()
    assert newcomer.email in shown
    assert "Arbiter" in shown


def test_a_role_that_somebody_has_already_changes_nothing_and_says_so(at_desk, arbiter):
    shown = at_desk.post(GRANT, {"email": arbiter.email, "role": "arbiter"}, follow=True, headers=ENGLISH)
    assert "Arbiter already: nothing has changed." in shown.content.decode()
    assert StaffRole.objects.filter(user=arbiter).count() == 1


def test_a_role_that_was_taken_back_stands_among_those_of_before(at_desk, lead, arbiter):
    held = StaffRole.objects.get(user=arbiter)
    assert at_desk.post(reverse("accounts:revoke_role", args=[held.pk])).url == STAFF
    held.refresh_from_db()
    assert held.revoked_by == lead
    assert arbiter.email not in at_desk.get(STAFF).content.decode()
    assert arbiter.email in at_desk.get(STAFF, {"past": ""}).content.decode()


def test_a_page_of_yesterday_takes_no_role_back_that_was_given_anew(at_desk, lead, arbiter, at):
    old = StaffRole.objects.get(user=arbiter)
    lifecycle.revoke(arbiter, Role.ARBITER, by=lead, at=at)
    new = lifecycle.grant(arbiter, Role.ARBITER, by=lead, at=at)
    assert at_desk.post(reverse("accounts:revoke_role", args=[old.pk])).status_code == 409
    assert ask(at_desk, f"/api/v1/staff/people/{old.pk}/revoke/").json()["code"] == "no_such_role"
    new.refresh_from_db()
    assert new.revoked_at is None


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"email": "nobody@example.com", "role": "arbiter"}, "Nobody has signed up with this address."),
        ({"email": "no address", "role": "arbiter"}, "Enter a valid email address."),
        ({"email": "", "role": "arbiter"}, "This field is required."),
        ({"email": "lead@example.com", "role": "emperor"}, "emperor is not one of the available choices."),
    ],
)
def test_a_form_says_what_is_wrong_and_gives_nothing(at_desk, told, sentence):
    before = StaffRole.objects.count()
    answer = at_desk.post(GRANT, told, headers=ENGLISH)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert StaffRole.objects.count() == before


def test_nobody_gives_themselves_a_role_or_an_auditor_a_second_one(at_desk, lead, auditor):
    for who in (lead, auditor):
        before = who.roles
        assert at_desk.post(GRANT, {"email": who.email, "role": "finance"}).status_code == 409
        assert set(who.staff_roles.held().values_list("role", flat=True)) == before
    own = StaffRole.objects.get(user=lead)
    assert at_desk.post(reverse("accounts:revoke_role", args=[own.pk])).status_code == 409


def test_who_signed_in_long_ago_shows_first_who_they_are(at_desk, buyer, monkeypatch):
    monkeypatch.setattr("accounts.reauthentication.is_fresh", lambda request: False)
    answer = at_desk.post(GRANT, {"email": buyer.email, "role": "agent"})
    assert answer.status_code == 302
    assert "reauthenticate" in answer.url
    assert not buyer.staff_roles.exists()
    refused = at_desk.post(
        "/api/v1/staff/people/", {"email": buyer.email, "role": "agent"}, headers={"Idempotency-Key": "k"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "reauthentication_required")


def test_for_anybody_else_the_page_is_not_there_and_an_auditor_only_reads(client, auditor, finance, buyer):
    for who in (finance, buyer):
        client.force_login(who)
        assert client.get(STAFF).status_code == 404
        assert client.post(GRANT, {"email": buyer.email, "role": "agent"}).status_code == 404
    client.force_login(auditor)
    assert client.get(STAFF).context["form"] is None
    assert client.post(GRANT, {"email": buyer.email, "role": "agent"}).status_code == 404
    assert not buyer.staff_roles.exists()


def test_the_page_asks_as_often_for_sixty_as_for_one(at_desk, at):
    with recorded() as few:
        at_desk.get(STAFF)
    for number in range(60):
        staff("agent", at=at, name=f"agent-{number}")
    with recorded() as many:
        page = at_desk.get(STAFF)
    assert len(many) <= len(few) <= 12
    assert len(page.context["rows"]) == 50
    rest = at_desk.get(STAFF, {"after": page.context["part"].next})
    assert 10 < len(rest.context["rows"]) < 50


def test_the_same_by_the_api(at_desk, lead, at):
    newcomer = person("newcomer")
    told = {"email": newcomer.email, "role": "senior"}
    made = at_desk.post(
        "/api/v1/staff/people/", told, content_type="application/json", headers={"Idempotency-Key": "a"}
    )
    assert made.status_code == 201
    assert (made.json()["user"], made.json()["granted_by"], made.json()["revoked_at"]) == (newcomer.pk, lead.pk, None)
    listed = at_desk.get("/api/v1/staff/people/").json()["results"]
    assert listed[0] == made.json()
    over = ask(at_desk, f"/api/v1/staff/people/{made.json()['id']}/revoke/")
    assert (over.status_code, over.json()["revoked_by"]) == (200, lead.pk)
    again = ask(at_desk, f"/api/v1/staff/people/{made.json()['id']}/revoke/")
    assert (again.status_code, again.json()["code"]) == (409, "no_such_role")
    unknown = ask(at_desk, "/api/v1/staff/people/", {"email": "nobody@example.com", "role": "agent"})
    assert unknown.status_code == 422
    assert StaffRole.objects.count() == 2
