"""How disputes are said on pages: states, turns, happenings, evidence, sources of money."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import dateparse, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from disputes import assignment, budget, drafting, lapses, usual
from disputes.appeals import COUNSEL, OUTSIDER, appealed_against, missing_from
from disputes.course import span_of
from disputes.evidence import visible_to
from disputes.forms import PARTY_WORDS
from disputes.models import PARTIES, Appeal, Dispute, Evidence, Neutral, Question, Ruling, Seat, Side, Vote
from disputes.neutrals import is_awaited
from disputes.rulings import Weight
from disputes.states import AppealState, DisputeState
from ledger.templatetags.money import yuan
from orders.states import Delivery, Standing
from refunds import words as cases
from refunds.models import Refund
from rulebook.decisions import Line
from rulebook.explanations import percent, sentence
from timeline import events
from timeline.models import Event
from timeline.parts import Part, part
from timeline.spans import deadline

PAGE = 50
#: How each state looks: icon and tone of its badge.
LOOKS = {
    DisputeState.OPENED: ("hourglass", "amber"),
    DisputeState.EVIDENCE: ("file-text", "brand"),
    DisputeState.REVIEW: ("scale", "brand"),
    DisputeState.QUESTIONED: ("message-square", "amber"),
    DisputeState.PROPOSED: ("handshake", "brand"),
    DisputeState.SIGNING: ("users", "brand"),
    DisputeState.RULED: ("file-check", "brand"),
    DisputeState.APPEALED: ("scale", "amber"),
    DisputeState.SUSPENDED: ("hourglass", "amber"),
    DisputeState.ENFORCING: ("banknote", "brand"),
    DisputeState.CLOSED: ("circle-check", ""),
    DisputeState.WITHDRAWN: ("undo-2", ""),
}
#: Whose turn it is, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise | str]] = {
    DisputeState.OPENED: (
        gettext_lazy("It is the platform's turn: it names who hears the case."),
        gettext_lazy("If nobody is named by then, the duty lead takes the case."),
    ),
    DisputeState.EVIDENCE: (
        gettext_lazy("Both sides can say what they know, at the same time."),
        gettext_lazy("Then the review begins, with what is in the file."),
    ),
    DisputeState.REVIEW: (
        gettext_lazy("It is the platform's turn: the arbiter weighs the file and decides."),
        gettext_lazy("If it is not decided by then, somebody else decides; neither side loses anything by it."),
    ),
    DisputeState.QUESTIONED: (
        gettext_lazy("One side is asked for one thing by name. The review stands still meanwhile."),
        gettext_lazy("Then the review goes on. Silence decides nothing by itself, but it may be weighed."),
    ),
    DisputeState.PROPOSED: (
        gettext_lazy("The platform proposes a way out. It binds only if both sides accept it."),
        gettext_lazy("Then the review goes on; refusing costs nothing."),
    ),
    DisputeState.APPEALED: (
        gettext_lazy("One side does not accept the decision. Three new people decide about it."),
        gettext_lazy("Each step of the appeal has its own time and goes on by itself."),
    ),
    DisputeState.SUSPENDED: (
        gettext_lazy("The case stands still by an order from outside. The money stays held."),
        gettext_lazy("Then the case goes on where it stood, unless a lead renews it with a reason."),
    ),
    DisputeState.SIGNING: (
        gettext_lazy("It is the platform's turn: a second person checks the decision."),
        gettext_lazy("If it is not signed by then, the next senior is asked."),
    ),
    DisputeState.RULED: (
        gettext_lazy("The decision is there. Either side can appeal until the time is over."),
        gettext_lazy("Then the decision is carried out."),
    ),
    DisputeState.ENFORCING: (
        gettext_lazy("The decision is being carried out; the money is on its way."),
        gettext_lazy("If it has not arrived by then, finance is alarmed."),
    ),
    DisputeState.CLOSED: (gettext_lazy("The case is over. Nothing is to be done."), ""),
    DisputeState.WITHDRAWN: (gettext_lazy("The buyer took the case back. Nothing is to be done."), ""),
}
#: The same where nobody from outside could be named yet, and nobody of the platform decides.
NOBODYS = {DisputeState.OPENED, DisputeState.REVIEW}
AWAITED = (
    gettext_lazy("Nobody from outside could be named yet, and nobody of the platform decides this case."),
    gettext_lazy("Then we look at the public list again; the platform's leads are alarmed each time."),
)
#: What happened, in words; with its icon.
HAPPENINGS: dict[str, tuple[Promise, str]] = {
    "order.placed": (gettext_lazy("The order was placed."), "package"),
    "order.paid": (gettext_lazy("The order was paid; the money is in escrow."), "wallet"),
    "order.delivered": (gettext_lazy("The codes were delivered, sealed."), "package-check"),
    "order.code_revealed": (gettext_lazy("The buyer looked at a code."), "eye"),
    "order.validity_recorded": (gettext_lazy("The issuer said whether a code was good."), "badge-check"),
    "order.confirmed": (gettext_lazy("The buyer confirmed receipt."), "check"),
    "order.released": (gettext_lazy("Money was released to the shop."), "banknote"),
    "refund.requested": (gettext_lazy("The buyer asked for a refund."), "hand-coins"),
    "refund.predecided": (gettext_lazy("The rules say no at first; a person looks if the buyer wishes."), "scale"),
    "refund.declined": (gettext_lazy("The shop declined."), "circle-x"),
    "refund.disputed": (gettext_lazy("The case went to the platform."), "landmark"),
    "refund.approved": (gettext_lazy("The refund was approved."), "circle-check"),
    "refund.refunded": (gettext_lazy("The money arrived."), "circle-check"),
    "refund.rejected": (gettext_lazy("The refund case ended without money."), "circle-x"),
    "refund.withdrawn": (gettext_lazy("The buyer took the refund case back."), "undo-2"),
    "dispute.opened": (gettext_lazy("The platform took the case on."), "landmark"),
    "dispute.evidence": (gettext_lazy("An arbiter was named; both sides are heard."), "user-check"),
    "dispute.reassigned": (gettext_lazy("The case was given to another arbiter."), "repeat"),
    "dispute.evidence_submitted": (gettext_lazy("Something was added to the file."), "file-text"),
    "dispute.rested": (gettext_lazy("A side has nothing to add."), "check"),
    "dispute.review": (gettext_lazy("The review began."), "scale"),
    "dispute.signing": (gettext_lazy("The draft went to a second person."), "users"),
    "dispute.signer_changed": (gettext_lazy("The signature was asked of the next person."), "repeat"),
    "dispute.sent_back": (gettext_lazy("The second person sent the draft back."), "undo-2"),
    "dispute.signed": (gettext_lazy("The second person signed."), "file-check"),
    "dispute.ruled": (gettext_lazy("The decision was served to both sides."), "scale"),
    "dispute.conceded": (gettext_lazy("The shop gave in."), "handshake"),
    "dispute.enforcing": (gettext_lazy("The decision is being carried out."), "banknote"),
    "dispute.payment_late": (gettext_lazy("The money has not arrived in time; finance was alarmed."), "clock-alert"),
    "dispute.closed": (gettext_lazy("The case was closed."), "circle-check"),
    "dispute.withdrawn": (gettext_lazy("The buyer took the case back."), "undo-2"),
    "dispute.extended": (gettext_lazy("A side has 24 hours more for evidence, and so has the other."), "hourglass"),
    "dispute.unsealed": (gettext_lazy("Both sides read each other now."), "eye"),
    "dispute.challenged": (gettext_lazy("A side asked for somebody else to judge."), "repeat"),
    "dispute.recused": (gettext_lazy("Somebody stepped back from the case."), "repeat"),
    "dispute.questioned": (gettext_lazy("One thing was asked for by name."), "message-square"),
    "dispute.answered": (gettext_lazy("The review went on after the question."), "scale"),
    "dispute.not_answered": (gettext_lazy("What was asked for was not given in time."), "clock-alert"),
    "dispute.proposed": (gettext_lazy("The platform proposed a way out."), "handshake"),
    "dispute.proposal_accepted": (gettext_lazy("A side accepted the proposal."), "check"),
    "dispute.proposal_failed": (gettext_lazy("The proposal was not accepted by both; the review went on."), "scale"),
    "dispute.mediated": (gettext_lazy("Both sides accepted the proposal."), "handshake"),
    "dispute.last_offer_given": (gettext_lazy("A side gave a last offer, sealed."), "hand-coins"),
    "dispute.settled": (gettext_lazy("Both sides settled the matter."), "handshake"),
    "dispute.heard_again": (
        gettext_lazy("The replacement is no good by the buyer's word; the case is heard again."),
        "repeat",
    ),
    "dispute.suspended": (gettext_lazy("The case was let stand still."), "hourglass"),
    "dispute.suspension_renewed": (gettext_lazy("The case stands still for seven days more."), "hourglass"),
    "dispute.resumed": (gettext_lazy("The case went on."), "scale"),
    "dispute.neutral_named": (gettext_lazy("Somebody from outside the mall was named to decide."), "user-check"),
    "dispute.neutral_awaited": (gettext_lazy("Nobody from outside could be named yet."), "hourglass"),
    "dispute.neutral_late": (
        gettext_lazy("It was not decided in time; whoever has it from outside has a day more."),
        "clock-alert",
    ),
    "dispute.advance_kept": (
        gettext_lazy("The buyer keeps what the platform paid ahead, and asks for no more."),
        "undo-2",
    ),
    "dispute.default_drafted": (gettext_lazy("A decision was drafted from the silence of a side."), "file-text"),
    "dispute.advanced": (gettext_lazy("It took too long: the rulebook's figure was paid ahead."), "banknote"),
    "dispute.supplemented": (gettext_lazy("The buyer was paid the rest of the award."), "banknote"),
    "dispute.replacement_awaited": (gettext_lazy("The replacement that was ordered is awaited."), "package"),
    "dispute.fault_taken_on": (
        gettext_lazy("The platform gave the shop what it had paid in its place."),
        "shield-check",
    ),
    "dispute.shop_made_whole": (gettext_lazy("The guarantee fund made the shop whole."), "shield-check"),
    "dispute.appeal_waived": (gettext_lazy("A side will not appeal."), "check"),
    "dispute.appeal_ended": (gettext_lazy("The appeal is gone; the time to appeal went on."), "undo-2"),
    "dispute.remanded": (gettext_lazy("The panel sent the case back to somebody new."), "repeat"),
    "dispute.penalty_imposed": (gettext_lazy("A penalty was imposed on the shop."), "octagon-alert"),
    "appeal.filed": (gettext_lazy("An appeal was filed."), "scale"),
    "appeal.admitted": (gettext_lazy("The appeal was admitted."), "check"),
    "appeal.inadmissible": (gettext_lazy("The appeal was not admitted."), "circle-x"),
    "appeal.answered": (gettext_lazy("The other side answered to the appeal."), "message-square"),
    "appeal.panel": (gettext_lazy("Three new people sat as a panel."), "users"),
    "appeal.panel_replaced": (gettext_lazy("Missing members of the panel were replaced."), "repeat"),
    "appeal.chief_named": (gettext_lazy("A lead was named to decide with the votes that are there."), "user-check"),
    "appeal.neutral_awaited": (gettext_lazy("Nobody from outside is free yet for the panel."), "hourglass"),
    "appeal.voted": (gettext_lazy("A member of the panel voted."), "file-text"),
    "appeal.upheld": (gettext_lazy("The panel let the decision stand."), "file-check"),
    "appeal.modified": (gettext_lazy("The panel changed the decision."), "file-check"),
    "appeal.withdrawn": (gettext_lazy("The appeal was taken back."), "undo-2"),
}
#: What the beginning of the hearing is called while nobody could be named.
HEARD = gettext_lazy("Both sides are heard; who decides is not named yet.")
#: Only the staff see these.
STAFF_HAPPENINGS: dict[str, tuple[Promise, str]] = {
    "dispute.file_opened": (gettext_lazy("The file was opened."), "eye"),
    "dispute.alarm": (gettext_lazy("Alarm: a lead must look at the case."), "triangle-alert"),
    "dispute.bundle_failed": (gettext_lazy("A copy of the file could not be put together."), "triangle-alert"),
    "dispute.unmasked": (gettext_lazy("Names and networks were looked at."), "eye"),
    "dispute.referred": (gettext_lazy("The case was referred to an outside neutral."), "repeat"),
    "dispute.budget_used_up": (gettext_lazy("The time that a buyer must wait in all was used up."), "clock-alert"),
    "dispute.penalty_proposed": (gettext_lazy("A penalty was proposed."), "octagon-alert"),
    "dispute.penalty_turned_down": (gettext_lazy("A penalty was turned down."), "circle-x"),
}
#: What is the matter, by what an alarm says on record (`course.alarm`).
ALARMS: dict[str, Promise] = {
    "not assigned in time": gettext_lazy("nobody was named in time; the duty lead has the case."),
    "not ruled in time": gettext_lazy("it was not decided in time."),
    "not signed in time": gettext_lazy("it was not signed in time."),
    "not paid in time": gettext_lazy("the money has not arrived in time."),
    "the buyer has waited for too long": gettext_lazy("the buyer has waited for 13 days for others."),
    "the buyer has waited for too long, and the rules leave the sum to people": gettext_lazy(
        "the buyer has waited for 13 days for others, and the rules leave the sum to people."
    ),
    "nobody looked at an appeal in time": gettext_lazy("nobody looked at the appeal in time; it counts as admitted."),
    "the panel did not decide in time": gettext_lazy("the panel did not decide in time."),
    "a suspension was not renewed": gettext_lazy("nobody renewed the suspension; the case goes on."),
    "only people who judged the same two sides of late are free": gettext_lazy(
        "whoever was asked had a part in another case of the same two sides within 90 days; nobody else was free."
    ),
    "too few people are free for a panel": gettext_lazy("too few people are free for the panel."),
    "too few people are free for a panel on fraud": gettext_lazy("too few people are free for a panel on fraud."),
    "nobody is free to hear the case": gettext_lazy("nobody is free to hear the case."),
    "nobody is free to hear the case anew": gettext_lazy("nobody is free to hear the case anew."),
    "nobody who knows the law is free for the panel": gettext_lazy(
        "a panel about this case needs a legal reviewer, and none is free."
    ),
    "nobody from outside is free for the panel": gettext_lazy(
        "a panel about this case needs somebody from outside, and nobody on the public list is free."
    ),
    "no outside neutral is on the list": gettext_lazy("nobody from outside is free on the public list."),
    "the platform cannot give the shop what it paid in its place": gettext_lazy(
        "the platform's own money does not suffice for what the shop paid in its place."
    ),
    "the fund cannot make the shop whole": gettext_lazy(
        "the guarantee fund does not suffice to give the shop back what it paid and did not owe."
    ),
}
#: Who should be on a panel and is not yet.
LACKS: dict[str, Promise] = {
    COUNSEL: gettext_lazy(
        "A legal reviewer belongs on this panel and none is free yet. The lead knows; if nobody is found by then,"
        " somebody else has the seat."
    ),
    OUTSIDER: gettext_lazy(
        "Somebody from outside belongs on this panel and nobody is free yet. The lead knows; if nobody is found by"
        " then, somebody else has the seat."
    ),
}
#: The same where the platform itself is the respondent: nobody else ever has that seat.
WAITS_OUTSIDE = gettext_lazy(
    "Somebody from outside belongs on this panel and nobody is free yet. Nobody of the platform takes that seat: we"
    " look again every day, and the buyer can take the case outside at once."
)
#: Where money of an award comes from (orders.escrow.plan).
SOURCES: dict[str, Promise] = {
    "escrow": gettext_lazy("Escrow of this order"),
    "this_order": gettext_lazy("The shop's pending money of this order"),
    "available": gettext_lazy("The shop's balance"),
    "pending": gettext_lazy("The shop's other pending money"),
    "reserved": gettext_lazy("The shop's deposit, set aside for this case"),
    "deposit": gettext_lazy("The shop's deposit"),
    "fund": gettext_lazy("The guarantee fund, which the shop then owes"),
    "platform": gettext_lazy("The platform's own money"),
}
#: Why a second person signs.
SIGN_BECAUSE: dict[str, Promise] = {
    "fraud": gettext_lazy("fraud is found only by three people of one mind"),
    "large": gettext_lazy("¥1,000 or more is at stake"),
    "guarantees": gettext_lazy("the deposit or the fund pays"),
    "platform": gettext_lazy("the platform is liable itself"),
    "compensation": gettext_lazy("there is compensation"),
    "departs": gettext_lazy("the sum differs from the rulebook's figure"),
}


def badge(dispute: Dispute) -> dict[str, Any]:
    """The state as icon, word and tone."""
    state = DisputeState(dispute.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def turn(dispute: Dispute, actions: Sequence[str], at: datetime) -> dict[str, Any]:
    """Who must act, until when, and what happens otherwise; the banner is the reader's own where it is their turn."""
    state = DisputeState(dispute.state)
    whose, then = TURNS[state]
    if is_awaited(dispute) and state in NOBODYS:
        whose, then = AWAITED
    if dispute.state == DisputeState.SIGNING and dispute.waits_for == "panel":
        whose = gettext_lazy("It is the platform's turn: a panel of three looks whether fraud is proven.")
        then = gettext_lazy("If a member has not said what they find by then, somebody else is asked.")
    if dispute.state == DisputeState.ENFORCING and dispute.refund.state in {"replacing", "checking"}:
        whose = gettext_lazy("The shop delivers what was ordered anew, and the buyer checks it.")
        then = gettext_lazy("If it does not come or is bad again, the money goes back.")
    mine = {"rest", "rule", "sign", "answer", "agree", "answer_appeal", "admit", "vote"} & set(actions)
    tone = "done" if dispute.is_over else "mine" if mine else "theirs"
    until = dispute.deadline_at
    short = until is not None and (until - at).total_seconds() < 6 * 3600
    return {
        "state": state.label,
        "whose": whose,
        "then": then,
        "tone": tone,
        "icon": LOOKS[state][0],
        "until": until,
        "then_tone": "amber" if short and mine else "",
    }


