"""Who is asked who they are: everybody, everywhere, except where it says otherwise here."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.accounts.conftest import sign_in

#: Where a stranger may look, by the name of the page or the start of its path. Everything else asks for a sign-in.
PUBLIC = {
    "account_confirm_email",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "complaints:notify",
    "desks:home",
    "disputes:chain",
    "disputes:digest",
    "disputes:keys",
    "disputes:neutrals",
    "disputes:verify",
    "desks:styleguide",
    "ledger:notify",
    "orders:supplier_notify",
    "mfa_authenticate",
    "notifications:official",
    "reputation:figures",
    "reputation:ratings",
    "reputation:transparency",
    "rulebook:body",
    "rulebook:calculator",
    "rulebook:center",
    "rulebook:clocks",
    "rulebook:examples",
    "rulebook:linter",
    "rulebook:matrix",
    "rulebook:reason",
    "rulebook:reasons",
    "rulebook:version",
    "rulebook:versions",
    "set_language",
    "shops:commission",
    "shops:detail",
    "shops:index",
    "shops:listing",
    "shops:listings",
    "support:room",
}
#: Open, but only in the demo.
DEMO = {"timeline:advance", "timeline:clocks", "timeline:panel"}
#: What the API tells everybody, because the pages do.
OPEN_API = {f"/api/v1/{things}/{one}" for things in ("shops", "listings") for one in ("", "x/", "1/")} | {
    "/api/v1/shops/x/figures/",
    "/api/v1/shops/x/ratings/",
    "/api/v1/commission/",
    "/api/v1/neutrals/",
    "/api/v1/transparency/",
    "/api/v1/rules/calculate/",
    "/api/v1/precedents/digest/",
    "/api/v1/seals/",
    "/api/v1/seals/check/",
    "/api/v1/seals/keys/",
    "/api/v1/seals/x/",
}
#: Machines: answered without a session, or with a problem of their own.
MACHINES = ("/healthz", "/readyz", "/metrics", "/api/")


def pages(patterns=None, prefix="/", namespace=""):
    """Every address of the mall: name, a path that fits, view."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + example(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from pages(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", path, pattern.callback


def example(route):
    """A path that fits a route."""
    route = re.sub(r"<int:\w+>", "1", route)
    route = re.sub(r"<(?:\w+:)?\w+>", "x", route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)", "x", route)
    return route.strip("^$").replace("\\", "")


def test_every_page_asks_for_a_sign_in_unless_it_is_public_on_purpose(client, db):
    asked: set[str] = set()
    public: set[str] = set()
    silent: set[str] = set()
    for name, path, view in pages():
        if path.startswith(MACHINES):
            continue
        if getattr(view, "login_required", True):
            answer = client.get(path)
            closed = answer.status_code == 302 and answer.url.startswith(reverse("account_login"))
            (asked if closed else silent).add(name)
        else:
            public.add(name)
            if name in DEMO:
                assert client.get(path).status_code in {404, 405}, path
    assert silent == set(), "these answered a stranger"
    assert public - PUBLIC - DEMO == set(), "these are open to strangers; on purpose?"
    assert {"accounts:security", "mfa_index", "usersessions_list"} <= asked


def test_the_api_gives_a_stranger_only_what_the_pages_show_everybody(client, db):
    for _name, path, _view in pages():
        if path.startswith("/api/v") and path not in OPEN_API:
            assert client.get(path).status_code in {401, 403, 404, 405}, path


def test_after_signing_in_one_is_where_one_wanted_to_be(client, buyer):
    wanted = reverse("accounts:security")
    asked = client.get(wanted)
    answer = client.post(asked.url, {"login": buyer.email, "password": "a-good-long-password", "next": wanted})
    assert answer.url == wanted


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(client, buyer, elsewhere):
    answer = client.post(
        reverse("account_login"), {"login": buyer.email, "password": "a-good-long-password", "next": elsewhere}
    )
    assert answer.url == "/"


def test_signing_out_needs_a_click(client, buyer):
    sign_in(client, buyer)
    client.get(reverse("account_logout"))
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_a_form_from_elsewhere_is_not_taken(buyer):
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, buyer).status_code == 403
