"""`{% desk_places shop %}`: the pages of a shop's desk, on each of them; only those that the person may open."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops.models import BOOKS, MONEY, SELL, SERVE, STAFF, Shop

register = template.Library()

#: For whoever works in the shop, whatever they do there.
ANYBODY = ""
#: What only the owner may do is nobody's duty.
OWNER = "own"


@dataclass(frozen=True)
class Place:
    """A page of the desk: the name of its route, its words, and what one must be allowed to do to open it."""

    route: str
    label: str | Promise
    duty: str


PLACES = [
    Place("desks:today", _("Today"), ANYBODY),
    Place("refunds:queue", _("Claims to answer"), SERVE),
    Place("orders:desk", _("Orders"), SERVE),
    Place("orders:to_deliver", _("To deliver"), SERVE),
    Place("shops:desk_listings", _("My listings"), SELL),
    Place("shops:stock", _("Stock"), SELL),
    Place("desks:money", _("Money"), BOOKS),
    Place("shops:deposit", _("Deposit"), BOOKS),
    Place("shops:withdrawals", _("Withdrawals"), MONEY),
    Place("shops:looks", _("Who looked at our money"), BOOKS),
    Place("reputation:standing", _("Level and figures"), ANYBODY),
    Place("reputation:feedback", _("After-sale feedback"), ANYBODY),
    Place("orders:coupons", _("Coupons"), SELL),
    Place("shops:suppliers", _("Suppliers"), SELL),
    Place("refunds:answers", _("Answers"), SERVE),
    Place("shops:staff", _("Staff"), STAFF),
    Place("notifications:endpoints", _("Webhooks"), SERVE),
    Place("shops:licences", _("Papers"), BOOKS),
    Place("shops:sanctions", _("Steps of the mall"), ANYBODY),
    Place("shops:detail", _("As buyers see it"), ANYBODY),
]


@register.inclusion_tag("components/desk_nav.html", takes_context=True)
def desk_places(context: template.Context, shop: Shop) -> dict[str, Any]:
    """The places of `shop` that the reader may open, and which one this is. No query: a shop knows its people."""
    request = context["request"]
    if not shop.is_worked_in_by(request.user):
        return {"places": []}
    return {
        "places": [
            {"label": place.label, "url": address, "is_here": request.path == address.partition("?")[0]}
            for place in PLACES
            if place.duty == ANYBODY or shop.may(request.user, place.duty)
            for address in [address_of(place, shop)]
        ]
    }


def address_of(place: Place, shop: Shop) -> str:
    """Where a place of this shop is; today's page is one for all shops that somebody keeps."""
    if place.route == "desks:today":
        return f"{reverse(place.route)}?shop={shop.slug}"
    return reverse(place.route, args=[shop.slug])