def steps(dispute: Dispute) -> list[dict[str, Any]]:
    """Where the case is on its way: filed, the shop, the platform, the money, the end."""
    place = {DisputeState.ENFORCING: 3, DisputeState.CLOSED: 5, DisputeState.WITHDRAWN: 5}.get(
        DisputeState(dispute.state), 2
    )
    labels = [_("Filed"), _("Shop"), _("Platform"), _("Refund"), _("Done")]
    found = [
        {"label": label, "status": "done" if number < place else "now" if number == place else "ahead", "note": ""}
        for number, label in enumerate(labels)
    ]
    if dispute.outcome == Dispute.Outcome.WITHDRAWN:
        found[3]["status"] = "skipped"
    return found


def happenings(dispute: Dispute, *, is_for_staff: bool, place: str = "") -> tuple[list[dict[str, Any]], Part[Event]]:
    """What happened at the order, newest first, in words: a part of it from `place` on, and where the next begins."""
    words = HAPPENINGS | STAFF_HAPPENINGS if is_for_staff else HAPPENINGS
    past = part(events.stream(dispute.root_address).filter(name__in=words), by="-seq", place=place, most=PAGE)
    entries = [
        {
            "who": _who(event.by, dispute, is_for_staff=is_for_staff),
            "what": _what(event, words),
            "at": event.at,
            "icon": words[event.name][1],
            "tone": "brand" if event.name == "dispute.ruled" else "",
            "grade": "record",
            "note": alarmed(event.data) if event.name == "dispute.alarm" else "",
        }
        for event in past.rows
    ]
    return entries, past


