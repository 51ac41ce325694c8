"""The shop that stays silent and the case that the platform decides, as people see them; and every main page."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from disputes.models import Dispute
from ledger.accounts import balance
from notifications import inbox
from orders import delivery
from orders.models import Order
from refunds.models import Refund
from tests.browser.chromium import WINDOWS, Visitor
from tests.stories.conftest import picture
from tests.stories.forms import BACKEND
from timeline import clock, sweep

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASONS = "平台记录显示该卡密在展示后三小时内被申报无效，双方均未能证明是谁使用，按记录分担。"
SCREENS = pytest.mark.parametrize(("width", "language"), WINDOWS)


@pytest.fixture
def window(visitor: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """A window of somebody who is signed in: `window(buyer, width=390)`."""

    def opened(user: User, **how: Any) -> Visitor:
        found = visitor(**how)
        client = Client()
        client.force_login(user, backend=BACKEND)
        found.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": found.home}]
        )
        return found

    return opened


@pytest.fixture
def screenshot(tmp_path: Path) -> str:
    """A picture on the buyer's phone."""
    path = tmp_path / "截图.png"
    path.write_bytes(picture().read())
    return str(path)


def looked_at(somebody: Visitor) -> Any:
    """The page somebody stands on: it fits, is accessible, quiet, and asks nothing of another site."""
    somebody.require_peace()
    somebody.axe = None
    somebody.require_fits()
    somebody.require_accessible()
    return somebody.page


def press(somebody: Visitor, selector: str) -> Any:
    """Press what leads on, and look at the page that follows."""
    somebody.go(somebody.page.locator(selector).first)
    return looked_at(somebody)


