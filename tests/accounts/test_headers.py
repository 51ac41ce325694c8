"""What a browser is told on real answers: no script or style of anybody else, no frame, no guessing of types."""

import re
from typing import Any

import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.urls import reverse

from tests.accounts.conftest import code, enter_code, sign_in


def policy(answer):
    """The content security policy by directive."""
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip())
    return {name: set(values) for name, *values in parts}


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_the_pages_that_lead_in_are_strict(client, db, name):
    answer = client.get(reverse(name))
    told = policy(answer)
    assert told["default-src"] == {"'none'"}
    assert told["frame-ancestors"] == told["base-uri"] == {"'none'"}
    assert told["form-action"] == told["connect-src"] == {"'self'"}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & set().union(*told.values())
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def inline(page):
    """Scripts and styles that stand in the page itself and would run."""
    scripts = [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag and "application/json" not in tag]
    return [tag for tag in scripts if "nonce=" not in tag] + re.findall(r"<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize(
    "name",
    ["accounts:security", "mfa_index", "mfa_add_webauthn", "mfa_reauthenticate", "account_email", "usersessions_list"],
)
def test_pages_of_ones_own_hold_nothing_that_the_policy_would_stop(client, arbiter, name):
    sign_in(client, arbiter)
    second = client.get(reverse("mfa_authenticate"))
    assert inline(second.content.decode()) == []
    enter_code(client, code())
    assert inline(client.get(reverse(name)).content.decode()) == []


def test_cookies_are_out_of_reach_of_scripts_and_other_places(client, buyer):
    sign_in(client, buyer)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_script_in_a_page_runs_only_with_the_nonce_of_this_very_answer(rf):
    def page(request):
        return HttpResponse(f"'nonce-{request.csp_nonce}'")

    answers: list[Any] = [CSPMiddleware(page)(rf.get("/")) for _visit in range(2)]
    first, second = answers
    assert first.content.decode() in policy(first)["script-src"]
    assert first.content.decode() not in policy(second)["script-src"]


def test_too_many_requests_get_a_clear_page_of_ours(client, db):
    for _time in range(31):
        answer = client.post(reverse("account_login"), {"login": "", "password": ""})
    assert answer.status_code == 429
    assert 'class="gate"' in answer.content.decode()