def _what(event: Event, words: Mapping[str, tuple[Promise, str]]) -> Promise:
    """What happened, in a sentence; a case that is heard while nobody could be named has no judge yet."""
    is_unjudged = event.name == "dispute.evidence" and event.data.get("arbiter") is None
    return HEARD if is_unjudged else words[event.name][0]


def alarmed(data: Mapping[str, Any]) -> str:
    """What an alarm is about, in words."""
    return str(ALARMS.get(data.get("what", ""), ""))


def _who(user: Any, dispute: Dispute, *, is_for_staff: bool) -> str:
    if user is None:
        return _("The clock or the mall")
    side = dispute.side_of(user)
    if side is not None:
        return str(side.label)
    return str(user) if is_for_staff else _("Platform")


def evidence(dispute: Dispute, side: Side | None = None, at: datetime | None = None) -> list[Evidence]:
    """The file in the order in which it came: whole for the staff, for a side without what is still sealed to it."""
    if side is None or at is None:
        return list(dispute.evidence.select_related("attachment").order_by("pk"))
    return list(visible_to(dispute, side, at=at))


def proposal(dispute: Dispute) -> dict[str, Any] | None:
    """The proposal that is open, with what each unit would get."""
    found = dispute.proposals.filter(ended_at=None).first()
    if found is None:
        return None
    places = dict(dispute.refund.items.order_by("pk").values_list("unit_id", "unit__place"))
    units = [{"place": places[int(unit)], "amount": amount} for unit, amount in found.grants.items()]
    return {
        "number": found.number,
        "amount": found.amount,
        "units": sorted(units, key=lambda unit: unit["place"]),
        "text": found.text,
        "sha256": found.sha256,
        "buyer_accepted": found.buyer_accepted_at is not None,
        "shop_accepted": found.shop_accepted_at is not None,
    }


