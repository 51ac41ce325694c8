"""How an order is told: its state, whose turn it is, its way, and what happened, as words, icons and tones."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ledger.templatetags.money import yuan
from orders.figures import Figures
from orders.fulfilment import handing
from orders.models import Order, Unit
from orders.parties import Side
from orders.states import Delivery, Grade, OrderState
from shops.models import Way
from timeline import events
from timeline.models import Event
from timeline.parts import Part, part

#: Happenings on a page.
RECENT = 50
#: Below this a deadline is shown as running short.
SHORT = timedelta(hours=12)

#: How each state looks: icon, tone of its badge, tone of the banner for the side whose turn it is.
LOOKS: dict[str, tuple[str, str, str]] = {
    OrderState.PLACED: ("hourglass", "amber", "mine"),
    OrderState.PAID: ("truck", "brand", "mine"),
    OrderState.DELIVERED: ("package-check", "brand", "mine"),
    OrderState.COMPLETED: ("circle-check", "green", "done"),
    OrderState.SETTLED: ("shield-check", "green", "done"),
    OrderState.ARCHIVED: ("check", "", "calm"),
    OrderState.CANCELLED: ("circle-x", "", "calm"),
    OrderState.EXPIRED: ("clock-alert", "", "calm"),
    OrderState.REFUNDED: ("undo-2", "green", "done"),
}

#: Whose turn it is, as the buyer and as everybody else reads it, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise, Promise | str]] = {
    OrderState.PLACED: (
        gettext_lazy("It is your turn: pay. The codes are set aside for you until then."),
        gettext_lazy("It is the buyer's turn: pay."),
        gettext_lazy("Then the order expires and nothing is charged. Money that still arrives is sent back by itself."),
    ),
    OrderState.PAID: (
        gettext_lazy("It is the shop's turn: deliver. Your money is in escrow until you had time to try it."),
        gettext_lazy("It is the shop's turn: deliver. The money is in escrow."),
        gettext_lazy("Then the order is cancelled and everything is paid back by itself."),
    ),
    OrderState.DELIVERED: (
        gettext_lazy("It is your turn: try what you bought, and say so if something is wrong."),
        gettext_lazy("It is the buyer's turn: try what was bought, and confirm."),
        gettext_lazy("Then it counts as good, and the money goes to the shop."),
    ),
    OrderState.COMPLETED: (
        gettext_lazy("Nothing to do. If something still turns out wrong, you can ask for a refund."),
        gettext_lazy("Nothing to do. The shop's money waits for settlement."),
        gettext_lazy("Then the shop's money becomes available to it. Refunds stay possible."),
    ),
    OrderState.SETTLED: (
        gettext_lazy("Nothing to do. If something still turns out wrong, you can ask for a refund."),
        gettext_lazy("Nothing to do. The shop's money is available; claims are still possible."),
        gettext_lazy("Then the warranty ends and the order is put away."),
    ),
    OrderState.ARCHIVED: (gettext_lazy("Nothing to do. The warranty is over."),) * 2 + ("",),
    OrderState.CANCELLED: (gettext_lazy("Nothing to do. No money is kept."),) * 2 + ("",),
    OrderState.EXPIRED: (
        gettext_lazy("Nothing was charged. You can order again at any time."),
        gettext_lazy("Nothing was charged."),
        "",
    ),
    OrderState.REFUNDED: (gettext_lazy("Nothing to do. Every unit was paid back."),) * 2 + ("",),
}

#: What is bought without a code (a top-up, a term, a service): nothing is set aside, sealed or looked at.
PLACED_WITHOUT_CODES = gettext_lazy("It is your turn: pay. Nothing is charged until then.")
#: The same happenings there.
WITHOUT_CODES: dict[str, Promise] = {
    "order.placed": gettext_lazy("The order was placed."),
    "order.delivered": gettext_lazy("Everything was delivered."),
}

#: How the facts of a unit look: icon and tone.
UNIT_LOOKS: dict[str, tuple[str, str]] = {
    Delivery.UNDELIVERED: ("package", ""),
    Delivery.SEALED: ("lock", "brand"),
    Delivery.REVEALED: ("eye", ""),
    Delivery.USED: ("circle-check", ""),
    Delivery.PARTIAL: ("circle-dot", ""),
    Delivery.REPLACED: ("repeat", ""),
    Delivery.VOIDED: ("ban", "vermilion"),
}
GRADES = {Grade.VERIFIED: "record", Grade.CLAIMED: "claim", Grade.UNKNOWN: "claim"}

#: What happened, in words; with its icon and tone. What is not here is told elsewhere, or to nobody.
HAPPENINGS: dict[str, tuple[Promise, str, str]] = {
    "order.placed": (gettext_lazy("The order was placed; the codes were set aside."), "package", ""),
    "order.paid": (gettext_lazy("The money went into escrow."), "lock", "brand"),
    "order.delivered": (gettext_lazy("Everything was delivered, sealed."), "package-check", "brand"),
    "order.units_delivered": (gettext_lazy("Units were delivered."), "package-check", "brand"),
    "order.units_called_off": (gettext_lazy("What was not delivered was paid back."), "undo-2", "green"),
    "order.given_opened": (gettext_lazy("The shop opened what was given for the delivery."), "eye", ""),
    "order.delivery_given_up": (gettext_lazy("The shop said that it cannot deliver."), "circle-x", "amber"),
    "order.compensated": (gettext_lazy("The delay was compensated."), "banknote", "green"),
    "order.outage_weighed": (gettext_lazy("An outage that was registered afterwards was counted."), "plug", "amber"),
    "order.recourse_found": (gettext_lazy("The supplier made the delay: the shop can ask it back there."), "truck", ""),
    "order.shop_made_whole": (gettext_lazy("The platform gave the shop back what the delay cost it."), "banknote", ""),
    "order.late": (gettext_lazy("The promised time is over; the buyer may cancel at once."), "clock-alert", "amber"),
    "order.wait_chosen": (gettext_lazy("The buyer waits a day longer."), "hourglass", ""),
    "order.cancel_asked": (gettext_lazy("The supplier is asked to stop."), "ban", "amber"),
    "order.final_answer_asked": (gettext_lazy("The supplier is asked for its final answer."), "hourglass", "amber"),
    "order.supplier_took_on": (gettext_lazy("The supplier took it on."), "truck", ""),
    "order.supplier_failed": (gettext_lazy("The supplier did not deliver."), "circle-x", "amber"),
    "order.delivered_after_all": (
        gettext_lazy("The supplier delivered what was paid back already."),
        "circle-alert",
        "amber",
    ),
    "order.code_revealed": (gettext_lazy("A code was looked at."), "eye", ""),
    "order.validity_recorded": (gettext_lazy("The issuer said whether a code was good."), "receipt-text", ""),
    "order.code_asked_upstream": (gettext_lazy("The mall asks the supplier about a code."), "hourglass", ""),
    "order.confirmed": (gettext_lazy("The buyer confirmed receipt."), "handshake", ""),
    "order.released": (gettext_lazy("Money went from escrow to the shop."), "banknote", "green"),
    "order.completed": (gettext_lazy("The order is completed."), "circle-check", "green"),
    "order.units_settled": (gettext_lazy("The shop's money became available."), "wallet", "green"),
    "order.settlement_waits": (
        gettext_lazy("The shop's sales are suspended: its money stays pending."),
        "hourglass",
        "amber",
    ),
    "order.settled": (gettext_lazy("Everything is settled; the warranty runs."), "shield-check", ""),
    "order.archived": (gettext_lazy("The warranty ended."), "check", ""),
    "order.cancelled": (gettext_lazy("The order was cancelled."), "circle-x", ""),
    "order.expired": (gettext_lazy("It was not paid in time."), "clock-alert", ""),
    "order.refunded": (gettext_lazy("Every unit was paid back."), "undo-2", "green"),
    "order.coupon_used": (gettext_lazy("A coupon lowered the price."), "receipt-text", "brand"),
    "order.coupon_dropped": (gettext_lazy("A coupon was taken off."), "receipt-text", ""),
    "order.part_set_aside": (gettext_lazy("A part from the balance was set aside."), "wallet", ""),
    "order.part_given_back": (gettext_lazy("The part from the balance went back."), "undo-2", "green"),
    "order.staff_joined": (gettext_lazy("Somebody of the platform joined the conversation."), "scale", "amber"),
    "order.supplier_asked": (
        gettext_lazy("The shop asks its supplier; the inspection stands still."),
        "hourglass",
        "amber",
    ),
    "order.supplier_answered": (gettext_lazy("The supplier answered; the inspection goes on."), "receipt-text", ""),
    "order.supplier_tried_again": (gettext_lazy("The shop had its supplier asked again."), "repeat", ""),
    "order.redemption_recorded": (gettext_lazy("The issuer said who redeemed a code."), "receipt-text", ""),
    "order.redemption_claimed": (gettext_lazy("One side said who redeemed a code."), "message-square", ""),
    "order.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert", "amber"),
    "order.file_attached": (gettext_lazy("A file was added."), "file-check", ""),
    "payout.paid": (gettext_lazy("Money arrived at the buyer."), "banknote", "green"),
}


def badge(order: Order) -> dict[str, Any]:
    """The state of an order as icon, word and tone."""
    icon, tone, _banner = LOOKS[order.state]
    return {"word": OrderState(order.state).label, "icon": icon, "tone": tone}


def turn(order: Order, side: Side, figures: Figures, *, at: datetime) -> dict[str, Any]:
    """Who must act, until when, and what happens otherwise, as `side` reads it."""
    (icon, _tone, tone), (to_buyer, to_others, then) = LOOKS[order.state], TURNS[order.state]
    if order.state == OrderState.PLACED and not has_codes(order):
        to_buyer = PLACED_WITHOUT_CODES
    whose: Promise | str = to_buyer if side == Side.BUYER else to_others
    if tone == "mine" and order.owner != side:
        tone = "theirs"
    if order.state == OrderState.DELIVERED and order.deadline_at is None and figures.in_cases:
        whose, tone = _("An open case holds what is left. The clock of this order stands still until it ends."), "calm"
    until, left_tone = order.deadline_at, ""
    if until is not None and order.owner != "system":
        left_tone = "vermilion" if until <= at else "amber" if until - at < SHORT else ""
    return {
        "state": OrderState(order.state).label,
        "icon": icon,
        "whose": whose,
        "then": then,
        "tone": tone,
        "until": until,
        "then_tone": left_tone,
    }


def has_codes(order: Order) -> bool:
    """Whether codes are what is bought: set aside, sealed, and looked at by their buyer."""
    return handing.way_of(order) == Way.STOCK


def unit_badge(order: Order, unit: Unit) -> dict[str, Any]:
    """What is known of a unit as icon, word and tone; what came without a code was delivered, nobody “used” it."""
    icon, tone = UNIT_LOOKS[unit.delivery]
    word: Promise | str = Delivery(unit.delivery).label
    if unit.delivery in {Delivery.USED, Delivery.PARTIAL} and not has_codes(order):
        icon, word = "package-check", _("Was delivered")
    return {"word": word, "icon": icon, "tone": tone}


def steps(order: Order, figures: Figures) -> list[dict[str, Any]]:
    """The way of an order: paid, delivered, looked at where there is a code, confirmed, settled."""
    state = order.state
    is_over_early = state in {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REFUNDED}
    is_good = state in {OrderState.COMPLETED, OrderState.SETTLED, OrderState.ARCHIVED}
    is_coded = has_codes(order)
    is_delivered, all_seen = bool(order.delivered_at), not is_coded or figures.seen == figures.units
    ahead = "skipped" if is_over_early else "ahead"
    seen = ngettext("%(seen)d of %(units)d", "%(seen)d of %(units)d", figures.units)
    found = [
        {
            "label": _("Paid"),
            "status": "done" if order.paid_at else "now" if state == OrderState.PLACED else "skipped",
            "note": _time(order.paid_at),
        },
        {
            "label": _("Delivered"),
            "status": "done" if is_delivered else "now" if state == OrderState.PAID else ahead,
            "note": _time(order.delivered_at),
        },
        {
            "label": _("Looked at"),
            "status": "done"
            if figures.seen and (all_seen or is_good)
            else "skipped"
            if is_good
            else "now"
            if state == OrderState.DELIVERED
            else ahead,
            "note": seen % {"seen": figures.seen, "units": figures.units} if is_delivered else "",
        },
        {
            "label": _("Confirmed"),
            "status": "done" if is_good else "now" if state == OrderState.DELIVERED and all_seen else ahead,
            "note": "",
        },
        {
            "label": _("Settled"),
            "status": "done"
            if state in {OrderState.SETTLED, OrderState.ARCHIVED}
            else "now"
            if state == OrderState.COMPLETED
            else ahead,
            "note": "",
        },
    ]
    return found if is_coded else found[:2] + found[3:]


def happenings(order: Order, place: str = "") -> tuple[list[dict[str, Any]], Part[Event]]:
    """What happened to an order, newest first, in words: a part of it from `place` on, and where the next begins."""
    found = events.stream(order.root_address).filter(name__in=sorted(HAPPENINGS))
    past = part(found, by="-seq", place=place, most=RECENT)
    others = {} if has_codes(order) else WITHOUT_CODES
    entries = [
        {
            "who": event.by or _("The clock or the mall"),
            "what": others.get(event.name, HAPPENINGS[event.name][0]),
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": HAPPENINGS[event.name][2],
            "grade": "record",
            "note": _note(event.name, event.data),
        }
        for event in past.rows
    ]
    return entries, past


def _note(name: str, data: dict[str, Any]) -> str:
    """What else is to be said of something that happened: which units, how much, which file."""
    if name == "order.code_revealed":
        which = _("No. %(unit)s, for the first time") if data["first"] else _("No. %(unit)s, again")
        return which % {"unit": data["unit"]}
    if name == "order.validity_recorded":
        said = (
            _("No. %(unit)s was good, says %(source)s") if data["valid"] else _("No. %(unit)s was bad, says %(source)s")
        )
        return said % {"unit": data["unit"], "source": data["source"]}
    if name in {"order.supplier_took_on", "order.supplier_failed", "order.delivered_after_all"}:
        return " · ".join(filter(None, [_("No. %(unit)s") % data, data["reference"], data.get("reason", "")]))
    if name in {
        "order.confirmed",
        "order.released",
        "order.units_settled",
        "order.units_delivered",
        "order.units_called_off",
        "order.cancel_asked",
        "order.delivery_given_up",
    }:
        places = data["units"]
        count = ngettext("%(count)d unit", "%(count)d units", len(places)) % {"count": len(places)}
        which = count if len(places) > 8 else _("No. %(units)s") % {"units": ", ".join(map(str, places))}
        return " · ".join([which, data["reason"]]) if name == "order.delivery_given_up" else which
    if name == "order.compensated":
        whose = [_("paid by the platform")] if data["by_platform"] else []
        return " · ".join([yuan(data["amount"]), *whose])
    if name in {"order.paid", "order.part_set_aside", "order.part_given_back", "order.shop_made_whole"}:
        return yuan(data["amount"])
    if name in {"order.coupon_used", "order.coupon_dropped"}:
        return f"{data['code']} · {yuan(data['amount'])}"
    if name == "order.staff_joined":
        return str(data["reason"])
    if name in {"order.redemption_recorded", "order.redemption_claimed", "order.code_asked_upstream"}:
        return _("No. %(unit)s") % {"unit": data["unit"]}
    if name == "order.file_attached":
        return f"SHA-256 {data['sha256'][:16]}…"
    return ""


def _time(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
