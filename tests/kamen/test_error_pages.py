"""Pages of errors: what happened, what stayed safe, what to do now; in the visitor's language."""

import re

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import resolve, reverse
from django.utils import translation
from django.utils.translation import gettext

from kamen import problems
from tests.permissions import read
from tests.permissions.test_matrix import ROUTES

HANDLERS = {
    400: lambda request: problems.bad_request(request, SuspiciousOperation()),
    403: lambda request: problems.forbidden(request, PermissionDenied()),
    404: lambda request: problems.not_found(request, Exception("nothing")),
}


@pytest.mark.parametrize("status", HANDLERS)
def test_an_error_says_what_happened_what_stayed_safe_and_what_to_do(client, db, status):
    request = client.get(reverse("desks:home")).wsgi_request
    answer = HANDLERS[status](request)
    page = answer.content.decode()
    assert answer.status_code == status
    assert page.count("<dt>") == 2
    assert 'href="/"' in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_not_there_is_said_in_the_visitor_s_language(client, db, language):
    page = client.get("/nothing-here/", headers={"accept-language": language})
    with translation.override(language):
        said = gettext("There is nothing here")
    assert page.status_code == 404
    assert f"<h1>{said}</h1>" in page.content.decode()
    assert (said == "There is nothing here") == (language == "en")


def test_whoever_opens_what_only_takes_a_form_is_led_to_the_page_with_the_form(client, order, rich_buyer):
    """The language was changed under a form with a mistake, or somebody signed in again."""
    client.force_login(rich_buyer)
    answer = client.get(reverse("orders:say", args=[order.number]))
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert f'href="{order.get_absolute_url()}"' in page
    assert page.count("<dt>") == 2
    deep = client.get(reverse("shops:decide_commission", args=[7, "agree"]))
    assert f'href="{reverse("shops:commission_proposals")}"' in deep.content.decode(), "what is between is no page"


def test_nobody_is_led_from_one_form_s_address_to_another():
    """Whoever signs in again at “money back” of a recall comes to the recall, not to the same sentence once more."""
    shown = {route for (method, route), line in read().items() if method == "GET" and set(line.answers) - {"405"}}
    looked = 0
    for name, route in ROUTES.items():
        if name in shown or name.startswith("api:") or "(" in route:
            continue
        address = re.sub(r"<int:\w+>", "7", route)
        above = problems._page_above("/" + re.sub(r"<\w+:\w+>", "abc", address))
        assert resolve(above).view_name in shown, f"{name} leads to {above}"
        looked += 1
    assert looked > 100
    assert problems._page_above("/recalls/R1/orders/K1/join/") == "/recalls/R1/"


def test_a_machine_that_reads_what_only_takes_a_notice_gets_no_page(client, db):
    answer = client.get(reverse("api:close_deposit", args=["xinghe"]))
    assert "<html" not in answer.content.decode()


def test_a_form_without_the_session_s_key_changes_nothing_and_says_why(db, settings):
    settings.DEMO = True
    answer = Client(enforce_csrf_checks=True).post(reverse("timeline:advance"), {"hours": "1"})
    assert answer.status_code == 403
    assert "<dt>" in answer.content.decode()


def test_a_fault_of_ours_shows_a_page_that_needs_nothing(client, db, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("shops.views.shops.badge", broken)
    monkeypatch.setattr("shops.views.shops.Shop.objects.select_related", broken)
    client.raise_request_exception = False
    answer = client.get(reverse("shops:index"))
    assert answer.status_code == 500
    assert "500" in answer.content.decode()