def appeals(dispute: Dispute) -> list[dict[str, Any]]:
    """The appeals of a case, the latest first; votes once it is decided."""
    return [_appeal(each, shows_votes=each.is_over) for each in dispute.appeals.order_by("-pk")]


def appeal(dispute: Dispute, *, shows_votes: bool) -> dict[str, Any] | None:
    """The latest appeal of a case."""
    found = dispute.appeals.order_by("-pk").first()
    return _appeal(found, shows_votes=shows_votes) if found else None


def _appeal(appeal: Appeal, *, shows_votes: bool) -> dict[str, Any]:
    parts = [Seat.Part.REVIEWER, Seat.Part.CHIEF]
    seats = appeal.dispute.seats.filter(until=None, part__in=parts).select_related("user").order_by("pk")
    sitting = [seat.user for seat in seats]
    outside = {each.user_id: each for each in Neutral.objects.filter(user__in=sitting)} if sitting else {}
    votes = list(appeal.votes.select_related("user").order_by("pk")) if shows_votes else []
    ruling = appealed_against(appeal) if votes else None
    cast = Event.objects.filter(subject=appeal.address, name="appeal.voted").order_by("seq") if votes else []
    kept = {event.by_id: event.data.get("sha256", "") for event in cast}
    return {
        "state": AppealState(appeal.state).label,
        "side": Side(appeal.side).label,
        "ground": appeal.get_ground_display(),
        "filed_at": appeal.filed_at,
        "until": appeal.deadline_at,
        "text": appeal.text,
        "late_because": appeal.late_because,
        "formal": appeal.get_formal_display() if appeal.formal else "",
        "answer": appeal.answer,
        "joined_ground": appeal.get_joined_ground_display() if appeal.joined_ground else "",
        "joined_text": appeal.joined_text,
        "panel": "、".join(_member(user, outside.get(user.pk)) for user in sitting),
        "lacks": _lacks(appeal) if appeal.state == AppealState.PANEL else [],
        "are_kept": any(kept.values()),
        "votes": [
            {
                "who": str(vote.user),
                "word": vote.get_word_display(),
                "amount": vote.award(ruling) if vote.word == Vote.Word.CHANGE and ruling else None,
                "compensation": vote.compensation,
                "reasons": vote.reasons,
                "sha256": kept.get(vote.user_id, ""),
            }
            for vote in votes
        ],
    }


