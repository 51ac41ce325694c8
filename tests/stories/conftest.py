"""A mall in which everything was done at pages: goods listed, money brought in by the channel, three codes bought."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from kamen.sandbox_channel import Channel
from ledger.accounts import balance
from ledger.models import Account
from orders import delivery
from orders.models import Order, Unit
from refunds.models import Refund
from shops import lifecycle as shops
from shops.models import Listing, Shop
from tests.fixtures.channel import eventually
from tests.stories.forms import Somebody
from timeline import clock, sweep

CODES = ["XH7Q-0001-KAMEN", "XH7Q-0002-KAMEN", "XH7Q-0003-KAMEN"]
#: One code costs ¥98.00; 5 % of what a shop is given is the platform's.
PRICE, COMMISSION = 9_800, 490
NET = PRICE - COMMISSION


@dataclass
class Mall:
    """A shop and a buyer at their pages, and what was bought."""

    shop: Shop
    seller: Somebody
    buyer: Somebody
    number: str = ""

    @property
    def order(self) -> Order:
        """The order as it is now."""
        return Order.objects.get(number=self.number)

    @property
    def refund(self) -> Refund:
        """The only case, as it is now."""
        return Refund.objects.get()

    def unit(self, place: int) -> Unit:
        """A unit as it is now."""
        return Unit.objects.get(order__number=self.number, place=place)

    def path(self, more: str = "") -> str:
        """The page of the order, or one under it."""
        return f"/orders/{self.number}/{more}"

    def case(self, verb: str = "") -> str:
        """The page of the case, or what is sent there."""
        return f"/refunds/{self.refund.number}/{f'{verb}/' if verb else ''}"


@pytest.fixture
def small_shop(seller: User, at: Any) -> Shop:
    """A shop whose deposit is in place, ¥20.00: little, so that it may run dry."""
    shop = shops.open_shop(owner=seller, name="星河点卡", slug="xinghe", required=2_000, at=at)
    shops.pay_in(shop.deposit, amount=2_000, channel="sandbox", by=seller, at=at, key="first")
    return shop


@pytest.fixture
def mall(channel: Channel, small_shop: Shop, seller: User, buyer: User) -> Mall:
    """The shop has listed three codes, and the buyer has topped up ¥300.00 by the channel and bought all three."""
    found = Mall(small_shop, Somebody(seller), Somebody(buyer))
    list_codes(found, CODES)
    top_up(found, "300.00")
    buy(found, 3)
    return found


def list_codes(mall: Mall, codes: list[str]) -> None:
    """Draft, stock, on sale: three forms of the shop's desk."""
    seller = mall.seller.opens("/desk/xinghe/listings/new/").sends(
        kind="ACTIVATION_CODE",
        title="星河激活码 30 天",
        price="98.00",
        face_value="100",
        region="国服",
        promise_minutes="10",
        notice="请先确认区服；查看后因个人原因不能退。",
    )
    listing = Listing.objects.get()
    assert listing.state == "draft"
    seller.sends(codes="\n".join(codes), note="first delivery")
    assert not any(code in seller.page for code in codes), "codes are never sent back"
    seller.opens("/desk/xinghe/listings/").sends(f"/desk/xinghe/listings/{listing.pk}/sell/")
    listing.refresh_from_db()
    assert listing.state == "on_sale"


def top_up(mall: Mall, yuan: str) -> None:
    """To the channel's pay page and back; the signed notice brings the money."""
    buyer = mall.buyer.opens("/wallet/").sends("/wallet/top-up/", leave=True, amount=yuan)
    pay_page = buyer.answer.url
    assert f"¥{yuan}" in httpx.get(pay_page).text
    httpx.post(f"{pay_page}/pay")
    assert mall.buyer.user is not None
    wallet = f"{mall.buyer.user.address}:wallet"
    eventually(lambda: balance(wallet) > 0)


def buy(mall: Mall, quantity: int) -> None:
    """Order from the listing's page and pay from the balance: the codes are there, sealed, each once."""
    listing = Listing.objects.get()
    buyer = mall.buyer.opens(f"/listings/{listing.pk}/")
    buyer.sends(f"/listings/{listing.pk}/buy/", quantity=str(quantity), acknowledged="on", exempt="on")
    mall.number = Order.objects.get().number
    buyer.sends(mall.path("pay/"), by="wallet")
    assert [unit.delivery for unit in mall.order.units.order_by("place")] == ["sealed"] * quantity


def reveal(mall: Mall, place: int) -> str:
    """The buyer opens a code: asked once more, then shown in one answer only."""
    buyer = mall.buyer.opens(mall.path(f"units/{place}/"))
    assert not any(code in buyer.page for code in CODES)
    buyer.sends(mall.path(f"units/{place}/"))
    shown = [code for code in CODES if code in buyer.page]
    assert len(shown) == 1
    return shown[0]


def issuer_says(mall: Mall, place: int, *, is_valid: bool) -> None:
    """The issuer answers whether a code was good when it was sold: the outside world, which has no page."""
    delivery.record_validity(mall.unit(place), is_valid=is_valid, source="issuer", at=clock.now())


def claim(mall: Mall, place: int, reason: str = "CODE_INVALID", **told: Any) -> Somebody:
    """The three steps of the wizard for one unit, with an image; the buyer stands on the case's page."""
    buyer = mall.buyer.opens(mall.path("claim/"))
    buyer.sends(reason=reason, places=[str(place)])
    buyer.sends(text="激活页面提示“卡密无效”。", file=picture())
    return buyer.sends(**told)


def picture(color: str = "teal") -> SimpleUploadedFile:
    """A screenshot."""
    content = BytesIO()
    Image.new("RGB", (64, 48), color).save(content, "PNG")
    return SimpleUploadedFile("截图.png", content.getvalue(), content_type="image/png")


def wait(span: timedelta) -> None:
    """Time passes in the mall, and the sweep finds what is due."""
    clock.advance(span)
    for _round in range(3):
        sweep.sweep(at=clock.now())


def everything() -> dict[str, int]:
    """Every account that holds something, in fen."""
    found = Account.objects.exclude(balance=0).order_by("address")
    return dict(found.values_list("address", "balance"))


@pytest.fixture
def expected(small_shop: Shop, buyer: User) -> Callable[..., dict[str, int]]:
    """What every account holds at the end: `expected(wallet=…, available=…, fees=…)`, all else as it came in."""

    def accounts(*, came_in: int = 32_000, **held: int) -> dict[str, int]:
        names = {
            "wallet": f"{buyer.address}:wallet",
            "fees": "platform:fees",
            "fund": "platform:fund",
            "recoverable": "platform:recoverable",
            "in_suspense": "platform:suspense",
        }
        found = {"channel:sandbox": -came_in, small_shop.account("deposit"): 2_000}
        for name, amount in held.items():
            found[names.get(name) or small_shop.account(name)] = amount
        return {address: amount for address, amount in found.items() if amount}

    return accounts
