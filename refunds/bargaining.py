"""How the two sides bargain: offer · counter · take · end talks. Structured offers, three for each side, in turns.

Whoever did not make the last offer has the turn, for as long as OFFER says; NEGOTIATE is the end of all talks. While
the platform has a case either side may still make offers and the other take them: that closes the dispute, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.templatetags.money import yuan
from orders import escrow
from orders.models import Unit
from refunds import endings, hooks, replacing
from refunds.models import MOST_OFFERS, Offer, Refund, RefundItem
from refunds.states import RefundState
from rulebook import linter, terms
from shops.models import Kind, Listing
from shops.states import ListingState
from timeline import page, spans, timers
from timeline.door import change, require, verb
from timeline.models import Timer
from timeline.refusals import Refused

Kinds, Side, Fate = Offer.Kind, Offer.Side, Offer.Fate

#: Kinds that deliver something anew.
RENEWING = frozenset({Kinds.REISSUE, Kinds.EXCHANGE, Kinds.TOP_UP, Kinds.EXTEND, Kinds.MIXED})
#: Kinds that give money.
PAYING = frozenset({Kinds.FULL, Kinds.PARTIAL, Kinds.LESS_FEE, Kinds.MIXED})
#: Whose fault gives the buyer a sum that no offer may go below, once our records prove it.
OWED_BY = frozenset({"SELLER", "UPSTREAM", "PLATFORM"})

OVER = gettext_lazy("The talks are over, or it is not your turn to answer. Look at the case again.")


@dataclass(frozen=True)
class Terms:
    """What somebody offers. `amount` is fen over all units, `places` the units that are replaced."""

    kind: str
    amount: int = 0
    places: Sequence[int] = ()
    listing: Listing | None = None
    is_standing: bool = False
    is_unconditional: bool = False
    text: str = ""


@verb
def offer(refund: Refund, terms_: Terms, *, by: Any, at: datetime, version: int | None = None) -> Offer:
    """The shop offers something instead of a plain yes or no: talks begin, and it is the buyer's turn.

    While the platform has the case, either side makes offers. Refused: `not_your_turn`, `wrong_moment`,
    `too_many_offers` and what makes an offer unsound (`_sound`).
    """
    endings.take_up(refund, version)
    if refund.state == RefundState.DISPUTED:
        side = side_of(refund, by)
        require(side is not None, "not_your_turn", _("Only the two sides make offers."))
        assert side is not None  # noqa: S101 - asked above
        return _put(refund, terms_, side, in_dispute=True, by=by, at=at)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop opens the talks."))
    endings.require_in_time(refund, [RefundState.REQUESTED], at=at, sentence=str(OVER))
    made = _put(refund, terms_, Side.SHOP, in_dispute=False, by=by, at=at)
    change(refund, answered_at=refund.answered_at or at)
    _pass_turn(refund, Side.BUYER, made, event="refund.bargaining", by=by, at=at)
    timers.start(
        root=refund.root_address,
        subject=refund.address,
        limit="NEGOTIATE",
        span=endings.clock_of(refund, "NEGOTIATE"),
        at=at,
    )
    return made


@verb
def counter(refund: Refund, terms_: Terms, *, by: Any, at: datetime, version: int | None = None) -> Offer:
    """Whoever has the turn offers something else; then the other side has it. Refused: as `offer`."""
    endings.take_up(refund, version)
    side = _whose_turn(refund, by=by, at=at)
    made = _put(refund, terms_, side, in_dispute=False, by=by, at=at)
    _pass_turn(refund, _other(side), made, event="refund.countered", by=by, at=at)
    return made


@verb
def take(refund: Refund, number: int, *, by: Any, at: datetime, version: int | None = None) -> None:
    """The other side takes the offer `number`: it is what both agreed on, and nothing else is left to decide.

    Money moves at once; where something is delivered anew, the shop's clock to do so begins. Refused: `not_your_turn`,
    `wrong_moment`, `offer_gone`.
    """
    endings.take_up(refund, version)
    side = side_of(refund, by)
    require(side is not None, "not_your_turn", _("Only the two sides take offers."))
    found = open_offer(refund)
    if refund.state == RefundState.BARGAINING:
        _require_talking(refund, at=at)
    else:
        require(
            refund.state in {RefundState.DECLINED, RefundState.DISPUTED} and not refund.is_overdue(at),
            "wrong_moment",
            str(OVER),
        )
    if found is None or found.number != number or (found.expires_at is not None and found.expires_at <= at):
        raise Refused("offer_gone", _("This offer is not on the table any more. Look at the case again."))
    require(found.side != side, "not_your_turn", _("Your own offer waits for the other side."))
    was_disputed = refund.state == RefundState.DISPUTED
    data = {"offer": found.number, "side": found.side, "kind": found.kind, "amount": found.amount}
    change(found, fate=Fate.TAKEN)
    endings.remark(refund, event="refund.offer_taken", by=by, at=at, data=data)
    if found.replaces:
        replacing.begin(refund, by=by, at=at, data=data)
        if was_disputed:  # it is carried out now: a replacement that does not come, or fails, is paid in full
            hooks.settled(refund, by=by, at=at)
        return
    pay(refund, found, outcome=Refund.Outcome.SETTLEMENT, by=by, at=at)
    if was_disputed:
        hooks.settled(refund, by=by, at=at)


@verb
def end_talks(
    refund: Refund,
    *,
    text: str,
    by: Any,
    at: datetime,
    final: Terms | None = None,
    version: int | None = None,
) -> None:
    """The shop has said its last word: what it offered last, or `final`, and the buyer decides.

    A standing offer stays on the table until then. Refused: `not_your_turn`, `wrong_moment`, `text_missing`,
    `void_term`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop says its last word."))
    endings.require_in_time(refund, [RefundState.BARGAINING], at=at, sentence=str(OVER))
    _require_talking(refund, at=at)
    require(bool(text.strip()), "text_missing", _("Tell the buyer why, in your own words."))
    require_sayable(text)
    if final is not None:
        _put(refund, final, Side.SHOP, in_dispute=False, by=by, at=at)
    change(refund, declined_code="talks_ended", declined_rule="", declined_text=text.strip())
    _to_the_buyer(refund, by=by, at=at, event="refund.talks_ended")