def _lacks(appeal: Appeal) -> list[Promise]:
    """Who should be on a panel and is not yet, in words."""
    told = LACKS | ({OUTSIDER: WAITS_OUTSIDE} if appeal.dispute.is_against_platform else {})
    return [told[kind] for kind in missing_from(appeal)]


def _member(user: Any, neutral: Neutral | None) -> str:
    """How both sides read somebody on a panel: whoever is from outside, with where from."""
    return f"{neutral} ({neutral.organization})" if neutral else str(user)


def bench(dispute: Dispute, side: Side | None, at: datetime) -> dict[str, Any]:
    """Who hears the case, as both sides may know it, and until when each can ask for somebody else."""
    neutral: Neutral | None = dispute.neutral
    until = deadline(span_of(dispute, "CHALLENGE"), dispute.assigned_at) if dispute.assigned_at else None
    return {
        "arbiter": str(neutral or dispute.arbiter or ""),
        "senior": str(dispute.senior or ""),
        "neutral": neutral,
        "knows_both": dispute.arbiter is not None and assignment.knows_both(dispute, dispute.arbiter),
        "senior_knows_both": dispute.senior is not None and assignment.knows_both(dispute, dispute.senior),
        "challenge_until": until if until and until > at and side is not None else None,
    }


def awaited(dispute: Dispute, side: Side | None) -> dict[str, Any] | None:
    """What both sides read while nobody from outside could be named: until when the list is looked at again, what of
    the rulebook's figure the platform pays ahead, and by when at the latest; sums in fen."""
    if not is_awaited(dispute):
        return None
    ahead = 0 if dispute.advanced else lapses.to_advance(dispute)
    return {
        "is_buyer": side == Side.BUYER,
        "until": dispute.deadline_at,
        "paid": dispute.advanced,
        "ahead": ahead,
        "ahead_by": budget.over_at(dispute) if ahead else None,
    }


