"""The story of a listing: draft · edit · put on sale · pause · resume · close."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from shops import terms
from shops.lifecycle import held_by
from shops.models import MUST_ASK, SELL, VAULTED, Ask, Deposit, Kind, Listing, Shop, Supplier, Way
from shops.offered import OFFERED
from shops.states import ListingState
from timeline.door import begin, enter, lock, lock_root, note, require, verb

#: What a shop writes on a listing, in this order.
WORDS = (
    "kind",
    "title",
    "description",
    "category",
    "price",
    "promise_minutes",
    "face_value",
    "region",
    "notice",
)
#: How it gets to the buyer; written together.
DELIVERY = ("delivered_by", "supplier", "product", "asks")


@verb
def draft(
    *,
    shop: Shop,
    kind: str,
    title: str,
    price: int,
    promise_minutes: int,
    notice: str,
    description: str = "",
    category: str = "",
    face_value: int | None = None,
    region: str = "",
    delivered_by: str = "",
    supplier: Supplier | None = None,
    product: str = "",
    asks: Sequence[str] = (),
    by: Any,
    at: datetime,
) -> Listing:
    """The shop writes a new listing: `price` and `face_value` in fen, delivery promised within `promise_minutes`.

    Codes come from the stock, everything else by hand unless `delivered_by` says how; `asks` is what the buyer must
    give. `ValidationError` names what is wrong with each word or figure, void and forbidden terms included.
    """
    lock_root(shop)
    require(shop.may(by, SELL), "not_your_turn", _("Only the shop writes its own listings."))
    require(shop.deposit.is_open(), "deposit_closing", _("The shop is closing; it can offer nothing new."))
    require(kind in OFFERED, "kind_not_offered", _("Shops cannot offer this kind of thing here."))
    listing = Listing(
        shop=shop,
        kind=kind,
        title=title.strip(),
        description=description.strip(),
        category=category.strip(),
        price=price,
        promise_minutes=promise_minutes,
        face_value=face_value,
        region=region.strip(),
        notice=notice.strip(),
        delivered_by=delivered_by or (Way.STOCK if kind in VAULTED else Way.SHOP),
        supplier=supplier,
        product=product.strip(),
        asks=_asked(kind, asks),
        created_at=at,
    )
    _require_deliverable(listing)
    listing.full_clean(exclude={"shop", "state", "entered_at", "supplier", "asks"})
    terms.require_fair(listing)
    begin(listing, by=by, at=at)
    return listing


@verb
def edit(listing: Listing, *, by: Any, at: datetime, **words: Any) -> None:
    """The shop changes words and figures of a listing that nobody can buy right now; orders keep what they were shown.

    The kind stays, for it decides how a unit is judged. What it was before is in the event.
    """
    lock(listing)
    _require_own(listing, by)
    require(listing.may_be_edited(), "wrong_moment", _("Pause the listing first: buyers are looking at it."))
    unknown = set(words) - ({*WORDS, *DELIVERY} - {"kind"})
    if unknown:
        raise TypeError(f"A listing has no {', '.join(sorted(unknown))} to edit.")
    before = {name: getattr(listing, _stored(name)) for name in words}
    if "asks" in words:
        words["asks"] = _asked(listing.kind, words["asks"])
    for name, word in words.items():
        setattr(listing, name, word.strip() if isinstance(word, str) else word)
    _require_deliverable(listing)
    listing.full_clean(exclude={"shop", "state", "entered_at", "supplier", "asks"})
    terms.require_fair(listing)
    now = {name: getattr(listing, _stored(name)) for name in words}
    changed = {name: [before[name], now[name]] for name in words if now[name] != before[name]}
    if not changed:
        return
    listing.save(update_fields=sorted(changed))
    note(listing, "listing.edited", by=by, at=at, data={"changed": changed})


@verb
def put_on_sale(listing: Listing, *, by: Any, at: datetime) -> None:
    """People can buy it from now on, if there is stock; refused while the deposit does not carry a new listing."""
    deposit = _allow_selling(listing, ListingState.DRAFT, by=by, at=at)
    require(
        deposit.may_list(held_by(deposit)),
        "deposit_too_small",
        _("The deposit does not carry a new offer: fill it up to at least half of the required sum first."),
    )
    enter(listing, ListingState.ON_SALE, by=by, at=at)


@verb
def pause(listing: Listing, *, by: Any, at: datetime) -> None:
    """Nobody can buy it for now; orders that were placed go on."""
    lock(listing)
    _require_own(listing, by)
    require(listing.state == ListingState.ON_SALE, "wrong_moment", _("Only what is on sale can be paused."))
    enter(listing, ListingState.PAUSED, by=by, at=at)


@verb
def resume(listing: Listing, *, by: Any, at: datetime) -> None:
    """A paused listing is on sale again, as long as the deposit carries sales at all."""
    deposit = _allow_selling(listing, ListingState.PAUSED, by=by, at=at)
    require(
        deposit.may_sell(held_by(deposit)),
        "deposit_too_small",
        _("The deposit does not carry sales any more: fill it up first."),
    )
    enter(listing, ListingState.ON_SALE, by=by, at=at, event="listing.resumed")


@verb
def close(listing: Listing, *, by: Any, at: datetime) -> None:
    """It is never offered again; its codes stay sealed, its orders go on."""
    lock(listing)
    _require_own(listing, by)
    require(
        listing.machine.allows(listing.state, ListingState.CLOSED), "wrong_moment", _("The listing is closed already.")
    )
    enter(listing, ListingState.CLOSED, by=by, at=at)


def lapse(listing: Listing, *, limit: str, at: datetime) -> None:
    """No clock runs on a listing, so whatever ran out here is a fault of ours."""
    raise LookupError(f"{listing.address} has no clock {limit}.")


def may_sell(listing: Listing, *, at: datetime) -> bool:
    """Whether an order for it may be placed at `at`: it is on sale, its shop's deposit carries sales, nobody is
    suspended."""
    deposit = listing.shop.deposit
    return (
        listing.state == ListingState.ON_SALE
        and deposit.may_sell(held_by(deposit))
        and not listing.shop.owner.is_suspended(at)
    )


def actions_for(listing: Listing, user: Any) -> list[str]:
    """What `user` can do with it now, by the names of the verbs."""
    if not listing.is_of(user):
        return []
    verbs = {
        ListingState.DRAFT: ["put_on_sale", "edit", "close"],
        ListingState.ON_SALE: ["pause", "close"],
        ListingState.PAUSED: ["resume", "edit", "close"],
        ListingState.CLOSED: [],
    }
    return verbs[ListingState(listing.state)]


def _stored(name: str) -> str:
    """Under what name a listing keeps a word: a supplier by its number."""
    return "supplier_id" if name == "supplier" else name


def _asked(kind: str, asks: Sequence[str]) -> list[str]:
    """What the buyer must give, in the order of the form: what the kind cannot do without is always among it."""
    if kind in VAULTED:
        return []
    wanted = {*asks, MUST_ASK[Kind(kind)]}
    return [ask for ask in Ask.values if ask in wanted]


def _require_deliverable(listing: Listing) -> None:
    """Complain of a way in which this kind cannot be delivered, or of a supplier that the mall cannot ask."""
    is_stock = listing.delivered_by == Way.STOCK
    if is_stock != (listing.kind in VAULTED):
        raise ValidationError(
            {"delivered_by": ValidationError(_("This kind is not delivered in this way."), code="wrong_way")}
        )
    supplier = listing.supplier
    if listing.delivered_by != Way.SUPPLIER:
        listing.supplier, listing.product = None, ""
        return
    if supplier is None or supplier.shop_id != listing.shop_id or supplier.left_at or not supplier.gateway:
        raise ValidationError(
            {"supplier": ValidationError(_("Choose a supplier that the mall is connected to."), code="unknown")}
        )
    if not listing.product:
        raise ValidationError(
            {"product": ValidationError(_("Write under what name the supplier knows it."), code="required")}
        )


def _allow_selling(listing: Listing, state: ListingState, *, by: Any, at: datetime) -> Deposit:
    lock(listing)
    _require_own(listing, by)
    require(listing.state == state, "wrong_moment", _("The listing has moved on meanwhile. Look at it again."))
    require(not by.is_suspended(at), "suspended", _("You are suspended: you cannot sell for now."))
    terms.refuse_void(listing)
    return Deposit.objects.select_related("shop").get(shop=listing.shop_id)


def _require_own(listing: Listing, by: Any) -> None:
    require(listing.is_of(by), "not_your_turn", _("Only the shop itself does this."))
