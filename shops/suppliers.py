"""Where a shop gets its codes from, as it says itself: buyers read the contact when the trouble lies upstream."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models import SELL, Connection, Shop, Supplier
from timeline import events
from timeline.door import lock_root, require

#: So many suppliers a shop may name.
MOST = 200


def connections() -> list[str]:
    """The names of the suppliers that the mall can ask by HTTP: those whose address and secret are set up."""
    found = settings.SUPPLIERS
    return sorted(name for name, each in found.items() if each.get("address") and each.get("secret", "").strip())


def open_to(shop: Shop) -> list[str]:
    """The names of the connections that a shop may choose: tied to it by a lead, or offered to all; and set up."""
    tied = Connection.objects.filter(Q(shop=shop) | Q(shop=None), ended_at=None)
    return sorted(set(tied.order_by("gateway").values_list("gateway", flat=True)) & set(connections()))


@transaction.atomic
def add(shop: Shop, *, name: str, contact: str = "", gateway: str = "", by: Any, at: datetime) -> Supplier:
    """The shop names a supplier. Refused: `not_your_turn`, `too_many`; a name it has already is a `ValidationError`."""
    lock_root(shop)
    require(shop.may(by, SELL), "not_your_turn", _("Only the shop names its suppliers."))
    require(shop.suppliers.count() < MOST, "too_many", _("These are all the suppliers a shop can have."))
    supplier = Supplier(shop=shop, name=name.strip(), contact=contact.strip(), gateway=gateway, added_at=at)
    _require_sound(supplier)
    supplier.save(force_insert=True)
    events.record(
        root=shop.address,
        subject=shop.address,
        name="shop.supplier_added",
        by=by,
        at=at,
        data={"supplier": supplier.pk},
    )
    return supplier


@transaction.atomic
def edit(
    supplier: Supplier, *, name: str, contact: str, has_left: bool, gateway: str | None = None, by: Any, at: datetime
) -> None:
    """The shop writes a supplier anew, or says that nothing more comes from there; batches keep theirs.

    `gateway` is the mall's connection to it, by name; nothing leaves it as it is.
    """
    lock_root(supplier.shop)
    supplier.refresh_from_db()
    require(supplier.shop.may(by, SELL), "not_your_turn", _("Only the shop names its suppliers."))
    supplier.name, supplier.contact = name.strip(), contact.strip()
    supplier.left_at = (supplier.left_at or at) if has_left else None
    before = supplier.gateway
    supplier.gateway = before if gateway is None else gateway
    _require_sound(supplier, before)
    supplier.save(update_fields=["name", "contact", "left_at", "gateway"])
    events.record(
        root=supplier.shop.address,
        subject=supplier.shop.address,
        name="shop.supplier_edited",
        by=by,
        at=at,
        data={"supplier": supplier.pk, "left": has_left},
    )


def _require_sound(supplier: Supplier, before: str = "") -> None:
    """A sound row; the connection it had `before` may stay as it is."""
    if supplier.gateway and supplier.gateway != before and supplier.gateway not in open_to(supplier.shop):
        sentence = _("Your shop may not use this connection. Ask the mall for it.")
        raise ValidationError({"gateway": ValidationError(sentence, code="unknown")})
    supplier.full_clean(exclude={"shop", "left_at"}, validate_unique=False, validate_constraints=False)
    others = Supplier.objects.filter(shop=supplier.shop, name=supplier.name).exclude(pk=supplier.pk)
    if others.exists():
        raise ValidationError({"name": ValidationError(_("You have a supplier of this name already."), code="known")})