def roads(dispute: Dispute) -> list[dict[str, Any]]:
    """The roads outside that stay open once a case is decided, each with its dates."""
    return cases.roads(dispute.refund, today=dispute.closed_at or dispute.entered_at)


def shown(dispute: Dispute, file: Sequence[Evidence], *, is_masked: bool = True) -> list[dict[str, Any]]:
    """The file as it is read: title, whose, how well proven, when, and what it says line by line.

    `is_masked` hides from which networks somebody came.
    """
    return [
        {
            "piece": piece,
            "title": piece.title or piece.get_kind_display(),
            "side": Side(piece.side).label,
            "lines": _lines(piece, is_masked=is_masked),
            "hash": piece.sha256[:16],
        }
        for piece in file
    ]


def masked(name: str) -> str:
    """A name of which only the first sign is shown."""
    return f"{name[:1]}•••" if name else ""


def _lines(piece: Evidence, *, is_masked: bool) -> list[dict[str, Any]]:
    data, kind = piece.data, Evidence.Kind
    match piece.kind:
        case kind.ORDER:
            return _pairs(
                (_("Number"), data["number"]),
                (_("Total"), yuan(data["total"])),
                (_("Placed"), _time(data["placed_at"])),
                (_("Paid"), _time(data["paid_at"])),
                (_("Rulebook"), data["rulebook"]),
            )
        case kind.PROMISE:
            snapshot = data["snapshot"]
            return _pairs(
                (_("Title"), snapshot["title"]),
                (_("Delivery promised by"), _time(data["promised_at"])),
                (_("Notice read"), _time(data["acknowledged_at"])),
                (_("Notice"), snapshot.get("notice", "")),
            )
        case kind.DELIVERY:
            return _pairs(*((_unit(row), f"{_state(row)} · {_time(row['delivered_at'])}") for row in data["units"]))
        case kind.REVEALS:
            seen = ((_unit(row), f"{_time(row['at'])} · {_network(row, is_masked)}") for row in data["reveals"])
            return _pairs(*seen) or _nothing()
        case kind.VALIDITY:
            return _pairs(*((_unit(row), _valid(row)) for row in data["records"])) or _nothing()
        case kind.CONVERSATION:
            rows = data["messages"]
            return _pairs(*((Side(row["side"]).label, row["text"]) for row in rows)) or _nothing()
        case kind.PAYMENTS:
            return _pairs((_("Paid"), yuan(data["total"])), (_("When"), _time(data["paid_at"])))
        case kind.CLAIM:
            return _pairs(
                (_("Reason"), cases.reason(data["reason"])),
                (_("Asked"), yuan(data["asked"])),
                (_("Units"), ", ".join(str(place) for place in data["units"])),
                (_("In the buyer's words"), data["text"]),
            )
        case kind.ANSWER:
            return _pairs((_("Rule cited"), data["rule"]), (_("In the shop's words"), data["text"]))
        case kind.STATEMENT:
            return _pairs(
                (_("What was asked for"), data.get("answers", "")),
                (_("About item"), f"#{data['about']}" if "about" in data else ""),
                (_("Statement"), data["text"]),
            )
        case kind.SILENCE:
            return _pairs(
                (_("Asked for"), data["item"]),
                (_("Of whom"), str(Question.Whom(data["asked"]).label)),
                (_("When"), _time(data["asked_at"])),
            )
        case kind.OUTAGES:
            rows = data["outages"]
            spans = ((_time(row["began_at"]), f"{_time(row['ended_at'])} · {row['reason']}") for row in rows)
            return _pairs(*spans) or _nothing()
        case kind.UPSTREAM:
            return _pairs(*((_unit(row), _ticket(row)) for row in data["tickets"]))
        case kind.REDEMPTIONS:
            return _pairs(*((_unit(row), _redeemed(row)) for row in data["redemptions"]))
    return _pairs((_("File"), f"{data['type']}, {data['size']} B"))


