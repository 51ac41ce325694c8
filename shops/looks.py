"""Looks of the mall's staff at a shop's money: with a reason that is asked first, on record, for the shop to read.

As with what is masked of a person (`accounts.unmasking`; PIPL 51, rules 7): who looked, at what and why, is itself a
fact. A look lasts for half an hour, so that nobody is asked at each line; then the reason is asked anew.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from shops.models import BOOKS, SEEING_MONEY, Look, Shop
from timeline import events, page
from timeline.door import lock_root, require, verb
from timeline.refusals import Refused

LASTS = timedelta(minutes=30)
LONGEST = 200
#: Who reads every look at every shop.
READING = frozenset({Role.AUDITOR, Role.LEAD})


@verb
def look(shop: Shop, *, reason: str, by: Any, at: datetime) -> None:
    """Somebody of the mall's staff of money says what they need a shop's money for, and may see it for a while.

    Refused: `not_your_turn`, `reason_missing`.
    """
    require(
        bool(by.roles & SEEING_MONEY) and not shop.may(by, BOOKS),
        "not_your_turn",
        _("Only the mall's staff of money look at a shop's money, and nobody asks for their own."),
    )
    why = " ".join(reason.split())[:LONGEST]
    require(bool(why), "reason_missing", _("Say what you need it for."))
    lock_root(shop)
    page.insert([Look(shop=shop, by=by, reason=why, at=at)])
    events.record(
        root=shop.address, subject=shop.address, name="shop.money_looked_at", by=by, at=at, data={"reason": why}
    )


def is_asked(shop: Shop, user: Any, *, at: datetime) -> bool:
    """Whether `user` has to say first what they need this shop's money for: whoever does not keep its books."""
    return not shop.may(user, BOOKS) and not shop.looks.filter(by=user, at__gt=at - LASTS, at__lte=at).exists()


def require_reason(shop: Shop, user: Any, *, at: datetime) -> None:
    """Refused with `reason_first` while somebody of the mall has not said what they need a shop's money for."""
    if is_asked(shop, user, at=at):
        raise Refused("reason_first", _("Say first what you need this shop's money for; the shop reads it."))


def where_asked(address: str, user: Any, *, at: datetime, back: str) -> str:
    """The page that asks for the reason before an account (`shop:7:deposit`) is read; empty where nothing is asked."""
    kind, _colon, rest = address.partition(":")
    number = rest.partition(":")[0]
    if kind != "shop" or not number.isdecimal():
        return ""
    shop = Shop.objects.filter(pk=int(number[:18])).first()
    return page_asking(shop, back) if shop is not None and is_asked(shop, user, at=at) else ""


def page_asking(shop: Shop, back: str) -> str:
    """The address of the page that asks for the reason and then leads on to `back`."""
    return f"{reverse('shops:look', args=[shop.slug])}?{urlencode({'next': back})}"


def may_read(shop: Shop, user: Any) -> bool:
    """Whether `user` reads who looked at this shop's money: those who keep its books, and those who look on."""
    return shop.may(user, BOOKS) or bool(user.roles & READING)


def all_of(shop: Shop | None = None) -> "QuerySet[Look]":
    """Every look, at one shop or at all."""
    found = Look.objects.select_related("by", "shop")
    return found if shop is None else found.filter(shop=shop)
