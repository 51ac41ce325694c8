"""Somebody opens a shop: an application with papers, a person's yes, the deposit, first goods, a first buyer."""

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import User
from orders.models import Order
from shops import lifecycle
from shops.models import Application, Listing, Shop
from tests.browser.chromium import WINDOWS, Visitor
from tests.disputes.test_browser_stories import Hands
from tests.fixtures.openings import SAID, in_days, picture
from tests.fixtures.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREENS = pytest.mark.parametrize(("width", "language"), WINDOWS)


@pytest.fixture
def hands(visitor: Callable[..., Visitor], width: int, language: str) -> Hands:
    """A screen that people sit down at one after the other."""
    return Hands(visitor(width=width, language=language))


@SCREENS
def test_somebody_applies_is_let_in_lists_goods_and_sells_the_first(
    hands: Hands, risk: User, rich_buyer: User, at: datetime, width: int, language: str
) -> None:
    owner = person("applicant")
    hand_in_an_application(hands, owner, at)
    made = Application.objects.get()
    assert made.state == "applied"

    page = f"/risk/applications/{made.pk}/"
    hands.sit(risk, "/risk/applications/").follow(page).press("/take_on/")
    hands.fill(reason="核对申请材料")
    hands.press("/open/")
    assert SAID["legal_name"] in hands.page.locator("#behind").inner_text()
    assert "ACTIVATION_CODE" not in hands.page.locator("main").inner_text(), "kinds of goods are said in words"
    hands.look()
    hands.press("/approve/")
    shop = Shop.objects.get()
    assert (shop.owner, shop.level) == (owner, "S0")

    hands.sit(owner, f"/applications/{made.pk}/").follow("/deposit/")
    hands.look()
    lifecycle.pay_in(shop.deposit, amount=shop.deposit.required, channel="sandbox", by=owner, at=at, key="first")
    listing = put_on_sale(hands, owner, shop)
    assert listing.state == "waiting", "a new shop's first goods wait for a person"
    hands.sit(risk, "/risk/listings/").press(f"/risk/listings/{listing.pk}/pass/")
    listing.refresh_from_db()
    assert listing.state == "on_sale"

    hands.sit(rich_buyer, f"/listings/{listing.pk}/")
    for box in hands.page.locator("#buy input[type=checkbox]").all():
        box.check()
    hands._send(hands.page.locator("#buy button").first)
    order = Order.objects.get()
    assert hands.page.url.endswith(f"/orders/{order.number}/trial/?want=1"), "the first of a new shop is a trial"
    hands.look()
    hands.follow(f"/orders/{order.number}/")
    pays = f'form[action="/orders/{order.number}/pay/"]:has([name="by"][value="wallet"])'
    hands._send(hands.page.locator(f"{pays} button"))
    order.refresh_from_db()
    assert (order.shop, order.state) == (shop, "delivered")
    hands.look()
    hands.sit(owner, f"/desk/{shop.slug}/orders/")
    assert order.number in hands.page.locator("main").inner_text()


def hand_in_an_application(hands: Hands, owner: User, at: datetime) -> None:
    """Name and address, who stands behind it, two papers; without them it cannot be handed in."""
    hands.sit(owner, "/applications/")
    hands.send(name="明月数卡", slug="mingyue")
    for kind in SAID["kinds"]:
        hands.page.locator(f'input[name="kinds"][value="{kind}"]').check()
    hands.fill(**{name: word for name, word in SAID.items() if name != "kinds"})
    hands._send(hands.page.locator("main form.card button.button").first)
    for kind, number in (("identity", "310104199001011234"), ("business", "91310104MA1FR0001X")):
        drawn = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": picture().read()}
        hands.fill(kind=kind, number=number, issuer="上海市", valid_until=in_days(at, 400).isoformat())
        hands.page.locator('input[name="upload"]').set_input_files(drawn)
        hands._send(hands.page.locator('form[action$="/papers/"] .actions button').last)
    hands.look()
    hands.press("/hand_in/")


def put_on_sale(hands: Hands, owner: User, shop: Shop) -> Listing:
    """A draft with its promise, its codes, and on to whoever looks it over."""
    desk = f"/desk/{shop.slug}"
    hands.sit(owner, f"{desk}/listings/new/?kind=POINT_CARD")
    hands.send(title="明月点卡 100 点", price="95.50", promise_minutes="30", notice="看清区服，只能充入国服帐号。")
    listing = Listing.objects.get()
    assert hands.page.url.endswith(f"{desk}/stock/{listing.pk}/")
    hands.look()
    hands.fill(codes="MOON-1\nMOON-2")
    hands._send(hands.page.locator("main form.card button.button").first)
    hands.sit(owner, f"{desk}/listings/{listing.pk}/").press(f"/listings/{listing.pk}/sell/")
    listing.refresh_from_db()
    return listing
