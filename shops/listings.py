"""The story of a listing: draft · edit · put on sale · pause · resume · close."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from shops import terms
from shops.lifecycle import held_by
from shops.models import OFFERED, Deposit, Listing, Shop
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
    by: Any,
    at: datetime,
) -> Listing:
    """The shop writes a new listing: `price` and `face_value` in fen, delivery promised within `promise_minutes`.

    `ValidationError` names what is wrong with each word or figure, void and forbidden terms included.
    """
    lock_root(shop)
    require(shop.owner_id == by.pk, "not_your_turn", _("Only the shop writes its own listings."))
    require(shop.deposit.is_open(), "deposit_closing", _("The shop is closing; it can offer nothing new."))
    require(kind in OFFERED, "kind_not_offered", _("For now shops can offer point cards and activation codes."))
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
        created_at=at,
    )
    listing.full_clean(exclude={"shop", "state", "entered_at"})
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
    unknown = set(words) - (set(WORDS) - {"kind"})
    if unknown:
        raise TypeError(f"A listing has no {', '.join(sorted(unknown))} to edit.")
    before = {name: getattr(listing, name) for name in words}
    for name, word in words.items():
        setattr(listing, name, word.strip() if isinstance(word, str) else word)
    listing.full_clean(exclude={"shop", "state", "entered_at"})
    terms.require_fair(listing)
    changed = {name: [before[name], getattr(listing, name)] for name in words if getattr(listing, name) != before[name]}
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


def _allow_selling(listing: Listing, state: ListingState, *, by: Any, at: datetime) -> Deposit:
    lock(listing)
    _require_own(listing, by)
    require(listing.state == state, "wrong_moment", _("The listing has moved on meanwhile. Look at it again."))
    require(not by.is_suspended(at), "suspended", _("You are suspended: you cannot sell for now."))
    terms.refuse_void(listing)
    return Deposit.objects.select_related("shop").get(shop=listing.shop_id)


def _require_own(listing: Listing, by: Any) -> None:
    require(listing.is_of(by), "not_your_turn", _("Only the shop itself does this."))
