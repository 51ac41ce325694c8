"""The story of a dispute: open · assign · rule · sign · dismiss · withdraw · concede · waive · lapse · settled · paid.

What the sides say stands in `hearing`, what is asked of them in `questions`, what they may agree on in `proposals`, who
decides in place of the staff in `neutrals`, what stops a case in `suspension`, what follows a ruling in `appeals` and
`penalties`; `course` holds what all of these share. Everybody here holds the order's lock. Whoever decides is assigned,
hears both sides, gives reasons, and never signs alone where much is at stake; whatever people leave undone, a clock
takes further.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts import unmasking
from accounts.models import Role
from disputes import (
    assignment,
    budget,
    course,
    hearing,
    lapses,
    neutrals,
    proposals,
    questions,
    rulings,
    suspension,
)
from disputes.course import AGAIN, WRONG_MOMENT, latest, served, span_of
from disputes.models import HEARING, UNDECIDED, Dispute, Ruling, Seat, Side, Signature
from disputes.rulings import Draft, Prepared
from disputes.states import DisputeState
from orders.states import Grade
from refunds import lifecycle as refunds
from refunds.models import Refund, RefundItem
from refunds.states import RefundState
from shops.models import Kind
from timeline import numbers, page
from timeline.door import begin, change, enter, lock, note, require, verb

#: Up to so many fen a case is on the fast track; up to the second figure if our records of its units are complete.
FAST, FAST_IF_RECORDED = 5_000, 20_000
#: From so many fen or units on it is complex (domain: Dispute).
COMPLEX, COMPLEX_UNITS = 100_000, 20
#: Reasons in which waiting hurts, whatever the sum.
URGENT = frozenset({"MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT", "ILLEGAL_GOODS", "ACCOUNT_RECOVERED", "SELLER_ABSCONDED"})
#: Who may sign, by whom a signature waits for, where it is not a senior's.
SIGNING_ROLES = {
    course.ARBITER: frozenset({Role.ARBITER, Role.LEAD}),
    course.PANEL: frozenset({Role.ARBITER, Role.SENIOR, Role.LEAD}),
}
#: In which states the shop may still give in.
CONCEDING = (DisputeState.OPENED, *HEARING)

# Verbs of the sides that stand in a module of their own; pages and API find all verbs of a case here.
LONGEST_STATEMENT = hearing.LONGEST_STATEMENT
submit, rest, extend, challenge, recuse = (
    hearing.submit,
    hearing.rest,
    hearing.extend,
    hearing.challenge,
    hearing.recuse,
)


@verb
def open_dispute(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform takes a refund case on, in the transaction that escalates it, and gives it to an arbiter if one is
    free; else the lead's clock runs.

    Where the platform itself is the respondent, an outside neutral is named. A case whose agreed replacement failed is
    heard again by whoever had it.
    """
    lock(refund)
    units = list(refund.items.select_related("unit", "refund__dispute").order_by("unit__place"))
    known = getattr(units[0].refund, "dispute", None)
    if known is not None:
        _hear_again(known, by=by, at=at)
        return
    is_urgent = refund.reason in URGENT or refund.decision.get("lane") == "urgent"
    dispute = Dispute(
        number=numbers.new("D", at),
        refund=refund,
        track=_track(refund, units),
        is_urgent=is_urgent,
        is_against_platform=neutrals.is_against_platform(refund),
        opened_at=at,
    )
    data = {"refund": refund.number, "asked": refund.asked, "track": str(dispute.track), "urgent": is_urgent}
    if dispute.is_against_platform:
        data |= neutrals.OUTSIDE
    begin(dispute, by=by, at=at, span=span_of(dispute, "ASSIGN", "urgent" if is_urgent else "normal"), data=data)
    budget.begin(dispute, at=at)
    if dispute.is_against_platform:
        if not neutrals.name(dispute, at=at):
            neutrals.await_somebody(dispute, at=at)
    elif arbiter := assignment.next_arbiter(dispute, at=at):
        course.begin_hearing(dispute, arbiter, by=None, at=at, units=[item.unit for item in units])


