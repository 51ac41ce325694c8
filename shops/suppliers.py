"""Where a shop gets its codes from, as it says itself: buyers read the contact when the trouble lies upstream."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shops.models import Shop, Supplier
from timeline import events
from timeline.door import lock_root, require

#: So many suppliers a shop may name.
MOST = 200


@transaction.atomic
def add(shop: Shop, *, name: str, contact: str = "", by: Any, at: datetime) -> Supplier:
    """The shop names a supplier. Refused: `not_your_turn`, `too_many`; a name it has already is a `ValidationError`."""
    lock_root(shop)
    require(shop.owner_id == by.pk, "not_your_turn", _("Only the shop names its suppliers."))
    require(shop.suppliers.count() < MOST, "too_many", _("These are all the suppliers a shop can have."))
    supplier = Supplier(shop=shop, name=name.strip(), contact=contact.strip(), added_at=at)
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
def edit(supplier: Supplier, *, name: str, contact: str, has_left: bool, by: Any, at: datetime) -> None:
    """The shop writes a supplier anew, or says that nothing more comes from there; batches keep theirs."""
    lock_root(supplier.shop)
    supplier.refresh_from_db()
    require(supplier.shop.owner_id == by.pk, "not_your_turn", _("Only the shop names its suppliers."))
    supplier.name, supplier.contact = name.strip(), contact.strip()
    supplier.left_at = (supplier.left_at or at) if has_left else None
    _require_sound(supplier)
    supplier.save(update_fields=["name", "contact", "left_at"])
    events.record(
        root=supplier.shop.address,
        subject=supplier.shop.address,
        name="shop.supplier_edited",
        by=by,
        at=at,
        data={"supplier": supplier.pk, "left": has_left},
    )


def _require_sound(supplier: Supplier) -> None:
    supplier.full_clean(exclude={"shop", "left_at"}, validate_unique=False, validate_constraints=False)
    others = Supplier.objects.filter(shop=supplier.shop, name=supplier.name).exclude(pk=supplier.pk)
    if others.exists():
        raise ValidationError({"name": ValidationError(_("You have a supplier of this name already."), code="known")})
