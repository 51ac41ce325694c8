import time
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.urls import reverse

from accounts.models import Role, StaffRole
from tests.accounts.conftest import code, enter_code, is_signed_in, sign_in
from tests.queries import recorded


@pytest.fixture
def later(time_machine):
    """Lets time pass."""
    now = time.time()
    time_machine.move_to(now, tick=False)

    def move(**span):
        nonlocal now
        now += timedelta(**span).total_seconds()
        time_machine.move_to(now, tick=False)

    return move


def staff_sign_in(client, user):
    """Password and second step."""
    sign_in(client, user)
    enter_code(client, code())


def test_a_session_gets_a_new_key_at_sign_in(client, buyer):
    client.get(reverse("account_login"))
    session = client.session
    session["before"] = True
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client, buyer)
    assert client.session.session_key != session.session_key


def test_the_list_shows_all_devices_and_ends_one(client, client_elsewhere, buyer):
    sign_in(client_elsewhere, buyer)
    sign_in(client, buyer)
    page = client.get(reverse("usersessions_list")).content.decode()
    assert "Another device" in page
    other = UserSession.objects.get(session_key=client_elsewhere.session.session_key)
    client.post(reverse("accounts:end_session", args=[other.pk]))
    assert not is_signed_in(client_elsewhere)
    assert is_signed_in(client)


def test_all_other_devices_are_ended_at_once(client, client_elsewhere, buyer):
    sign_in(client_elsewhere, buyer)
    sign_in(client, buyer)
    client.post(reverse("usersessions_list"))
    assert not is_signed_in(client_elsewhere)
    assert is_signed_in(client)


def test_nobody_ends_the_session_of_somebody_else(client, client_elsewhere, buyer, stranger):
    sign_in(client_elsewhere, buyer)
    sign_in(client, stranger)
    other = UserSession.objects.get(user=buyer)
    assert client.post(reverse("accounts:end_session", args=[other.pk])).status_code == 404
    assert is_signed_in(client_elsewhere)


def test_staff_are_signed_out_after_a_quarter_of_an_hour_without_a_click(client, arbiter, later):
    staff_sign_in(client, arbiter)
    later(minutes=14, seconds=59)
    assert is_signed_in(client)
    later(minutes=14, seconds=59)
    assert is_signed_in(client), "a click starts the quarter of an hour anew"
    later(minutes=15)
    assert not is_signed_in(client)


def test_staff_are_signed_out_after_eight_hours_whatever_they_do(client, arbiter, later):
    staff_sign_in(client, arbiter)
    for _step in range(47):
        later(minutes=10)
        assert is_signed_in(client)
    later(minutes=10)
    assert not is_signed_in(client)


def test_buyers_stay_signed_in_for_fourteen_days_without_a_click(client, buyer, later):
    sign_in(client, buyer)
    later(days=13, hours=23)
    assert is_signed_in(client)
    later(days=13, hours=23)
    assert is_signed_in(client), "a visit starts the fourteen days anew"
    later(days=14)
    assert not is_signed_in(client)


def test_who_becomes_staff_is_under_the_rules_of_staff_at_once(client, buyer, at, later):
    sign_in(client, buyer)
    later(hours=9)
    StaffRole.objects.create(user=buyer, role=Role.AGENT, granted_at=at)
    assert not is_signed_in(client)
    assert client.get(reverse("mfa_index")).status_code == 302


def test_most_requests_only_read(client, buyer):
    client.force_login(buyer)
    is_signed_in(client)
    with recorded() as seen:
        is_signed_in(client)
    assert [sql for sql in seen if not sql.startswith("SELECT")] == []