def lapse_turn(refund: Refund, *, at: datetime) -> None:
    """Whoever had the turn stayed silent. Of the shop that is consent as ever; of the buyer it ends the talks."""
    if refund.turn == Side.BUYER:
        _to_the_buyer(refund, by=None, at=at, event="refund.talks_lapsed")
        return
    last = open_offer(refund)
    asked = last.amount if last is not None and not last.replaces else refund.asked
    sum_ = min(asked, refund.figure)
    if refund.is_contradicted:
        endings.to_the_platform(refund, by=None, at=at)
    elif refund.figure + refund.compensation == 0:
        _to_the_buyer(refund, by=None, at=at, event="refund.talks_lapsed")
    elif refund.needs_a_person():
        endings.to_the_platform(refund, by=None, at=at)
    elif sum_ >= refund.asked:
        endings.approve_as_asked(refund, outcome=Refund.Outcome.SILENCE, by=None, at=at)
    else:
        pay_sum(refund, sum_, outcome=Refund.Outcome.SILENCE, by=None, at=at)


def lapse_talks(refund: Refund, *, at: datetime) -> None:
    """All the time to bargain is over: the buyer decides."""
    if refund.state == RefundState.BARGAINING:
        _to_the_buyer(refund, by=None, at=at, event="refund.talks_lapsed")


def lapse_decision(refund: Refund, *, at: datetime) -> bool:
    """The buyer stayed silent to the end; whether an offer without conditions stood, which is then paid."""
    found = open_offer(refund)
    if found is None or not found.is_unconditional or found.replaces:
        return False
    change(found, fate=Fate.TAKEN)
    pay(refund, found, outcome=Refund.Outcome.STANDING, by=None, at=at)
    return True


# Questions


def side_of(refund: Refund, user: Any) -> Offer.Side | None:
    """For whom somebody bargains."""
    if refund.is_of_buyer(user):
        return Side.BUYER
    return Side.SHOP if refund.is_of_shop(user) else None


def open_offer(refund: Refund) -> Offer | None:
    """The offer that is on the table."""
    return Offer.objects.filter(refund=refund.pk, fate=Fate.OPEN).select_related("listing").first()


def least(refund: Refund) -> int:
    """What no offer of the shop may go below, in fen: what the rules give on what our own records prove (R13)."""
    parts = refund.decision["parts"]
    if not refund.is_proven() or any(part["fault"] not in OWED_BY for part in parts):
        return 0
    return min(refund.asked, sum(part["entitled"] * len(part["places"]) for part in parts))


def most(refund: Refund, *, is_shop: bool) -> int:
    """What can be offered or asked for at most, in fen."""
    left = sum(item.unit.left for item in refund.items.select_related("unit").order_by("pk"))
    return left if is_shop or not refund.figure else min(refund.figure, left)


