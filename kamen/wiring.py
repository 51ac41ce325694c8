"""Ties each hook that a lower room declares to exactly one function of a room above."""

import ledger.hooks
from ledger import payments, payouts
from ledger.states import PAYMENT, PAYOUT
from orders import lifecycle as orders
from orders.states import ORDER
from refunds import lifecycle as refunds
from refunds.states import REFUND
from rulebook import clocks
from shops import lifecycle as shops
from shops.states import DEPOSIT


def connect() -> None:
    """Called once, when all rooms are loaded."""
    ledger.hooks.span.tie(clocks.span)
    ledger.hooks.order_paid.tie(orders.paid_by_channel)
    PAYMENT.expired.tie(payments.lapse)
    PAYOUT.expired.tie(payouts.lapse)
    DEPOSIT.expired.tie(shops.lapse)
    ledger.hooks.payout_paid.tie(refunds.paid)
    ORDER.expired.tie(orders.lapse)
    REFUND.expired.tie(refunds.lapse)
