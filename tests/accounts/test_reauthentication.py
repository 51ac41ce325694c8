import time

import pytest
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts.reauthentication import fresh, is_fresh, require_fresh
from tests.accounts.conftest import code, enter_code, sign_in
from tests.fixtures.people import PASSWORD
from timeline.refusals import Refused


@fresh
def move_money(request):
    """A sensitive step of a later room."""
    return HttpResponse("moved")


def request_of(client, user):
    """A request in the session of `client`."""
    request = RequestFactory().post("/")
    request.user, request.session = user, client.session
    return request


def test_who_just_signed_in_is_not_asked_again(client, buyer):
    sign_in(client, buyer)
    assert move_money(request_of(client, buyer)).content == b"moved"
    assert client.get(reverse("account_email")).status_code == 200


def test_after_five_minutes_a_sensitive_step_asks_who_it_is(client, buyer, time_machine):
    sign_in(client, buyer)
    time_machine.move_to(time.time() + 301)
    with pytest.raises(ReauthenticationRequired):
        move_money(request_of(client, buyer))
    with pytest.raises(Refused, match="reauthentication_required"):
        require_fresh(request_of(client, buyer))
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked.url.startswith(reverse("account_reauthenticate"))
    answer = client.post(asked.url, {"password": PASSWORD})
    assert answer.url == reverse("mfa_activate_totp")
    assert is_fresh(request_of(client, buyer))


def test_a_wrong_password_confirms_nothing(client, buyer, time_machine):
    sign_in(client, buyer)
    time_machine.move_to(time.time() + 301)
    client.post(reverse("account_reauthenticate"), {"password": "wrong wrong wrong"})
    assert not is_fresh(request_of(client, buyer))


def test_a_second_factor_confirms_as_well(client, arbiter, time_machine):
    sign_in(client, arbiter)
    enter_code(client, code())
    time_machine.move_to(time.time() + 301)
    assert not is_fresh(request_of(client, arbiter))
    client.post(reverse("mfa_reauthenticate"), {"code": code(now=time.time())})
    assert is_fresh(request_of(client, arbiter))


def test_an_interrupted_step_is_finished_afterwards(client, buyer, time_machine):
    sign_in(client, buyer)
    time_machine.move_to(time.time() + 301)
    asked = client.post(reverse("account_email"), {"action_add": "", "email": "new@example.com"})
    assert asked.url.startswith(reverse("account_reauthenticate"))
    client.post(asked.url, {"password": PASSWORD})
    assert buyer.emailaddress_set.filter(email="new@example.com", verified=False).exists()


def test_a_stranger_is_never_fresh(client, db):
    assert not is_fresh(request_of(client, AnonymousUser()))
