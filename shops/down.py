"""What an outage can be of, apart from the whole platform: a channel, a supplier, a shop, a kind of goods.

The register keeps a word for it (`sandbox`, `12`, `xinghe`, `POINT_CARD`). A word that is nobody's would stop no clock
and excuse nobody, so it is looked up before it is registered; people read the name.
"""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from ledger import gateways
from ledger.models import Account
from shops.models import Kind, Shop, Supplier
from timeline.models import Outage

#: So many suppliers are offered to choose from, the newest first; any other is named by its number.
OFFERED = 200


def named(things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """How people call what outages are of, each a scope and its target; what there is not is left out."""
    wanted: dict[str, set[str]] = {}
    for scope, target in things:
        wanted.setdefault(scope, set()).add(target)
    return {
        (scope, target): name
        for scope, targets in wanted.items()
        if scope in NAMES
        for target, name in NAMES[scope](targets).items()
    }


def _channels(targets: set[str]) -> dict[str, str]:
    closed = targets - set(gateways.open_channels())
    accounts = {f"channel:{each}": each for each in closed}
    there = Account.objects.filter(address__in=accounts).values_list("address", flat=True) if accounts else ()
    gone = closed - {accounts[address] for address in there}
    return {each: each for each in targets - gone}


def _kinds(targets: set[str]) -> dict[str, str]:
    return {each: str(Kind(each).label) for each in targets if each in Kind.values}


def _shops(targets: set[str]) -> dict[str, str]:
    return dict(Shop.objects.filter(slug__in=targets).values_list("slug", "name"))


def _suppliers(targets: set[str]) -> dict[str, str]:
    keys = [int(each) for each in targets if each.isascii() and each.isdecimal() and each == str(int(each[:18]))]
    return {str(each.pk): _of_shop(each) for each in Supplier.objects.filter(pk__in=keys).select_related("shop")}


#: By the scope of an outage; the whole platform has no name.
NAMES: dict[str, Callable[[set[str]], dict[str, str]]] = {
    Outage.Scope.CHANNEL: _channels,
    Outage.Scope.KIND: _kinds,
    Outage.Scope.SHOP: _shops,
    Outage.Scope.SUPPLIER: _suppliers,
}


def offered() -> list[tuple[str, str]]:
    """What can be chosen: channels, kinds, and the suppliers that the mall can ask. A shop is named by its address."""
    channels = [(name, _("Payment channel")) for name in gateways.open_channels()]
    kinds = [(kind.value, str(kind.label)) for kind in Kind]
    asked = Supplier.objects.exclude(gateway="").filter(left_at=None).select_related("shop").order_by("-pk")
    return channels + kinds + [(str(each.pk), _of_shop(each)) for each in asked[:OFFERED]]


def _of_shop(supplier: Supplier) -> str:
    return f"{supplier.name} · {supplier.shop.name}"