def offers_left(refund: Refund, side: str, *, in_dispute: bool) -> int:
    """How many offers a side may still make."""
    return MOST_OFFERS - Offer.objects.filter(refund=refund.pk, side=side, in_dispute=in_dispute).count()


def require_sayable(text: str) -> None:
    """Refuse words that bind nobody or are forbidden, with what to say instead: `void_term`."""
    if void := linter.blocking(text, linter.Use.DECLINE):
        raise Refused("void_term", terms.sentence(void[0]))


# What the verbs share


def pay(refund: Refund, found: Offer, *, outcome: str, by: Any, at: datetime) -> None:
    """What an offer of money says is paid; a price less a fee takes the goods back, a part of the price does not."""
    pay_sum(refund, found.amount, outcome=outcome, by=by, at=at, keeps_fee=found.kind == Kinds.LESS_FEE)


def pay_sum(refund: Refund, amount: int, *, outcome: str, by: Any, at: datetime, keeps_fee: bool = False) -> None:
    """A sum over all units of a case goes back, as it was asked of each."""
    items, units = endings.items_of(refund), escrow.units_of(refund.order)
    by_pk = {unit.pk: unit for unit in units}
    grants = endings.shares(items, by_pk, amount)
    fees = {pk: by_pk[pk].left - part for pk, part in grants.items()} if keeps_fee else {}
    endings.approve(
        refund,
        items=items,
        units=units,
        grants=grants,
        fees={pk: fee for pk, fee in fees.items() if fee},
        compensation=0,
        outcome=outcome,
        by=by,
        at=at,
    )


def _whose_turn(refund: Refund, *, by: Any, at: datetime) -> Offer.Side:
    """The side of whoever acts, which must have the turn."""
    side = side_of(refund, by)
    require(side is not None, "not_your_turn", _("Only the two sides bargain."))
    assert side is not None  # noqa: S101 - asked above
    _require_talking(refund, at=at)
    require(refund.turn == side, "not_your_turn", _("The other side has your offer and answers first."))
    return side


def _require_talking(refund: Refund, *, at: datetime) -> None:
    """Go on only while the two sides bargain: neither the turn nor the time for all talks is over."""
    endings.require_in_time(refund, [RefundState.BARGAINING], at=at, sentence=str(OVER))
    over = Timer.objects.filter(
        subject=refund.address, limit="NEGOTIATE", state=Timer.State.RUNNING, due_at__lte=at
    ).exists()
    require(not over, "wrong_moment", str(OVER))


def _put(refund: Refund, terms_: Terms, side: Offer.Side, *, in_dispute: bool, by: Any, at: datetime) -> Offer:
    """A sound offer comes on the table; the one that lay there is answered by it."""
    sound = _sound(refund, terms_, side)
    require(
        offers_left(refund, side, in_dispute=in_dispute) > 0,
        "too_many_offers",
        _("Each side makes three offers at most. Take what is offered, end the talks, or call the platform."),
    )
    number = Offer.objects.filter(refund=refund.pk).count() + 1
    Offer.objects.filter(refund=refund.pk, fate=Fate.OPEN).update(fate=Fate.COUNTERED)
    made = Offer.objects.create(
        refund=refund,
        number=number,
        side=side,
        by=by,
        kind=sound.kind,
        amount=sound.amount,
        places=list(sound.places),
        listing=sound.listing,
        is_standing=sound.is_standing or sound.is_unconditional,
        is_unconditional=sound.is_unconditional,
        in_dispute=in_dispute,
        text=sound.text.strip(),
        at=at,
        expires_at=spans.deadline(endings.clock_of(refund, "OFFER"), at) if in_dispute else None,
    )
    if in_dispute:
        endings.remark(refund, event="refund.offered", by=by, at=at, data=_data(made))
    return made


def _pass_turn(refund: Refund, side: Offer.Side, made: Offer, *, event: str, by: Any, at: datetime) -> None:
    endings.step(
        refund,
        RefundState.BARGAINING,
        by=by,
        at=at,
        span=endings.clock_of(refund, "OFFER"),
        event=event,
        data=_data(made),
        turn=side,
        keeps_offer=True,
    )


def _to_the_buyer(refund: Refund, *, by: Any, at: datetime, event: str) -> None:
    """Talks are over; of what is on the table only a standing offer of the shop stays there."""
    left = Offer.objects.filter(refund=refund.pk, fate=Fate.OPEN).exclude(side=Side.SHOP, is_standing=True)
    page.update(left, fate=Fate.EXPIRED)
    endings.to_the_buyer(refund, by=by, at=at, event=event, keeps=True)


