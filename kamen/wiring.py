"""Ties each hook that a lower room declares to exactly one function of a room above."""

from shops import lifecycle as shops
from shops.states import DEPOSIT


def connect() -> None:
    """Called once, when all rooms are loaded."""
    DEPOSIT.expired.tie(shops.lapse)