@verb
def open_file(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """Somebody of the staff opens the case file: that is on record. Refused: `not_your_turn`."""
    lock(dispute)
    require(_is_staff_in(dispute, by), "not_your_turn", _("Only the mall's staff open case files."))
    if not dispute.is_file_open_for(by, at):
        note(dispute, "dispute.file_opened", by=by, at=at, data={"roles": sorted(by.roles)})


@verb
def unmask(dispute: Dispute, *, reason: str, by: Any, at: datetime) -> None:
    """Somebody of the staff says why they need to see who the sides are and from where they came: that is on record.

    Refused: `not_your_turn`, `file_closed`, `reason_missing`.
    """
    lock(dispute)
    require(_is_staff_in(dispute, by), "not_your_turn", _("Only the mall's staff open case files."))
    require(dispute.is_file_open_for(by, at), "file_closed", _("Open the case file first; that is on record."))
    order = dispute.refund.order
    people = [order.buyer_id, order.shop.owner_id]
    unmasking.unmask(people, what=unmasking.What.SIDES, subject=dispute.address, reason=reason, by=by, at=at)
    note(dispute, "dispute.unmasked", by=by, at=at, data={"reason": reason.strip()[:200]})


@verb
def assign(dispute: Dispute, arbiter: Any, *, by: Any, at: datetime) -> None:
    """A lead gives an undecided case to somebody by hand, for the first time or anew.

    Refused: `not_your_turn`, `wrong_moment`, `no_staff_ruling`, `has_it_already`, `conflict` (nobody judges a case of
    people they deal with).
    """
    lock(dispute)
    require(by.has_role(Role.LEAD) and dispute.side_of(by) is None, "not_your_turn", _("Only a lead assigns cases."))
    require(dispute.state in {DisputeState.OPENED, *HEARING}, "wrong_moment", WRONG_MOMENT)
    require(not dispute.is_against_platform, "no_staff_ruling", course.NO_STAFF)
    require(arbiter.pk != dispute.arbiter_id, "has_it_already", _("This person has the case already."))
    role = Role.ARBITER if arbiter.has_role(Role.ARBITER) else Role.LEAD
    found = assignment.free_of_conflict(dispute, role, at=at)
    chosen = found.filter(pk=arbiter.pk).first()
    require(
        chosen is not None and not assignment.is_barred(chosen, found.exclude(pk=dispute.arbiter_id)),
        "conflict",
        _("This person cannot judge the case: not an arbiter, a side in it, or too near to one of the sides."),
    )
    if dispute.state == DisputeState.OPENED:
        course.begin_hearing(dispute, arbiter, by=by, at=at)
    else:
        course.give_to(dispute, arbiter, at=at)
        note(dispute, "dispute.reassigned", by=by, at=at, data={"arbiter": arbiter.pk})


@verb
def rule(dispute: Dispute, draft: Draft, *, by: Any, at: datetime) -> Ruling:
    """The arbiter of the case decides it, with everything a decision needs; a senior signs where much is at stake.

    Refused: `not_your_turn`, `not_your_case`, `wrong_moment`, `too_late`, `no_staff_ruling` (the platform is liable for
    more than its own staff may rule: refer the case), `incomplete` with what is missing.
    """
    lock(dispute)
    course.require_arbiter(dispute, by)
    require(dispute.state == DisputeState.REVIEW, "wrong_moment", WRONG_MOMENT)
    require(
        not dispute.is_overdue(at), "too_late", _("The time for this ruling is over; the case goes to somebody else.")
    )
    prepared = rulings.prepare(dispute, draft)
    is_neutral = course.is_neutral(dispute, by)
    is_staffs = not dispute.is_against_platform and neutrals.part_of_platform(prepared) <= neutrals.STAFF_MAY_RULE
    require(
        is_neutral or is_staffs,
        "no_staff_ruling",
        _("The platform itself would pay more than ¥200: its staff does not rule here. Refer the case to a neutral."),
    )
    require(not prepared.missing, "incomplete", sentence_of(prepared))
    ruling = rulings.write(dispute, draft, prepared, by=by, at=at, is_signed=is_neutral)
    if ruling.needs_signature:
        _ask_for_signature(dispute, ruling, prepared, by=by, at=at)
    else:
        course.serve(dispute, ruling, by=by, at=at)
    return ruling


@verb
def dismiss(dispute: Dispute, *, ground: str, reasons: str, by: Any, at: datetime) -> Ruling:
    """The arbiter, or a lead before there is one, does not hear the case, for a named reason; it can be appealed.

    From ¥1,000 on a second person signs, unless it is somebody from outside who does not hear it: nobody of the staff
    has a hand in that. Refused: `not_your_turn`, `no_staff_ruling`, `not_your_case`, `wrong_moment`, `ground_missing`.
    """
    lock(dispute)
    if dispute.state == DisputeState.OPENED:
        course.require_lead(dispute, by)
        require(not dispute.is_against_platform, "no_staff_ruling", course.NO_STAFF)
    else:
        course.require_arbiter(dispute, by)
    allowed = {DisputeState.OPENED, DisputeState.EVIDENCE, DisputeState.REVIEW}
    require(dispute.state in allowed and not dispute.is_overdue(at), "wrong_moment", WRONG_MOMENT)
    require(
        ground in Ruling.Dismissed.values and len(reasons.strip()) >= rulings.SHORTEST_REASONS,
        "ground_missing",
        _("Say why the case is not heard, in 20 characters at least."),
    )
    draft = Draft(
        shares={"buyer": rulings.WHOLE},
        rule_ids=rulings.rules_of(dispute.refund),
        reasons=reasons.strip(),
        departs_because=rulings.chinese(lambda: str(Ruling.Dismissed(ground).label)),
    )
    prepared = rulings.prepare(dispute, draft)
    is_signed = "large" not in prepared.signature_because or course.is_neutral(dispute, by)
    kind = Ruling.Kind.DISMISSAL
    ruling = rulings.write(dispute, draft, prepared, by=by, at=at, kind=kind, ground=ground, is_signed=is_signed)
    if dispute.arbiter_id is None:
        course.give_to(dispute, by, at=at)
    if ruling.needs_signature:
        _ask_for_signature(dispute, ruling, prepared, by=by, at=at)
    else:
        course.serve(dispute, ruling, by=by, at=at)
    return ruling


@verb
def sign(
    dispute: Dispute, *, agrees: bool, by: Any, at: datetime, note_text: str = "", version: int | None = None
) -> None:
    """A second person agrees with the ruling, which is then served, or sends it back to the arbiter with a note.

    What a default rule drafted, the arbiter signs where no second person is needed. What finds fraud, both members of a
    panel sign, each with what they find, in writing; it is served when all three are of one mind. `version` is the one
    that was read. Refused: `not_your_turn`, `wrong_moment`, `conflict`, `ruling_changed`, `note_missing`. Nobody who
    wrote a version of this ruling signs one.
    """
    lock(dispute)
    is_arbiters, is_panels = dispute.waits_for == course.ARBITER, dispute.waits_for == course.PANEL
    roles = by.roles & (SIGNING_ROLES[dispute.waits_for] if is_arbiters or is_panels else {Role.SENIOR, Role.LEAD})
    require(bool(roles), "not_your_turn", _("Only a senior arbiter signs."))
    require(dispute.state == DisputeState.SIGNING, "wrong_moment", WRONG_MOMENT)
    require(
        dispute.may_be_signed_by(by) and dispute.side_of(by) is None,
        "not_your_turn",
        _("This signature is asked of somebody else."),
    )
    near = assignment.on_their_networks(dispute)
    part = Seat.Part.MEMBER if is_panels else ""
    free = (assignment.free_of_conflict(dispute, role, at=at, near=near, part=part) for role in sorted(roles))
    require(
        any((mine := found.filter(pk=by.pk).first()) and not _is_late_to(dispute, mine, found) for found in free),
        "conflict",
        _("You cannot sign here: you have a part in this case, or deal with one of its sides."),
    )
    ruling = latest(dispute)
    assert ruling is not None  # noqa: S101 - a case in signing has a ruling
    require(version in (None, ruling.version), "ruling_changed", _("The ruling was written anew. Read it again."))
    require(agrees or bool(note_text.strip()), "note_missing", _("Say what the arbiter should look at again."))
    require(
        not is_panels or len(note_text.strip()) >= rulings.SHORTEST_REASONS,
        "note_missing",
        _("Fraud is found beyond reasonable doubt or not at all: say what proves it, in 20 characters at least."),
    )
    signature = Signature(ruling=ruling, user=by, agrees=agrees, note=note_text.strip(), at=at)
    page.insert([signature])
    if not is_arbiters and not is_panels and dispute.senior_id != by.pk:
        course.ask_to_sign(dispute, by, at=at)
    if agrees and is_panels:
        note(dispute, "dispute.signed", by=by, at=at, data={"version": ruling.version, "sha256": ruling.sha256})
        agreed = list(ruling.signatures.filter(agrees=True).select_related("user").order_by("pk"))
        if len(agreed) >= assignment.MEMBERS:
            course.serve(dispute, ruling, by=by, at=at, signatures=agreed)
    elif agrees:
        note(dispute, "dispute.signed", by=by, at=at, data={"version": ruling.version, "sha256": ruling.sha256})
        # Whoever agrees is the only one who did: what was agreed to is served, and what was not is written anew.
        course.serve(dispute, ruling, by=by, at=at, signatures=[signature])
    else:
        data = {"version": ruling.version}
        change(dispute, waits_for="")
        enter(dispute, DisputeState.REVIEW, by=by, at=at, span=AGAIN, event="dispute.sent_back", data=data)


@verb
def withdraw(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The buyer takes the case back before it is ruled; the refund case ends with it.

    What the platform paid ahead, while nobody from outside judged it, stays the buyer's. Refused: `not_your_turn`,
    `wrong_moment`.
    """
    lock(dispute)
    require(dispute.side_of(by) == Side.BUYER, "not_your_turn", _("Only the buyer takes a case back."))
    require(may_be_taken_back(dispute), "wrong_moment", WRONG_MOMENT)
    if dispute.advanced:
        questions.drop(dispute, at=at)
        proposals.drop(dispute, at=at)
        change(dispute, outcome=Dispute.Outcome.WITHDRAWN)
        data = {"amount": dispute.advanced}
        course.end(dispute, DisputeState.WITHDRAWN, by=by, at=at, event="dispute.advance_kept", data=data)
        return
    refunds.withdraw(dispute.refund, by=by, at=at)
    dispute.refresh_from_db()


@verb
def withdrawn(refund: Refund, *, by: Any, at: datetime) -> None:
    """The refund case was taken back: nothing is left to decide. Refused: `wrong_moment` once it is ruled."""
    dispute = Dispute.objects.get(refund=refund)
    lock(dispute)
    require(dispute.decided_in in UNDECIDED, "wrong_moment", WRONG_MOMENT)
    questions.drop(dispute, at=at)
    proposals.drop(dispute, at=at)
    change(dispute, outcome=Dispute.Outcome.WITHDRAWN)
    course.end(dispute, DisputeState.WITHDRAWN, by=by, at=at)


def undecided(refund: Refund) -> bool:
    """Whether the dispute of a case has not been ruled yet."""
    dispute = Dispute.objects.filter(refund=refund).first()
    return dispute is not None and dispute.decided_in in UNDECIDED


def page_of(refund: Refund) -> str:
    """The page of a case's dispute for its two sides; nothing where there is no dispute."""
    dispute = Dispute.objects.filter(refund=refund).first()
    return dispute.get_absolute_url() if dispute else ""


@verb
def concede(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The shop gives in: what was asked is paid at once and nothing is left to decide.

    Refused: `not_your_turn`, `wrong_moment`, `nothing_asked`.
    """
    lock(dispute)
    require(dispute.side_of(by) == Side.SHOP, "not_your_turn", _("Only the shop gives in."))
    require(dispute.state in CONCEDING, "wrong_moment", WRONG_MOMENT)
    refund = dispute.refund
    require(refund.asked > 0, "nothing_asked", _("Nothing is asked here, so there is nothing to give in to."))
    questions.drop(dispute, at=at)
    proposals.drop(dispute, at=at)
    change(dispute, outcome=Dispute.Outcome.CONCEDED, left=None, waits_for="")
    data = {"amount": refund.asked + refund.compensation}
    span = span_of(dispute, "ENFORCE")
    enter(dispute, DisputeState.ENFORCING, by=by, at=at, span=span, event="dispute.conceded", data=data)
    if refund.state == RefundState.DISPUTED:
        refunds.conceded(refund, by=by, at=at)
    else:
        items = RefundItem.objects.filter(refund=refund).order_by("pk")
        grants = dict(items.values_list("unit_id", "asked"))
        course.pay(dispute, grants=grants, compensation=refund.compensation, cause=dispute.address, by=by, at=at)
    course.close_if_done(dispute, at=at)


@verb
def waive(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """A side will not appeal; when both say so, the ruling is carried out at once.

    Refused: `not_your_turn`, `wrong_moment`, `waived`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    require(dispute.state == DisputeState.RULED and not dispute.is_overdue(at), "wrong_moment", WRONG_MOMENT)
    require(not dispute.has_waived(side), "waived", _("You have said that you will not appeal."))
    if side == Side.BUYER:
        change(dispute, buyer_waived=True)
    else:
        change(dispute, shop_waived=True)
    note(dispute, "dispute.appeal_waived", by=by, at=at, data={"side": str(side)})
    if dispute.has_waived(side.other):
        _enforce(dispute, by=by, at=at)


@verb
def paid(refund: Refund, *, at: datetime) -> None:
    """The money of a case has arrived: a dispute that waited for it is closed."""
    dispute = Dispute.objects.filter(refund=refund).first()
    if dispute is not None:
        lock(dispute)
        course.close_if_done(dispute, at=at)


@verb
def lapse(dispute: Dispute, *, limit: str, at: datetime) -> None:
    """A clock ran out: nobody assigned, heard, answered, agreed, ruled, signed or appealed in time, or the money has
    not arrived; or the buyer has waited for too long in all."""
    lock(dispute)
    if limit in (budget.WAIT, budget.LAST):
        lapses.waited_too_long(dispute, limit, at=at)
        return
    if dispute.machine.limits.get(dispute.state) != limit or not dispute.is_overdue(at):
        return  # acted on while this call was on its way
    match DisputeState(dispute.state):
        case DisputeState.OPENED:
            lapses.not_assigned(dispute, at=at)
        case DisputeState.EVIDENCE:
            lapses.hearing_is_over(dispute, at=at)
        case DisputeState.REVIEW:
            lapses.not_ruled(dispute, at=at)
        case DisputeState.QUESTIONED:
            questions.unanswered(dispute, at=at)
        case DisputeState.PROPOSED:
            proposals.fail(dispute, by=None, at=at)
        case DisputeState.SIGNING:
            lapses.not_signed(dispute, at=at)
        case DisputeState.RULED:
            _enforce(dispute, by=None, at=at)
        case DisputeState.SUSPENDED:
            course.alarm(dispute, "a suspension was not renewed", at=at)
            suspension.go_on(dispute, by=None, at=at)
        case DisputeState.ENFORCING:
            lapses.not_carried_out(dispute, at=at)


# Questions


def sentence_of(prepared: Prepared) -> str:
    """What a draft still lacks, as one text."""
    return " ".join(str(rulings.MISSING[code]) for code in prepared.missing)


# What the verbs share


def _track(refund: Refund, items: Sequence[RefundItem]) -> str:
    """How much time the case takes, by its size and kind (domain: Dispute)."""
    stake = rulings.at_stake(refund, items)
    is_complex = (
        stake >= COMPLEX
        or len(items) >= COMPLEX_UNITS
        or refund.order.snapshot.listing.kind == Kind.GAME_ACCOUNT
        or refund.reason == "FRAUD"
    )
    if is_complex:
        return Dispute.Track.COMPLEX
    is_recorded = all(item.unit.grade == Grade.VERIFIED for item in items)
    is_fast = stake <= FAST or (is_recorded and stake <= FAST_IF_RECORDED)
    return Dispute.Track.FAST if is_fast else Dispute.Track.NORMAL


def _hear_again(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """What both sides agreed on did not happen, or by the buyer's word a replacement that was ordered is no good: the
    case is decided by whoever had it, and a ruling that ordered the replacement does not count any more."""
    lock(dispute)
    require(dispute.state == DisputeState.ENFORCING, "wrong_moment", WRONG_MOMENT)
    course.set_aside(dispute)
    # Who would not appeal meant the ruling that is set aside, and its late hours are not those of the next one.
    change(dispute, outcome="", ran_out=0, buyer_rested=False, shop_rested=False, buyer_waived=False, shop_waived=False)
    span = span_of(dispute, "EVIDENCE", dispute.track)
    data = {"arbiter": dispute.arbiter_id}
    enter(dispute, DisputeState.EVIDENCE, by=by, at=at, span=span, event="dispute.heard_again", data=data)
    budget.stop(dispute, at=at)
    budget.begin(dispute, at=at)


def may_be_taken_back(dispute: Dispute) -> bool:
    """Whether the buyer may still take the case back: nobody has decided it, and its refund is with the platform, or
    what the platform itself paid ahead has arrived."""
    if dispute.decided_in not in UNDECIDED:
        return False
    is_paid = dispute.advanced > 0 and dispute.refund.state == RefundState.REFUNDED
    if dispute.is_against_platform and is_paid:
        return not course.paid_by(dispute)["shop"]
    return dispute.refund.state == RefundState.DISPUTED


def _ask_for_signature(dispute: Dispute, ruling: Ruling, prepared: Prepared, *, by: Any, at: datetime) -> None:
    data: dict[str, Any] = {"version": ruling.version, "because": prepared.signature_because}
    if ruling.needs_panel:
        course.ask_to_sign(dispute, None, at=at)
        data["panel"] = hearing.ask_a_panel(dispute, at=at)
    else:
        dispute.senior = None  # whoever let it lie before may be asked again
        hearing.ask_to_sign(dispute, assignment.next_senior(dispute, at=at), at=at)
        data["senior"] = dispute.senior_id
    span = course.staff_span(dispute, "SIGN", at=at)
    enter(dispute, DisputeState.SIGNING, by=by, at=at, span=span, data=data)


def _is_late_to(dispute: Dispute, person: Any, found: Any) -> bool:
    """Whether somebody whom nobody asked to sign judged the same two sides of late, and somebody else could sign."""
    is_asked = dispute.waits_for == course.PANEL or person.pk in (dispute.senior_id, dispute.arbiter_id)
    return not is_asked and assignment.is_barred(person, found.exclude(pk=dispute.arbiter_id))


def _enforce(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """Nobody appealed: the ruling is carried out, less what was paid already."""
    ruling = served(dispute)
    assert ruling is not None  # noqa: S101 - a ruled case has a ruling that was served
    course.enforce(dispute, ruling, by=by, at=at)


def _is_staff_in(dispute: Dispute, user: Any) -> bool:
    """Whether somebody may see the file: all who assist, lead or watch, and who judges, signs or hears an appeal."""
    return Dispute.objects.on_bench_of(user, user.roles).filter(pk=dispute.pk).exists()
