"""The pages of a shop's people and money in a browser: they fit, and they are accessible."""

import pytest
from django.conf import settings

from ledger.transfers import Reason, transfer
from shops import staff, withdrawals


@pytest.fixture
def kept_shop(deposit, seller, stranger, channel_secret, at):
    """A shop with a helper, an invitation and ¥500 to withdraw, to an account that still rests."""
    shop = deposit.shop
    staff.accept(
        staff.invite(shop, email=stranger.email, duty="support", by=seller, at=at),
        by=stranger,
        at=at,
    )
    staff.invite(shop, email="xiaoli@example.com", duty="finance", by=seller, at=at)
    transfer(
        source="channel:sandbox",
        target=shop.account("available"),
        amount=50_000,
        reason=Reason.SETTLE,
        subject=shop.address,
        key="earned",
        at=at,
    )
    withdrawals.name_account(shop, account="6222020200118888", holder="北京星河科技", by=seller, at=at)
    return shop


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en")])
def test_the_pages_fit_and_are_accessible(kept_shop, seller, client, visitor, width, language):
    client.force_login(seller)
    window = visitor(width=width, language=language)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    window.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": window.home}])
    for path in (
        "/desk/xinghe/staff/",
        "/desk/xinghe/withdrawals/",
        "/shops/xinghe/deposit/",
        "/invitations/",
    ):
        window.visit(path)
        window.require_fits()
        window.require_accessible()