def _data(made: Offer) -> dict[str, Any]:
    return {
        "offer": made.number,
        "side": made.side,
        "kind": made.kind,
        "amount": made.amount,
        "places": made.places,
        "standing": made.is_standing,
    }


def _other(side: str) -> Offer.Side:
    return Side.BUYER if side == Side.SHOP else Side.SHOP


def _sound(refund: Refund, given: Terms, side: Offer.Side) -> Terms:
    """What is offered, made complete; refused where it cannot be.

    Refused: `no_such_kind`, `nothing_asked`, `more_than_was_paid`, `more_than_the_rules` (the buyer asks for less,
    never for more), `less_than_proven` (the shop, where our records prove its fault), `no_such_unit`, `wrong_kind`,
    `listing_missing`, `only_the_shop`, `only_money`, `too_long`, `void_term`.
    """
    require(given.kind in Kinds.values, "no_such_kind", _("Choose what you offer."))
    require(len(given.text) <= 2_000, "too_long", _("At most 2,000 characters."))
    require_sayable(given.text)
    items = list(refund.items.select_related("unit").order_by("unit__place"))
    units = {item.unit_id: item.unit for item in items}
    paying, renewing = given.kind in PAYING, given.kind in RENEWING
    amount = given.amount if paying or given.kind == Kinds.EXCHANGE else 0
    if given.kind == Kinds.FULL:
        amount = refund.asked or sum(unit.left for unit in units.values())
    require(amount > 0 or not paying, "nothing_asked", _("An offer of money is at least ¥0.01."))
    require(amount >= 0, "nothing_asked", _("An offer of money is at least ¥0.01."))
    _require_payable(refund, amount, units, side)
    require(
        side == Side.SHOP or not (given.is_standing or given.is_unconditional),
        "only_the_shop",
        _("Only what the shop offers can stand until the buyer decides."),
    )
    places: Sequence[int] = ()
    if renewing:
        places = _places(refund, given, items)
        require(
            not given.is_unconditional,
            "only_money",
            _("Only money can be paid without a word of the buyer."),
        )
    if side == Side.SHOP:
        replaced = sum(item.entitled for item in items if item.unit.place in set(places))
        floor = least(refund)
        if amount + replaced < floor:
            raise Refused(
                "less_than_proven",
                _("Our own records prove this claim: an offer is worth %(sum)s at least.") % {"sum": yuan(floor)},
            )
    listing = _exchanged_for(refund, given) if given.kind == Kinds.EXCHANGE else None
    return Terms(
        given.kind, amount, tuple(places), listing, given.is_standing, given.is_unconditional, given.text.strip()
    )


def _require_payable(refund: Refund, amount: int, units: dict[int, Unit], side: Offer.Side) -> None:
    left = sum(unit.left for unit in units.values())
    if amount > left:
        raise Refused(
            "more_than_was_paid",
            _("%(left)s can still go back for these units; nothing above that.") % {"left": yuan(left)},
        )
    # Where the rules give nothing, the buyer asks for goodwill: no figure to stay below, and silence pays nothing.
    if side == Side.BUYER and refund.figure and amount > refund.figure:
        raise Refused(
            "more_than_the_rules",
            _("The rules give %(figure)s at most. You can ask for less, never for more.")
            % {"figure": yuan(refund.figure)},
        )


def _places(refund: Refund, given: Terms, items: Sequence[RefundItem]) -> Sequence[int]:
    """The units that are replaced; left out: all of the case."""
    known = [item.unit.place for item in items]
    places = sorted(set(given.places)) or known
    require(set(places) <= set(known), "no_such_unit", _("Choose units of this case."))
    kind = refund.order.snapshot.listing.kind
    fits = {Kinds.TOP_UP: kind == Kind.DIRECT_TOPUP, Kinds.EXTEND: kind == Kind.MEMBERSHIP}
    require(fits.get(Kinds(given.kind), True), "wrong_kind", _("This kind of offer does not fit these goods."))
    return places


def _exchanged_for(refund: Refund, given: Terms) -> Listing:
    """What the shop gives instead: something else of its own, delivered in the same way."""
    listing, own = given.listing, refund.order.snapshot.listing
    require(
        listing is not None and listing.shop_id == refund.order.shop_id and listing.state == ListingState.ON_SALE,
        "listing_missing",
        _("Choose what it is exchanged for: something that this shop sells now."),
    )
    assert listing is not None  # noqa: S101 - asked above
    require(
        listing.has_codes() == own.has_codes(),
        "wrong_kind",
        _("This kind of offer does not fit these goods."),
    )
    return listing
