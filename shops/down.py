"""What an outage can be of, apart from the whole platform: a channel, a supplier, a shop, a kind of goods.

The register keeps a word for it (`sandbox`, `12`, `xinghe`, `POINT_CARD`). A word that is nobody's would stop no clock
and excuse nobody, so it is looked up before it is registered; people read the name.
"""

from django.utils.translation import gettext as _

from ledger import gateways
from ledger.models import Account
from shops.models import Kind, Shop, Supplier
from timeline.models import Outage

#: So many suppliers are offered to choose from, the newest first; any other is named by its number.
OFFERED = 200


def named(scope: str, target: str) -> str:
    """How people call the `target` of an outage; empty if there is no such thing."""
    match scope:
        case Outage.Scope.CHANNEL:
            is_there = (
                target in gateways.open_channels() or Account.objects.filter(address=f"channel:{target}").exists()
            )
            return target if is_there else ""
        case Outage.Scope.KIND:
            return str(Kind(target).label) if target in Kind.values else ""
        case Outage.Scope.SHOP:
            shop = Shop.objects.filter(slug=target).first()
            return shop.name if shop else ""
        case Outage.Scope.SUPPLIER if target.isascii() and target.isdecimal() and target == str(int(target[:18])):
            supplier = Supplier.objects.filter(pk=int(target)).select_related("shop").first()
            return _of_shop(supplier) if supplier else ""
    return ""


def offered() -> list[tuple[str, str]]:
    """What can be chosen: channels, kinds, and the suppliers that the mall can ask. A shop is named by its address."""
    channels = [(name, _("Payment channel")) for name in gateways.open_channels()]
    kinds = [(kind.value, str(kind.label)) for kind in Kind]
    asked = Supplier.objects.exclude(gateway="").filter(left_at=None).select_related("shop").order_by("-pk")
    return channels + kinds + [(str(each.pk), _of_shop(each)) for each in asked[:OFFERED]]


def _of_shop(supplier: Supplier) -> str:
    return f"{supplier.name} · {supplier.shop.name}"
