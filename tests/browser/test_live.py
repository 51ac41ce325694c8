"""What the other side does appears on an open page within five seconds; what somebody writes is never taken away."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from orders import conversation, delivery
from refunds import bargaining, questions
from refunds.bargaining import Terms
from tests.browser.chromium import Visitor
from tests.fixtures.cases import VISIT, claim
from tests.stories.forms import BACKEND
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SOON = 5_000  # milliseconds


@pytest.fixture
def looks(visitor: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """`looks(buyer, "/orders/…/")`: somebody opens a page and stays there."""

    def opened(user: Any, path: str) -> Visitor:
        found = visitor(width=390, language="zh-CN")
        client = Client()
        client.force_login(user, backend=BACKEND)
        found.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": found.home}]
        )
        with found.page.expect_response(lambda answer: "/live/" in answer.url and answer.status in {204, 304}):
            found.visit(path)  # the page asks, and nothing has happened
        found.page.evaluate("window.stayed = true")
        return found

    return opened


def appears(somebody: Visitor, selector: str) -> None:
    """What matches is there within five seconds, on the same page."""
    somebody.page.locator(selector).first.wait_for(timeout=SOON)
    assert somebody.page.evaluate("window.stayed"), "the page was read anew instead"
    somebody.require_peace()


def test_what_the_shop_writes_appears_without_a_reload(looks, order, seller, rich_buyer):
    buyer = looks(rich_buyer, f"/orders/{order.number}/")
    conversation.say(order, "我们正在核对，请稍等。", by=seller, at=clock.now())
    appears(buyer, "text=我们正在核对，请稍等。")


def test_what_the_shop_offers_appears_with_the_way_to_take_it(looks, refund, seller, rich_buyer):
    buyer = looks(rich_buyer, f"/refunds/{refund.number}/")
    bargaining.offer(refund, Terms("partial", amount=4_900), by=seller, at=clock.now())
    appears(buyer, f'a[href="/refunds/{refund.number}/take/"]')
    assert "¥49.00" in buyer.page.locator("main").inner_text()


def test_a_countdown_that_was_made_longer_counts_to_its_new_end(looks, refund, seller, rich_buyer):
    buyer = looks(rich_buyer, f"/refunds/{refund.number}/")
    before = buyer.page.locator(".countdown").first.get_attribute("data-until")
    questions.extend(refund, ticket="GH-2211", by=seller, at=clock.now())
    appears(buyer, f'.countdown[data-until]:not([data-until="{before}"])')
    left = buyer.page.locator(".countdown .left").first.inner_text()
    assert re.findall(r"\d+", left)[0] == "2", f"days of the 72 hours are left, not {left}"


def test_a_new_claim_appears_in_the_queue_of_the_shop(looks, refund, order, seller, rich_buyer):
    shop = looks(seller, "/desk/xinghe/queue/")
    second = order.units.get(place=2)
    delivery.reveal(second, by=rich_buyer, at=clock.now(), visit=VISIT)
    filed = claim(order.units.get(place=2), "CODE_INVALID", by=rich_buyer, at=clock.now())
    appears(shop, f'a[href="/refunds/{filed.number}/"]')


def test_what_somebody_is_writing_is_not_taken_from_them(looks, order, seller, rich_buyer):
    page = looks(rich_buyer, f"/orders/{order.number}/").page
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
