"""What the other side does appears on an open page within five seconds; what somebody writes is never taken away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from orders import conversation
from tests.browser.chromium import Visitor
from tests.stories.forms import BACKEND
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SOON = 5_000  # milliseconds


@pytest.fixture
def at_the_order(visitor: Callable[..., Visitor], order: Any, rich_buyer: Any) -> Visitor:
    """The buyer looks at the order."""
    found = visitor(width=390, language="zh-CN")
    client = Client()
    client.force_login(rich_buyer, backend=BACKEND)
    found.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": found.home}])
    found.visit(f"/orders/{order.number}/")
    found.page.evaluate("window.stayed = true")
    return found


def test_what_the_shop_writes_appears_without_a_reload(at_the_order, order, seller):
    page = at_the_order.page
    with page.expect_response(lambda answer: "/live/" in answer.url and answer.status in {204, 304}):
        pass  # the page asks, and nothing has happened
    conversation.say(order, "我们正在核对，请稍等。", by=seller, at=clock.now())
    page.get_by_text("我们正在核对，请稍等。").first.wait_for(timeout=SOON)
    assert page.evaluate("window.stayed"), "the page was read anew instead"
    at_the_order.require_peace()


def test_what_somebody_is_writing_is_not_taken_from_them(at_the_order, order, seller):
    page = at_the_order.page
    page.locator("main textarea").first.fill("我还在写")
    conversation.say(order, "我们正在核对，请稍等。", by=seller, at=clock.now())
    page.locator("[data-live-toast]").wait_for(state="visible", timeout=SOON)
    assert page.locator("main textarea").first.input_value() == "我还在写"
    assert page.get_by_text("我们正在核对，请稍等。").count() == 0


def test_the_style_page_is_accessible_by_day_and_by_night(visitor, settings, db):
    settings.DEMO = True
    for theme in ("light", "dark"):
        found = visitor(width=1280, language="en", theme=theme)
        found.visit("/styleguide/")
        found.require_fits()
        found.require_accessible()
