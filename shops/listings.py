"""The story of a listing: draft · edit · put on sale · look at · take down · pause · resume · close."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from shops import pledges, reported, searching, terms
from shops.lifecycle import held_by
from shops.models import MUST_ASK, SELL, VAULTED, Ask, Deposit, Kind, Listing, Shop, Supplier, Way
from shops.offered import OFFERED
from shops.states import ListingState
from shops.suppliers import open_to
from timeline.door import begin, change, enter, lock, lock_root, note, rearm, require, verb
from timeline.refusals import Refused
from timeline.spans import deadline, working_days

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
    "section",
    "area",
    "promises",
    "warranty_days",
    "most_each",
)
#: Kinds of which much can be promised that nobody can measure before: changed ones wait for a person.
RISKY = {Kind.GAME_ACCOUNT, Kind.CUSTOM_SERVICE}
#: Whoever sold an account can take it back: only shops that the mall has known for a while offer them (rules 6.2).
FROM_LEVEL = {Kind.GAME_ACCOUNT: Shop.Level.S2}
#: How soon a person of the mall looks.
LOOK = working_days(1)
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
    section: str = "",
    area: str = "",
    promises: Mapping[str, Any] | None = None,
    warranty_days: int = 0,
    most_each: int | None = None,
    by: Any,
    at: datetime,
) -> Listing:
    """The shop writes a new listing: `price` and `face_value` in fen, delivery promised within `promise_minutes`.

    Codes come from the stock, everything else by hand unless `delivered_by` says how; `asks` is what the buyer must
    give. `promises` are what is promised of its kind in figures (`shops.pledges`), `warranty_days` how long the shop
    answers beyond what the rules ask. `ValidationError` names what is wrong with each, void terms included.
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
        section=section,
        area=area,
        promises=pledges.read(kind, promises or {}),
        warranty_days=warranty_days,
        most_each=most_each,
        created_at=at,
    )
    _require_deliverable(listing)
    listing.full_clean(exclude={"shop", "state", "entered_at", "supplier", "asks", "promises"})
    terms.require_fair(listing)
    listing.grams = searching.grams_of(listing)
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
    if "promises" in words:
        words["promises"] = pledges.read(listing.kind, words["promises"])
    for name, word in words.items():
        setattr(listing, name, word.strip() if isinstance(word, str) else word)
    _require_deliverable(listing)
    listing.full_clean(exclude={"shop", "state", "entered_at", "supplier", "asks", "promises"})
    terms.require_fair(listing)
    now = {name: getattr(listing, _stored(name)) for name in words}
    changed = {name: [before[name], now[name]] for name in words if now[name] != before[name]}
    if not changed:
        return
    listing.grams = searching.grams_of(listing)
    listing.is_changed = listing.is_changed or listing.state == ListingState.PAUSED
    listing.checked_at = None
    listing.save(update_fields=[*sorted(changed), "grams", "is_changed", "checked_at"])
    note(listing, "listing.edited", by=by, at=at, data={"changed": changed})


@verb
def put_on_sale(listing: Listing, *, by: Any, at: datetime) -> None:
    """People can buy it from now on, if there is stock; or a person of the mall looks at it first.

    The first listings of a new shop wait, and those in which the mall found something before. Refused: `suspended`,
    `level_too_low`, `deposit_too_small`, `shop_suspended`, `promise_missing`, `void_term`.
    """
    deposit = _allow_selling(listing, ListingState.DRAFT, by=by, at=at)
    require(
        listing.shop.may_offer_new(at),
        "shop_suspended",
        _("The shop may not list anything new for now. See what the mall has against it, and until when."),
    )
    if missing := pledges.lacking(listing):
        raise Refused(
            "promise_missing",
            _("Promise this in figures first: %(what)s.") % {"what": ", ".join(str(label) for label in missing)},
        )
    require(
        deposit.may_list(held_by(deposit)),
        "deposit_too_small",
        _("The deposit does not carry a new offer: fill it up to at least half of the required sum first."),
    )
    _go_on_sale(listing, by=by, at=at)


@verb
def look_over(listing: Listing, *, by: Any, at: datetime) -> None:
    """A person of risk has read a listing and finds nothing: it goes on sale, or stays there.

    Refused: `not_your_turn`, `own_shop`, `wrong_moment`.
    """
    _lock_as_mall(listing, by)
    if listing.state == ListingState.WAITING:
        if listing.shop.reviews_left:
            change(listing.shop, reviews_left=listing.shop.reviews_left - 1)
        change(listing, checked_at=at, is_changed=False, review_note="")
        enter(listing, ListingState.ON_SALE, by=by, at=at, event="listing.passed")
        return
    require(listing.state == ListingState.ON_SALE, "wrong_moment", _("Nobody can buy this now; there is no hurry."))
    change(listing, checked_at=at, is_changed=False)
    note(listing, "listing.checked", by=by, at=at)


