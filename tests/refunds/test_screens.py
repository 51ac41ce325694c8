"""The pages of refunds as people see them: on a phone and at a desk, in both languages, by day and by night."""

import os
from pathlib import Path

import pytest

from tests.fixtures.cases import claim, units_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Where pictures are put when somebody wants to look at them.
PICTURES = os.environ.get("KAMEN_PICTURES")


def sign_in(somebody, user, client, settings):
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    somebody.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": somebody.home}])


def look(somebody, name, width, language):
    somebody.axe = None  # a click led to another page
    if PICTURES:
        somebody.page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}-{language}.png"), full_page=True)
    for theme in ("light", "dark"):
        somebody.prefer(theme)
        somebody.require_fits()
        somebody.require_accessible()
    somebody.prefer("light")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_claim_and_its_case_on_every_screen(
    visitor, client, settings, width, language, order, revealed, rich_buyer, seller, at
):
    buyer = visitor(width=width, language=language)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{order.number}/claim/")
    look(buyer, "1-what", width, language)
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    page.locator("form .sticky-actions button").click()
    page.locator('textarea[name="text"]').fill("输入后提示卡密无效。")
    look(buyer, "2-facts", width, language)
    page.locator("form .sticky-actions button").first.click()
    buyer.require_peace()
    look(buyer, "3-result", width, language)
    page.locator("form .sticky-actions button").click()
    buyer.require_peace()
    assert "/refunds/R" in page.url
    look(buyer, "4-case-buyer", width, language)
    case = page.url.removeprefix(buyer.home)
    claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    buyer.visit("/refunds/")
    look(buyer, "5-list", width, language)
    shop = visitor(width=width, language=language)
    sign_in(shop, seller, client, settings)
    shop.visit("/desk/xinghe/queue/")
    look(shop, "6-queue", width, language)
    shop.visit(case)
    look(shop, "7-case-shop", width, language)
    shop.visit(f"{case}decline/")
    look(shop, "8-decline", width, language)


def test_a_claim_is_filed_without_scripts(visitor, client, settings, order, revealed, rich_buyer):
    buyer = visitor(width=390, scripts=False)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{order.number}/claim/")
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    page.locator("form .sticky-actions button").click()
    page.locator("form .sticky-actions button").first.click()
    page.locator("form .sticky-actions button").click()
    page.wait_for_url("**/refunds/R*/")
