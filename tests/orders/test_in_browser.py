"""An order as people see it: on a phone and a desk, by day and by night, with and without scripts."""

import re

import pytest
from django.urls import reverse

from orders import conversation, delivery, lifecycle
from orders.models import Reveal
from tests.orders.test_pages import as_, url
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sold(listing, rich_buyer, seller):
    """Three codes, paid and delivered; one was looked at, and both sides have spoken."""
    at = clock.now()
    order = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=3, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at, visit=delivery.Visit())
    conversation.say(order, "第一个码提示已被使用", by=rich_buyer, at=at)
    conversation.say(order, "https://example.com/" + "x" * 300, by=seller, at=at)
    return order


@pytest.fixture
def as_buyer(visitor, rich_buyer):
    """Opens a window in which the buyer is signed in."""

    def open_window(**how):
        window = visitor(**how)
        key = as_(rich_buyer).cookies["sessionid"].value
        window.context.add_cookies([{"name": "sessionid", "value": key, "url": window.home}])
        return window

    return open_window


@pytest.mark.parametrize(
    ("width", "language", "theme"),
    [(390, "zh-CN", "light"), (390, "en", "dark"), (1280, "zh-CN", "dark"), (1280, "en", "light")],
)
def test_the_pages_of_an_order_fit_and_are_accessible(as_buyer, sold, width, language, theme):
    window = as_buyer(width=width, language=language, theme=theme)
    for path in (url("detail", sold), url("code", sold, place=2), url("confirm", sold), reverse("orders:index")):
        window.visit(path)
        window.require_fits()
        window.require_accessible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_buyer_opens_a_code_with_and_without_scripts(as_buyer, sold, scripts):
    window = as_buyer(width=390, language="en", scripts=scripts)
    page = window.visit(url("detail", sold))
    window.go(page.locator(".unit").nth(1).get_by_role("link"))
    assert not Reveal.objects.filter(unit__place=2).exists()
    window.go(page.get_by_role("button", name="Show me the code"))
    assert re.fullmatch(r"XH7Q-\d{4}-KAMEN", page.locator("#code").inner_text())
    assert Reveal.objects.filter(unit__place=2).exists()
    if not scripts:
        assert not page.locator("[data-copy]").is_visible()
    else:
        page.locator("[data-copy]").wait_for()
        window.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("[data-copy]").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("#code").inner_text()
    page.go_back()
    assert page.locator("#code").count() == 0


def test_a_buyer_confirms_without_scripts(as_buyer, sold):
    window = as_buyer(width=390, language="en", scripts=False)
    page = window.visit(url("detail", sold))
    window.go(page.get_by_role("link", name="Confirm receipt"))
    window.go(page.get_by_role("button", name="All is well, pay the shop"))
    sold.refresh_from_db()
    assert sold.state == "completed"