@verb
def take_down(listing: Listing, *, reason: str, by: Any, at: datetime) -> None:
    """A person of risk has found something in a listing: it is a draft again, and the shop reads why.

    The next time it waits for a person, whatever kind it is. Orders that were placed go on.
    """
    _lock_as_mall(listing, by)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    was_waiting = listing.state == ListingState.WAITING
    require(
        was_waiting or listing.state in {ListingState.ON_SALE, ListingState.PAUSED},
        "wrong_moment",
        _("Nobody can see this listing but its shop."),
    )
    change(listing, review_note=reason.strip()[:500], is_changed=True)
    data = {"reason": listing.review_note}
    if was_waiting:
        enter(listing, ListingState.DRAFT, by=by, at=at, event="listing.sent_back", data=data)
    else:
        enter(listing, ListingState.DRAFT, by=by, at=at, event="listing.taken_down", data=data)


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
    require(listing.shop.may_take_orders(at), "shop_suspended", _("The shop may not sell for now."))
    _go_on_sale(listing, by=by, at=at, event="listing.resumed")


@verb
def close(listing: Listing, *, by: Any, at: datetime) -> None:
    """It is never offered again; its codes stay sealed, its orders go on."""
    lock(listing)
    _require_own(listing, by)
    require(
        listing.machine.allows(listing.state, ListingState.CLOSED), "wrong_moment", _("The listing is closed already.")
    )
    enter(listing, ListingState.CLOSED, by=by, at=at)


@verb
def lapse(listing: Listing, *, limit: str, at: datetime) -> None:
    """Nobody of the mall looked at it in time: those who lead hear of it, and look again within a working day."""
    lock(listing)
    if listing.machine.limits.get(listing.state) != limit or not listing.is_overdue(at):
        return  # looked at while this call was on its way
    note(listing, "listing.late", by=None, at=at)
    rearm(listing, deadline(LOOK, at), at=at)


def may_sell(listing: Listing, *, at: datetime) -> bool:
    """Whether an order for it may be placed at `at`: it is on sale, its shop's deposit carries sales, no licence is
    over, and neither the shop nor its owner is suspended."""
    deposit = listing.shop.deposit
    return (
        listing.state == ListingState.ON_SALE
        and listing.shop.may_take_orders(at)
        and deposit.may_sell(held_by(deposit))
        and not listing.shop.owner.is_suspended(at)
    )


def actions_for(listing: Listing, user: Any) -> list[str]:
    """What `user` can do with it now, by the names of the verbs."""
    if not listing.is_of(user):
        return []
    verbs = {
        ListingState.DRAFT: ["put_on_sale", "edit", "close"],
        ListingState.WAITING: ["close"],
        ListingState.ON_SALE: ["pause", "close"],
        ListingState.PAUSED: ["resume", "edit", "close"],
        ListingState.CLOSED: [],
    }
    return verbs[ListingState(listing.state)]


def waits_for_the_mall(listing: Listing) -> bool:
    """Whether a person must look at it before it goes on sale: one of a new shop's first, one in which something was
    found, or a changed one of a kind in which much can be promised."""
    if listing.state == ListingState.DRAFT and listing.shop.reviews_left:
        return True
    return listing.is_changed and (bool(listing.review_note) or listing.kind in RISKY)


def _go_on_sale(listing: Listing, *, by: Any, at: datetime, event: str = "") -> None:
    if waits_for_the_mall(listing):
        enter(listing, ListingState.WAITING, by=by, at=at, span=LOOK)
        return
    enter(listing, ListingState.ON_SALE, by=by, at=at, event=event)


def _lock_as_mall(listing: Listing, by: Any) -> None:
    lock(listing)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk look listings over."))
    require(not listing.shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))


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
    is_theirs = supplier is not None and supplier.shop_id == listing.shop_id and not supplier.left_at
    if supplier is None or not is_theirs or not supplier.gateway or supplier.gateway not in open_to(listing.shop):
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
    least = FROM_LEVEL.get(Kind(listing.kind), Shop.Level.S0)
    require(
        listing.shop.level >= least,
        "level_too_low",
        _("Shops sell this from level %(level)s on; yours is not there yet.") % {"level": least},
    )
    terms.refuse_void(listing)
    reported.require_free(listing)
    return Deposit.objects.select_related("shop").get(shop=listing.shop_id)


def _require_own(listing: Listing, by: Any) -> None:
    require(listing.is_of(by), "not_your_turn", _("Only the shop itself does this."))