def _pairs(*found: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in found if value not in ("", None)]


def _nothing() -> list[dict[str, Any]]:
    return [{"name": _("Records"), "value": _("There is none.")}]


def _network(row: dict[str, Any], is_masked: bool) -> str:
    return "•••" if is_masked and row["network"] else str(row["network"] or "—")


def _unit(row: dict[str, Any]) -> str:
    return _("Unit %(place)s") % {"place": row["unit"]}


def _state(row: dict[str, Any]) -> str:
    return str(Delivery(row["delivery"]).label)


def _valid(row: dict[str, Any]) -> str:
    word = _("valid when sold") if row["valid"] else _("invalid when sold")
    return f"{word} · {row['source']} {row['reference']}".strip()


def _ticket(row: dict[str, Any]) -> str:
    said = [str(Standing(row["standing"]).label), row["reference"] or row["number"], row["reason"]]
    return " · ".join(each for each in [*said, _time(row["heard_at"] or row["sent_at"])] if each)


def _redeemed(row: dict[str, Any]) -> str:
    whose = {True: _("to the buyer's account"), False: _("to another account"), None: _("to an account nobody names")}
    who = row["source"] or str(Side(row["by"]).label)
    told = [who, row["reference"], _time(row["redeemed_at"]), whose[row["by_buyer"]]]
    return " · ".join(each for each in told if each)


def _time(text: str | None) -> str:
    at = dateparse.parse_datetime(text) if text else None
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else "—"


