"""What no test had seen until a bug of the museum survived."""

import pytest

from ledger.gateways import UnknownChannel
from ledger.sandbox import is_signed
from orders import escrow, lifecycle
from orders.models import Order
from timeline import door

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("secret", ["", "  "])
def test_without_a_secret_nothing_is_signed_by_anybody(secret):
    with pytest.raises(UnknownChannel):
        is_signed(secret, "anything", kind="notice", path="/", timestamp="1", nonce="n", body=b"{}")


@door.verb
def pay_back(order: Order, unit: int, amount: int, *, cause: str, at) -> None:
    """A case over one unit ends: so many fen go back."""
    door.lock(order)
    escrow.hold(order, [each for each in escrow.units_of(order) if each.pk == unit], by=cause, at=at)
    lifecycle.end_case(order, cause=cause, grants={unit: amount}, at=at)


def test_what_goes_back_of_a_unit_later_adds_to_what_went_back_before(order, at):
    unit = order.units.get(place=1)
    pay_back(Order.objects.get(pk=order.pk), unit.pk, 1_000, cause="case:1", at=at)
    pay_back(Order.objects.get(pk=order.pk), unit.pk, 500, cause="case:2", at=at)
    unit.refresh_from_db()
    assert (unit.refunded, unit.held + unit.released) == (1_500, unit.paid - 1_500)