def claim_in_three_steps(buyer: Visitor, order: Order, screenshot: str) -> Refund:
    """From the order to a filed claim for the first code, with a picture."""
    buyer.visit(f"/orders/{order.number}/")
    page = looked_at(buyer)
    buyer.go(page.locator(f'a[href="/orders/{order.number}/units/1/"]').first)
    looked_at(buyer)
    page = press(buyer, f'form[action="/orders/{order.number}/units/1/"] button')
    assert "XH7Q-" in page.locator("main").inner_text()
    buyer.visit(f"/orders/{order.number}/")
    page = press(buyer, f'a[href="/orders/{order.number}/claim/"]')
    page.locator('input[name="reason"][value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    page = press(buyer, "main form .sticky-actions .button, main form > .actions .button")
    page.locator('textarea[name="text"]').fill("激活页面提示“卡密无效”。")
    page.locator('input[type="file"]').set_input_files(screenshot)
    page.locator(".thumbs img").wait_for()  # sent by itself; what was written is still there
    assert page.locator('textarea[name="text"]').input_value() == "激活页面提示“卡密无效”。"
    page = press(buyer, "main form .sticky-actions button.button")
    assert "¥98.00" in page.locator("main").inner_text(), "the result stands there before anything is filed"
    assert not Refund.objects.exists()
    page = press(buyer, "main form .sticky-actions button.button")
    refund = Refund.objects.get()
    assert page.url.endswith(f"/refunds/{refund.number}/")
    assert refund.attachments.count() == 1
    return refund


def let_time_pass(span: timedelta) -> None:
    """The mall's clock goes on, and the sweep finds what is due."""
    clock.advance(span)
    sweep.sweep(at=clock.now())


@SCREENS
def test_c_the_shop_stays_silent_and_the_clock_pays(window, order, rich_buyer, seller, screenshot, width, language):
    how = {"width": width, "language": language}
    buyer, shop = window(rich_buyer, **how), window(seller, **how)
    refund = claim_in_three_steps(buyer, order, screenshot)
    before = balance(f"{rich_buyer.address}:wallet")
    shop.visit("/desk/xinghe/queue/")
    assert refund.number in looked_at(shop).content() or f"/refunds/{refund.number}/" in shop.page.content()
    let_time_pass(timedelta(hours=48))
    buyer.visit(f"/refunds/{refund.number}/")
    page = looked_at(buyer)
    refund.refresh_from_db()
    assert (refund.state, refund.outcome) == ("refunded", "silence")
    assert "¥98.00" in page.locator("main").inner_text()
    assert balance(f"{rich_buyer.address}:wallet") == before + 9_800
    shop.visit(f"/refunds/{refund.number}/")
    page = looked_at(shop)
    assert not page.locator(f'form[action="/refunds/{refund.number}/accept/"]').count(), "nothing is left to answer"
    buyer.visit("/wallet/")
    assert "¥98.00" in looked_at(buyer).locator("main").inner_text()


@SCREENS
def test_d_the_shop_declines_and_the_platform_splits(
    window, order, rich_buyer, seller, arbiter, senior, screenshot, width, language
):
    how = {"width": width, "language": language}
    buyer, shop = window(rich_buyer, **how), window(seller, **how)
    refund = claim_in_three_steps(buyer, order, screenshot)
    shop.visit(f"/refunds/{refund.number}/")
    looked_at(shop)
    page = press(shop, f'a[href="/refunds/{refund.number}/decline/"]')
    page.locator('input[name="code"][value="code_was_good"]').check()
    page.locator('input[name="rule"][value="MX-42"]').check()
    page.locator('textarea[name="text"]').fill("出库时有效，平台记录显示已查看。")
    press(shop, "main form.form button")
    buyer.visit(f"/refunds/{refund.number}/")
    assert "MX-42" in looked_at(buyer).locator("main").inner_text()
    press(buyer, f'form[action="/refunds/{refund.number}/escalate/"] button')
    dispute = Dispute.objects.get()
    for side in (buyer, shop):
        side.visit(f"/disputes/{dispute.number}/")
        looked_at(side)
        press(side, f'form[action="/disputes/{dispute.number}/rest/"] button')
    rule_on_the_bench(window(arbiter, **how), dispute)
    sign_on_the_bench(window(senior, **how), dispute)
    refund.refresh_from_db()
    assert (refund.state, refund.outcome, refund.approved) == ("refunded", "ruling", 5_880)
    for side in (buyer, shop):
        side.visit(f"/disputes/{dispute.number}/ruling/")
        words = looked_at(side).locator("main").inner_text()
        assert "¥58.80" in words
        assert REASONS in words
    assert balance(f"{rich_buyer.address}:wallet") == 100_000 - 29_400 + 5_880
    assert balance(order.escrow) == 2 * 9_800, "the share of the shop is released at once"


@SCREENS
def test_without_scripts_they_decline_go_before_the_platform_offer_and_take(
    window, order, rich_buyer, seller, arbiter, screenshot, width, language
):
    """The core journey with JavaScript off: every form posts, every page says what comes next."""
    how = {"width": width, "language": language, "scripts": False}
    buyer, shop = window(rich_buyer, **how), window(seller, **how)

    def press(somebody: Visitor, selector: str) -> Any:
        somebody.go(somebody.page.locator(selector).first)
        somebody.require_fits()
        return somebody.page

    unit = f"/orders/{order.number}/units/1/"
    buyer.visit(unit)
    press(buyer, f'form[action="{unit}"] button')
    page = buyer.visit(f"/orders/{order.number}/claim/")
    page.locator('input[name="reason"][value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    page = press(buyer, "main form .sticky-actions button")
    page.locator('textarea[name="text"]').fill("激活页面提示“卡密无效”。")
    page.locator('input[type="file"]').set_input_files(screenshot)
    page = press(buyer, "main form .sticky-actions button.button:not([name])")
    assert "¥98.00" in page.locator("main").inner_text()
    press(buyer, "main form .sticky-actions button.button")
    refund = Refund.objects.get()
    assert refund.attachments.count() == 1
    case = f"/refunds/{refund.number}/"
    shop.visit("/desk/xinghe/queue/")
    page = press(shop, f'a[href="{case}decline/"]')
    page.locator('input[name="code"][value="code_was_good"]').check()
    page.locator('input[name="rule"][value="MX-42"]').check()
    page.locator('textarea[name="text"]').fill("出库时有效，平台记录显示已查看。")
    press(shop, "main form.form button")
    buyer.visit(case)
    press(buyer, f'form[action="{case}escalate/"] button')
    shop.visit(case)
    page = press(shop, f'a[href="{case}offer/"]')
    page.locator('input[name="kind"][value="partial"]').check()
    page.locator('input[name="amount"]').fill("60.00")
    press(shop, "main form.form button")
    buyer.visit(case)
    press(buyer, f'a[href="{case}take/"]')
    press(buyer, "main form.form button")
    refund.refresh_from_db()
    assert (refund.state, refund.outcome, refund.approved) == ("refunded", "settlement", 6_000)
    shop.visit(case)
    assert "¥60.00" in shop.page.locator("main").inner_text()


def rule_on_the_bench(person: Visitor, dispute: Dispute) -> None:
    """The arbiter opens the file, weighs what is in it, and rules."""
    person.visit("/bench/")
    looked_at(person)
    press(person, f'a[href="/bench/{dispute.number}/"]')
    page = press(person, f'form[action="/bench/{dispute.number}/open/"] button')
    page.locator("[name=share_seller]").fill("60")
    page.locator("[name=share_buyer]").fill("40")
    page.locator("[name=rule_ids]").fill("MX-11")
    page.locator("[name=reasons]").fill(REASONS)
    page.locator("[name=departs_because]").fill("双方各有责任，见理由。")
    for choice in page.locator("select[name^=weight_]").all():
        choice.select_option("accepted")
    page.locator("#preview", has_text="¥58.80").wait_for()  # what it comes to is shown while it is written
    looked_at(person)
    person.go(page.locator(".sign-bar button").last)
    looked_at(person)
    dispute.refresh_from_db()
    assert dispute.state == "signing"


def sign_on_the_bench(person: Visitor, dispute: Dispute) -> None:
    """The senior reads and signs."""
    person.visit(f"/bench/{dispute.number}/")
    looked_at(person)
    press(person, f'form[action="/bench/{dispute.number}/open/"] button')
    press(person, f'form[action="/bench/{dispute.number}/sign/"] button')


# Every main page, in both languages, on a phone and at a desk

PAGES: dict[str, list[str]] = {
    "buyer": [
        "/me/",
        "/listings/",
        "/listings/{listing}/",
        "/orders/",
        "/orders/{order}/",
        "/orders/{order}/units/2/",
        "/orders/{order}/confirm/",
        "/orders/{order}/claim/",
        "/rules/calculator/",
        "/refunds/",
        "/refunds/{refund}/",
        "/disputes/",
        "/disputes/{dispute}/",
        "/disputes/{dispute}/ruling/",
        "/wallet/",
        "/notices/",
    ],
    "seller": [
        "/me/",
        "/desk/",
        "/desk/xinghe/queue/",
        "/desk/xinghe/listings/",
        "/desk/xinghe/listings/new/",
        "/desk/xinghe/stock/",
        "/desk/xinghe/stock/{listing}/",
        "/desk/xinghe/orders/",
        "/desk/xinghe/money/",
        "/shops/xinghe/",
        "/shops/xinghe/deposit/",
        "/refunds/{refund}/",
        "/disputes/{dispute}/",
        "/notices/",
    ],
    "arbiter": ["/me/", "/bench/", "/bench/{dispute}/", "/disputes/{dispute}/ruling/"],
    "lead": ["/me/", "/board/", "/house/"],
}


@pytest.fixture
def walked(ruled: Dispute, rich_buyer: User, at: Any) -> dict[str, Any]:
    """A mall in which something has happened: a ruling, a case that waits for the shop, a sealed code, notices."""
    from refunds import lifecycle

    order = ruled.refund.order
    unit = order.units.get(place=3)
    visit = delivery.Visit(address="203.0.113.77", session="s", agent="a phone")
    delivery.reveal(unit, by=rich_buyer, at=at, visit=visit)
    lifecycle.ask(order=order, units=[unit], reason="CODE_INVALID", text="无法激活。", by=rich_buyer, at=at)
    inbox.catch_up(at=clock.now())
    return {
        "listing": order.snapshot.listing_id,
        "order": order.number,
        "refund": ruled.refund.number,
        "dispute": ruled.number,
    }


@pytest.mark.parametrize("who", PAGES)
@SCREENS
def test_every_main_page_fits_is_accessible_and_quiet(
    window, walked, rich_buyer, seller, arbiter, lead, who, language, width
):
    user = {"buyer": rich_buyer, "seller": seller, "arbiter": arbiter, "lead": lead}[who]
    somebody = window(user, width=width, language=language)
    wrong = []
    for path in PAGES[who]:
        try:
            somebody.prefer("light")
            somebody.visit(path.format(**walked))
            somebody.require_steady()
            looked_at(somebody)
            somebody.prefer("dark")
            somebody.require_accessible()
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
