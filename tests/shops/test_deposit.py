from ledger.accounts import balance
from shops import lifecycle
from shops.states import DepositState


def test_a_paid_deposit_lets_the_shop_sell(seller, at):
    shop = lifecycle.open_shop(owner=seller, name="甲", slug="jia", required=100_000, at=at)
    lifecycle.pay_in(shop.deposit, amount=100_000, channel="sandbox", by=seller, at=at, key="k1")
    assert shop.deposit.state == DepositState.ACTIVE
    assert balance(f"shop:{shop.pk}:deposit") == 100_000
    assert shop.deposit.may_sell(100_000)
