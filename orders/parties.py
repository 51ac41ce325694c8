"""Who has to do with an order: its buyer, the shop that sold it, and the mall's people who look into cases."""

from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from orders.models import Order
from shops.models import SERVE, Shop, keeping

#: Roles of staff that see every order, the platform's coupons, how suppliers are doing, and hints at deals outside; and
#: those that also speak in a conversation.
SEEING = frozenset({Role.AGENT, Role.ARBITER, Role.SENIOR, Role.LEAD, Role.RISK, Role.AUDITOR})
SEEING_COUPONS = frozenset({Role.FINANCE, Role.LEAD, Role.AUDITOR})
SEEING_HEALTH = frozenset({Role.AGENT, Role.ARBITER, Role.SENIOR, Role.LEAD, Role.RISK, Role.AUDITOR})
SEEING_SIGNS = frozenset({Role.RISK, Role.LEAD, Role.AUDITOR})
SPEAKING = frozenset({Role.AGENT, Role.ARBITER, Role.SENIOR, Role.LEAD})


class Side(models.TextChoices):
    """For whom somebody stands in an order."""

    BUYER = "buyer", _("Buyer")
    SHOP = "shop", _("Shop")
    PLATFORM = "platform", _("Platform")


def visible_to(user: Any) -> QuerySet[Order]:
    """The orders that `user` may see: the own ones, those of the own shops, and all of them for staff of cases."""
    if user.roles & SEEING:
        return Order.objects.all()
    return Order.objects.filter(Q(buyer=user) | keeping(user, SERVE, shop="shop"))


def side_of(order: Order, user: Any) -> Side | None:
    """For whom `user` stands in the order; nobody if it is not theirs to see.

    Whoever bought or sold it never counts as staff in it.
    """
    if order.buyer_id == user.pk:
        return Side.BUYER
    if order.shop.is_worked_in_by(user):
        return Side.SHOP if order.shop.may(user, SERVE) else None
    return Side.PLATFORM if user.roles & SEEING else None


def side_of_author(order: Order, user_id: int) -> Side:
    """For whom somebody spoke who was allowed to speak in the order."""
    if order.buyer_id == user_id:
        return Side.BUYER
    return Side.SHOP if order.shop.was_spoken_for_by(user_id) else Side.PLATFORM


def may_speak(order: Order, user: Any) -> bool:
    """Whether `user` may say something in the order's conversation: both sides, and staff who assist or decide."""
    side = side_of(order, user)
    return side in {Side.BUYER, Side.SHOP} or (side == Side.PLATFORM and bool(user.roles & SPEAKING))


def bought_from(shop: Shop, user: Any) -> bool:
    """Whether `user` ever ordered something there: then they are told whom to take legal steps against."""
    return Order.objects.filter(shop=shop, buyer=user).exists()