def rulebook(refund: Refund) -> dict[str, Any]:
    """What the rulebook said when the buyer filed: figure, arithmetic in sentences, rules."""
    parts = refund.decision.get("parts", [])
    lines = [Line(code, rule, tuple(numbers.items())) for part in parts for code, rule, numbers in part["lines"]]
    return {
        "amount": refund.asked + refund.compensation,
        "is_for_people": refund.route == Refund.Route.HUMAN,
        "is_contradicted": refund.is_contradicted,
        "lines": [{"text": sentence(line), "rule": line.rule} for line in lines],
        "rules": rules_shown(dict.fromkeys(rule for part in parts for rule in part["rule"]), refund.decision),
        "version": refund.decision.get("version", ""),
    }


def rules_shown(ids: Iterable[str], decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rules by their ids, each with its sentence, by the version that a case was decided by."""
    return [{"id": rule, "text": cases.rule(rule, decision.get("version", ""))} for rule in ids]


def ruling_shown(ruling: Ruling, file: Sequence[Evidence]) -> dict[str, Any]:
    """A ruling as it is read: shares in percent, amounts per unit, findings with their evidence, sources of money."""
    titles = {piece.pk: piece.named for piece in file}
    # A buyer who has waited for too long got the money, and the shop delivers nothing anew.
    is_paid_instead = ruling.orders_replacement and ruling.dispute.refund.outcome == Refund.Outcome.RULING
    return {
        "ruling": ruling,
        "said": usual.said(ruling),
        "award": ruling.award,
        "orders_replacement": ruling.orders_replacement and not is_paid_instead,
        "rules": rules_shown(ruling.rule_ids, {"version": ruling.rulebook_version}),
        "shares": [
            {"name": PARTY_WORDS[party], "share": percent(ruling.shares[party])}
            for party in PARTIES
            if ruling.shares[party]
        ],
        "units": [
            {
                "place": line["place"],
                "paid": line["paid"],
                "share": percent(line["buyer_bp"]),
                "kept": line["paid"] - line["grant"],
                "grant": line["grant"],
            }
            for line in ruling.arithmetic
        ],
        "findings": [
            {
                "title": titles.get(finding["evidence"], ""),
                "weight": Weight(finding["weight"]).label,
                "note": finding["note"],
            }
            for finding in ruling.findings
        ],
        "legs": legs(ruling.funding),
        "missing": ruling.funding["missing"],
    }


def changes(dispute: Dispute, file: Sequence[Evidence]) -> dict[str, Any] | None:
    """What changed since a version was sent back: shares, sums, rules, findings by value, texts by sentence."""
    versions = drafting.since_sent_back(dispute)
    if versions is None:
        return None
    before, after = versions
    places = {str(line["unit"]): line["place"] for line in after.arithmetic}
    titles = {piece.pk: piece.named for piece in file}
    values = [
        *(
            (str(PARTY_WORDS[party]), percent(before.shares.get(party, 0)), percent(after.shares.get(party, 0)))
            for party in PARTIES
        ),
        *(
            (_("Unit %(place)s") % {"place": place}, yuan(before.grants.get(unit, 0)), yuan(after.grants.get(unit, 0)))
            for unit, place in places.items()
        ),
        (_("Compensation"), yuan(before.compensation), yuan(after.compensation)),
        (_("Replacement ordered"), _yes(before.orders_replacement), _yes(after.orders_replacement)),
        (_("Rules"), " ".join(before.rule_ids), " ".join(after.rule_ids)),
        *_changed_findings(before, after, titles),
    ]
    rows = [drafting.Changed(name, before=old, after=new) for name, old, new in values if old != new]
    return {
        "before": before.version,
        "after": after.version,
        "rows": [*rows, *drafting.changed_texts(before, after)],
    }


def _changed_findings(before: Ruling, after: Ruling, titles: Mapping[int, str]) -> list[tuple[str, str, str]]:
    old, new = ({each["evidence"]: each for each in ruling.findings} for ruling in (before, after))
    return [(titles.get(pk, f"#{pk}"), _finding(old.get(pk)), _finding(new.get(pk))) for pk in sorted({*old, *new})]


def _finding(found: Mapping[str, Any] | None) -> str:
    return f"{Weight(found['weight']).label} {found['note']}".strip() if found else "—"


def _yes(answer: bool) -> str:
    return _("yes") if answer else _("no")


def legs(funding: dict[str, Any]) -> list[dict[str, Any]]:
    """Where the money comes from, leg by leg, for the money preview."""
    return [
        {"source": SOURCES[leg["name"]], "target": _("the buyer"), "amount": leg["amount"], "note": ""}
        for leg in funding["legs"]
    ]
