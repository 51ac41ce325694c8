"""A shop's queue by the keyboard alone: walk, choose, open an answer; money moves only by Enter on a button."""

from collections.abc import Callable

import pytest
from django.test import Client

from orders import delivery
from refunds.models import Refund
from tests.browser.chromium import Visitor
from tests.fixtures.cases import VISIT, claim
from tests.stories.forms import BACKEND
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_the_queue(visitor: Callable[..., Visitor], refund, seller) -> Visitor:
    """The shop looks at its queue."""
    found = visitor(width=1280, language="en")
    client = Client()
    client.force_login(seller, backend=BACKEND)
    found.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": found.home}])
    found.visit("/desk/xinghe/queue/")
    return found


def test_a_case_is_declined_offered_on_or_accepted_by_keys(at_the_queue, refund):
    page, case = at_the_queue.page, f"/refunds/{refund.number}/"
    page.keyboard.press("j")
    assert page.locator("[data-row].here").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('href')") == case
    page.keyboard.press("d")
    page.wait_for_url(f"**{case}decline/")
    page.go_back()
    page.keyboard.press("o")
    page.wait_for_url(f"**{case}offer/")
    page.go_back()
    page.keyboard.press("a")
    page.wait_for_url(f"**{case}#accept")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") == "accept"
    assert Refund.objects.get().state == "requested", "a key alone moves no money"
    page.keyboard.press("Enter")
    page.wait_for_load_state("load")
    page.locator(".message.success").wait_for()
    assert Refund.objects.get().state == "refunded"
    at_the_queue.require_peace()


def test_the_row_where_somebody_is_stays_theirs_when_the_list_is_read_anew(at_the_queue, refund, order, rich_buyer):
    page = at_the_queue.page
    page.keyboard.press("j")
    unit = order.units.get(place=2)
    delivery.reveal(unit, by=rich_buyer, at=clock.now(), visit=VISIT)
    filed = claim(unit, "CODE_INVALID", by=rich_buyer, at=clock.now())
    page.locator(f'a[href="/refunds/{filed.number}/"]').first.wait_for()
    assert page.locator("[data-row].here").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/refunds/{refund.number}/"


def test_the_keys_are_shown_by_a_question_mark_and_by_a_button(at_the_queue):
    page = at_the_queue.page
    keys = page.locator("#keys")
    page.keyboard.press("?")
    keys.wait_for(state="visible")
    at_the_queue.require_accessible()
    page.keyboard.press("Escape")
    page.locator("[data-shows-keys]").click()
    keys.locator("[data-closes-keys]").click()
    assert not keys.is_visible()
