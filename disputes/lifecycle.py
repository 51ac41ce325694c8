"""The story of a dispute: open · assign · submit · rest · rule · sign · lapse · withdraw · concede · paid.

Everybody here holds the order's lock. Whoever decides is assigned, hears both sides, gives reasons, and never signs
alone where much is at stake; whatever people leave undone, a clock takes further.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from disputes import assignment, evidence, rulings, seal
from disputes.models import (
    ASSISTING,
    HEARING,
    SEEING_ALL,
    UNDECIDED,
    Dispute,
    Evidence,
    Ruling,
    Side,
    Signature,
    Statement,
)
from disputes.rulings import Draft, Prepared
from disputes.states import DisputeState
from orders.models import Attachment, Unit
from orders.states import Grade
from refunds import lifecycle as refunds
from refunds.models import Refund
from refunds.states import RefundState
from rulebook import clocks
from shops.models import Kind
from timeline import numbers, page
from timeline.door import begin, change, enter, lock, note, require, verb
from timeline.spans import Span, hours

log = logging.getLogger(__name__)

#: Up to so many fen a case is on the fast track; up to the second figure if our records of its units are complete.
FAST, FAST_IF_RECORDED = 5_000, 20_000
#: From so many fen or units on it is complex (domain: Dispute).
COMPLEX, COMPLEX_UNITS = 100_000, 20
#: Reasons in which waiting hurts, whatever the sum.
URGENT = frozenset({"MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT", "ILLEGAL_GOODS", "ACCOUNT_RECOVERED", "SELLER_ABSCONDED"})
#: What somebody new gets when the time for a ruling ran out, or when a draft comes back (machines: D16, D18, D19).
AGAIN = hours(24)
#: How often one side may say something in one case.
MOST_STATEMENTS = 20
LONGEST_STATEMENT = 4_000
#: After so many lapsed clocks of the staff, the rulebook's own figure is the provisional ruling.
PROVISIONAL_AFTER = 3

WRONG_MOMENT = gettext_lazy("The case has moved on meanwhile. Look at it again.")


@verb
def open_dispute(refund: Refund, *, by: Any, at: datetime) -> None:
    """The platform takes a refund case on, in the transaction that escalates it, and gives it to an arbiter if one is
    free; else the lead's clock runs."""
    lock(refund)
    units = list(refund.items.select_related("unit").order_by("unit__place"))
    is_urgent = refund.reason in URGENT or refund.decision.get("lane") == "urgent"
    dispute = Dispute(
        number=numbers.new("D", at),
        refund=refund,
        track=_track(refund, [item.unit for item in units]),
        is_urgent=is_urgent,
        opened_at=at,
    )
    data = {"refund": refund.number, "asked": refund.asked, "track": str(dispute.track), "urgent": is_urgent}
    begin(dispute, by=by, at=at, span=span_of(dispute, "ASSIGN", "urgent" if is_urgent else "normal"), data=data)
    if arbiter := assignment.next_arbiter(dispute, at=at):
        _begin_hearing(dispute, arbiter, by=None, at=at, units=[item.unit for item in units])


@verb
def open_file(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """Somebody of the staff opens the case file: that is on record. Refused: `not_your_turn`."""
    lock(dispute)
    require(_is_staff_in(dispute, by), "not_your_turn", _("Only the mall's staff open case files."))
    if not dispute.is_file_open_for(by, at):
        note(dispute, "dispute.file_opened", by=by, at=at, data={"roles": sorted(by.roles)})


@verb
def assign(dispute: Dispute, arbiter: Any, *, by: Any, at: datetime) -> None:
    """A lead gives an undecided case to somebody by hand, for the first time or anew.

    Refused: `not_your_turn`, `wrong_moment`, `conflict` (nobody judges a case of people they deal with).
    """
    lock(dispute)
    require(by.has_role(Role.LEAD) and dispute.side_of(by) is None, "not_your_turn", _("Only a lead assigns cases."))
    require(dispute.state in {DisputeState.OPENED, *HEARING}, "wrong_moment", WRONG_MOMENT)
    require(arbiter.pk != dispute.arbiter_id, "has_it_already", _("This person has the case already."))
    role = Role.ARBITER if arbiter.has_role(Role.ARBITER) else Role.LEAD
    require(
        assignment.free_of_conflict(dispute, role, at=at).filter(pk=arbiter.pk).exists(),
        "conflict",
        _("This person cannot judge the case: not an arbiter, a side in it, or too near to one of the sides."),
    )
    if dispute.state == DisputeState.OPENED:
        _begin_hearing(dispute, arbiter, by=by, at=at)
    else:
        _give_to(dispute, arbiter)
        note(dispute, "dispute.reassigned", by=by, at=at, data={"arbiter": arbiter.pk})


@verb
def submit(
    dispute: Dispute, *, text: str, by: Any, at: datetime, attachments: Sequence[Attachment] = ()
) -> list[Evidence]:
    """A side says something or gives files; what comes after the time for evidence is marked as late.

    `ValidationError` on `text`: nothing said and nothing given, or too long. Refused: `not_your_turn`, `wrong_moment`,
    `too_often`.
    """
    lock(dispute)
    side = _side_that_speaks(dispute, by)
    require(side is not None, "not_your_turn", _("Only the two sides and the staff who assist add to the file."))
    assert side is not None  # noqa: S101 - asked above
    require(dispute.state in HEARING, "wrong_moment", _("Nothing can be added to the file now."))
    said = _readable(text, is_needed=not attachments)
    if any(each.order_id != dispute.refund.order_id or each.uploader_id != by.pk for each in attachments):
        raise ValueError("These files are not this person's in this order.")
    given = dispute.statements.filter(side=side).count()
    require(given < MOST_STATEMENTS, "too_often", _("Each side can speak 20 times in a case. That is done."))
    statement = Statement.objects.create(dispute=dispute, side=side, author=by, text=said, at=at) if said else None
    is_late = dispute.state == DisputeState.REVIEW or dispute.is_overdue(at)
    added = evidence.add(dispute, side, statement, attachments, is_late=is_late, at=at)
    data = {"side": str(side), "evidence": [item.pk for item in added], "late": is_late}
    note(dispute, "dispute.evidence_submitted", by=by, at=at, data=data)
    return added


@verb
def rest(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """A side has nothing to add; when both say so, the review begins. Refused: `not_your_turn`, `wrong_moment`."""
    lock(dispute)
    side = dispute.side_of(by)
    require(side is not None, "not_your_turn", _("Only the two sides say that they have nothing to add."))
    assert side is not None  # noqa: S101 - asked above
    require(
        dispute.state == DisputeState.EVIDENCE and not dispute.is_overdue(at) and not dispute.has_rested(side),
        "wrong_moment",
        _("The time for evidence is over, or you have said this already."),
    )
    if side == Side.BUYER:
        change(dispute, buyer_rested=True)
    else:
        change(dispute, shop_rested=True)
    note(dispute, "dispute.rested", by=by, at=at, data={"side": str(side)})
    if dispute.buyer_rested and dispute.shop_rested:
        _begin_review(dispute, by=by, at=at)


@verb
def rule(dispute: Dispute, draft: Draft, *, by: Any, at: datetime) -> Ruling:
    """The arbiter of the case decides it, with everything a decision needs; a senior signs where much is at stake.

    Refused: `not_your_turn`, `not_your_case`, `wrong_moment`, `too_late`, `incomplete` with what is missing.
    """
    lock(dispute)
    require(bool(by.roles & {Role.ARBITER, Role.LEAD}), "not_your_turn", _("Only arbiters decide cases."))
    require(
        dispute.arbiter_id == by.pk and dispute.side_of(by) is None,
        "not_your_case",
        _("Arbiters decide only the cases that are assigned to them."),
    )
    require(dispute.state == DisputeState.REVIEW, "wrong_moment", WRONG_MOMENT)
    require(
        not dispute.is_overdue(at), "too_late", _("The time for this ruling is over; the case goes to somebody else.")
    )
    prepared = rulings.prepare(dispute, draft)
    require(not prepared.missing, "incomplete", sentence_of(prepared))
    ruling = rulings.write(dispute, draft, prepared, by=by, at=at)
    if prepared.needs_signature:
        _ask_for_signature(dispute, ruling, prepared, by=by, at=at)
    else:
        _serve(dispute, ruling, Dispute.Outcome.RULING, by=by, at=at)
    return ruling


@verb
def sign(
    dispute: Dispute, *, agrees: bool, by: Any, at: datetime, note_text: str = "", version: int | None = None
) -> None:
    """A second person agrees with the ruling, which is then served, or sends it back to the arbiter with a note.

    `version` is the one that was read. Refused: `not_your_turn`, `wrong_moment`, `conflict`, `ruling_changed`,
    `note_missing`. Nobody who wrote a version of this ruling signs one.
    """
    lock(dispute)
    roles = by.roles & {Role.SENIOR, Role.LEAD}
    require(bool(roles), "not_your_turn", _("Only a senior arbiter signs."))
    require(dispute.state == DisputeState.SIGNING, "wrong_moment", WRONG_MOMENT)
    require(
        dispute.may_be_signed_by(by) and dispute.side_of(by) is None,
        "not_your_turn",
        _("This signature is asked of somebody else."),
    )
    require(
        any(assignment.free_of_conflict(dispute, role, at=at).filter(pk=by.pk).exists() for role in sorted(roles)),
        "conflict",
        _("You cannot sign here: you have a part in this case, or deal with one of its sides."),
    )
    ruling = latest(dispute)
    assert ruling is not None  # noqa: S101 - a case in signing has a ruling
    require(version in (None, ruling.version), "ruling_changed", _("The ruling was written anew. Read it again."))
    require(agrees or bool(note_text.strip()), "note_missing", _("Say what the arbiter should look at again."))
    page.insert([Signature(ruling=ruling, user=by, agrees=agrees, note=note_text.strip(), at=at)])
    if dispute.senior_id != by.pk:
        change(dispute, senior=by)
    if agrees:
        note(dispute, "dispute.signed", by=by, at=at, data={"version": ruling.version, "sha256": ruling.sha256})
        _serve(dispute, ruling, Dispute.Outcome.RULING, by=by, at=at)
    else:
        data = {"version": ruling.version}
        enter(dispute, DisputeState.REVIEW, by=by, at=at, span=AGAIN, event="dispute.sent_back", data=data)


@verb
def withdraw(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The buyer takes the case back before it is ruled; the refund case ends with it. Refused: `not_your_turn`,
    `wrong_moment`."""
    lock(dispute)
    require(dispute.side_of(by) == Side.BUYER, "not_your_turn", _("Only the buyer takes a case back."))
    require(dispute.state in UNDECIDED, "wrong_moment", WRONG_MOMENT)
    refunds.withdraw(dispute.refund, by=by, at=at)
    dispute.refresh_from_db()


@verb
def withdrawn(refund: Refund, *, by: Any, at: datetime) -> None:
    """The refund case was taken back: nothing is left to decide. Refused: `wrong_moment` once it is ruled."""
    dispute = Dispute.objects.get(refund=refund)
    lock(dispute)
    require(dispute.state in UNDECIDED, "wrong_moment", WRONG_MOMENT)
    change(dispute, outcome=Dispute.Outcome.WITHDRAWN, closed_at=at)
    enter(dispute, DisputeState.WITHDRAWN, by=by, at=at)


def undecided(refund: Refund) -> bool:
    """Whether the dispute of a case has not been ruled yet."""
    return Dispute.objects.filter(refund=refund, state__in=UNDECIDED).exists()


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
    require(dispute.state in HEARING, "wrong_moment", WRONG_MOMENT)
    require(dispute.refund.asked > 0, "nothing_asked", _("Nothing is asked here, so there is nothing to give in to."))
    change(dispute, outcome=Dispute.Outcome.CONCEDED)
    data = {"amount": dispute.refund.asked + dispute.refund.compensation}
    span = span_of(dispute, "ENFORCE")
    enter(dispute, DisputeState.ENFORCING, by=by, at=at, span=span, event="dispute.conceded", data=data)
    refunds.conceded(dispute.refund, by=by, at=at)
    _close_if_done(dispute, at=at)


@verb
def paid(refund: Refund, *, at: datetime) -> None:
    """The money of a case has arrived: a dispute that waited for it is closed."""
    dispute = Dispute.objects.filter(refund=refund).first()
    if dispute is not None:
        lock(dispute)
        _close_if_done(dispute, at=at)


def span_of(dispute: Dispute, limit: str, variant: str | None = None) -> Span:
    """How long a clock of the dispute runs, by the version of the rulebook that its order is pinned to."""
    return clocks.span(limit, variant, version=dispute.refund.order.rulebook_version)


@verb
def lapse(dispute: Dispute, *, limit: str, at: datetime) -> None:
    """A clock ran out: nobody assigned, heard, ruled, signed or appealed in time, or the money has not arrived."""
    lock(dispute)
    if dispute.machine.limits.get(dispute.state) != limit or not dispute.is_overdue(at):
        return  # acted on while this call was on its way
    match DisputeState(dispute.state):
        case DisputeState.OPENED:
            _alarm(dispute, "not assigned in time", at=at)
            _begin_hearing(dispute, assignment.next_lead(dispute, at=at), by=None, at=at)
        case DisputeState.EVIDENCE:
            _begin_review(dispute, by=None, at=at)
        case DisputeState.REVIEW:
            _not_ruled(dispute, at=at)
        case DisputeState.SIGNING:
            _alarm(dispute, "not signed in time", at=at)
            change(dispute, senior=assignment.next_senior(dispute, at=at) or dispute.senior)
            enter(
                dispute,
                DisputeState.SIGNING,
                by=None,
                at=at,
                span=span_of(dispute, "SIGN"),
                event="dispute.signer_changed",
            )
        case DisputeState.RULED:
            _enforce(dispute, at=at)
        case DisputeState.ENFORCING:
            _alarm(dispute, "not paid in time", at=at)
            span = span_of(dispute, "ENFORCE")
            enter(dispute, DisputeState.ENFORCING, by=None, at=at, span=span, event="dispute.payment_late")


# Questions


def actions_for(dispute: Dispute, user: Any, at: datetime) -> list[str]:
    """What `user` can do with the case now, by the names of the verbs: pages and API offer this and nothing else."""
    side, state = dispute.side_of(user), dispute.state
    is_in_time = not dispute.is_overdue(at)
    if side is not None:
        offered = {
            "submit": state in HEARING,
            "rest": state == DisputeState.EVIDENCE and is_in_time and not dispute.has_rested(side),
            "withdraw": side == Side.BUYER and state in UNDECIDED,
            "concede": side == Side.SHOP and state in HEARING and dispute.refund.asked > 0,
        }
    else:
        roles = user.roles
        is_mine = dispute.arbiter_id == user.pk
        offered = {
            "submit": state in HEARING and _may_assist(dispute, user, roles),
            "assign": state in {DisputeState.OPENED, *HEARING} and Role.LEAD in roles,
            "rule": state == DisputeState.REVIEW and is_in_time and is_mine and bool(roles & {Role.ARBITER, Role.LEAD}),
            "sign": dispute.may_be_signed_by(user) and bool(roles & {Role.SENIOR, Role.LEAD}),
        }
    return [verb for verb, is_offered in offered.items() if is_offered]


def latest(dispute: Dispute) -> Ruling | None:
    """The version of the ruling that counts now."""
    return dispute.rulings.select_related("by").order_by("-version").first()


def served(dispute: Dispute) -> Ruling | None:
    """The ruling that both sides were given, if there is one."""
    return dispute.rulings.select_related("by").filter(is_final=True).first()


def sentence_of(prepared: Prepared) -> str:
    """What a draft still lacks, as one text."""
    return " ".join(str(rulings.MISSING[code]) for code in prepared.missing)


# What the verbs share


def _track(refund: Refund, units: Sequence[Any]) -> str:
    """How much time the case takes, by its size and kind (domain: Dispute)."""
    is_complex = (
        refund.asked >= COMPLEX
        or len(units) >= COMPLEX_UNITS
        or refund.order.snapshot.listing.kind == Kind.GAME_ACCOUNT
        or refund.reason == "FRAUD"
    )
    if is_complex:
        return Dispute.Track.COMPLEX
    is_recorded = all(unit.grade == Grade.VERIFIED for unit in units)
    is_fast = refund.asked <= FAST or (is_recorded and refund.asked <= FAST_IF_RECORDED)
    return Dispute.Track.FAST if is_fast else Dispute.Track.NORMAL


def _begin_hearing(
    dispute: Dispute, arbiter: Any, *, by: Any, at: datetime, units: Sequence[Unit] | None = None
) -> None:
    _give_to(dispute, arbiter)
    data = {"arbiter": arbiter.pk if arbiter else None}
    enter(dispute, DisputeState.EVIDENCE, by=by, at=at, span=span_of(dispute, "EVIDENCE", dispute.track), data=data)
    evidence.enter_records(dispute, units=units, at=at)


def _begin_review(dispute: Dispute, *, by: Any, at: datetime) -> None:
    enter(dispute, DisputeState.REVIEW, by=by, at=at, span=span_of(dispute, "RULING", dispute.track))


def _not_ruled(dispute: Dispute, *, at: datetime) -> None:
    """The time for a ruling ran out: another arbiter, then the lead, then the rulebook's own figure.

    Where the rulebook gives nothing or leaves the sum to people, no clock decides: the lead keeps the case, with an
    alarm each day.
    """
    ran_out = dispute.ran_out + 1
    _alarm(dispute, "not ruled in time", at=at)
    change(dispute, ran_out=ran_out)
    if ran_out >= PROVISIONAL_AFTER and _rule_provisionally(dispute, at=at):
        return
    chosen = assignment.next_arbiter(dispute, at=at) if ran_out == 1 else None
    _give_to(dispute, chosen or assignment.next_lead(dispute, at=at) or dispute.arbiter)
    data = {"arbiter": dispute.arbiter_id, "ran_out": ran_out}
    enter(dispute, DisputeState.REVIEW, by=None, at=at, span=AGAIN, event="dispute.reassigned", data=data)


def _rule_provisionally(dispute: Dispute, *, at: datetime) -> bool:
    """Whether the rulebook could decide in place of the people who did not."""
    items = rulings.items_of(dispute.refund)
    if not rulings.rulebook_amount(dispute.refund, items):
        return False
    draft = rulings.by_the_rulebook(dispute.refund, items)
    ruling = rulings.write(dispute, draft, rulings.prepare(dispute, draft), by=None, at=at)
    _serve(dispute, ruling, Dispute.Outcome.PROVISIONAL, by=None, at=at)
    return True


def _ask_for_signature(dispute: Dispute, ruling: Ruling, prepared: Prepared, *, by: Any, at: datetime) -> None:
    dispute.senior = None  # whoever let it lie before may be asked again
    change(dispute, senior=assignment.next_senior(dispute, at=at))
    data = {"version": ruling.version, "because": prepared.signature_because, "senior": dispute.senior_id}
    enter(dispute, DisputeState.SIGNING, by=by, at=at, span=span_of(dispute, "SIGN"), data=data)


def _serve(dispute: Dispute, ruling: Ruling, outcome: str, *, by: Any, at: datetime) -> None:
    """Both sides get the ruling; the time to appeal runs. A small award is paid at once and stays with the buyer."""
    change(ruling, is_final=True)
    seal.put(dispute, ruling, at=at)
    change(dispute, outcome=outcome)
    data = {"version": ruling.version, "award": ruling.award, "sha256": ruling.sha256, "outcome": str(outcome)}
    enter(dispute, DisputeState.RULED, by=by, at=at, span=span_of(dispute, "APPEAL"), data=data)
    if 0 < ruling.award <= rulings.SMALL:
        _carry_out(dispute, ruling, at=at)


def _enforce(dispute: Dispute, *, at: datetime) -> None:
    """Nobody appealed: the ruling is carried out, unless it was paid already."""
    ruling = served(dispute)
    assert ruling is not None  # noqa: S101 - a ruled case has a ruling that was served
    enter(
        dispute, DisputeState.ENFORCING, by=None, at=at, span=span_of(dispute, "ENFORCE"), data={"award": ruling.award}
    )
    if dispute.refund.state == RefundState.DISPUTED:
        _carry_out(dispute, ruling, at=at)
    _close_if_done(dispute, at=at)


def _carry_out(dispute: Dispute, ruling: Ruling, *, at: datetime) -> None:
    """Money moves as ruled; a case in which nothing goes back ends by the word of the person who ruled it."""
    refund = dispute.refund
    if ruling.award:
        refunds.ruled(
            refund,
            grants=ruling.granted,
            compensation=ruling.compensation,
            platform_bp=rulings.platform_part(ruling.shares),
            by=ruling.by,
            at=at,
        )
    else:
        refunds.rejected(refund, by=ruling.by, at=at)


def _close_if_done(dispute: Dispute, *, at: datetime) -> None:
    """A case is closed when its money has arrived, or when there is none to pay."""
    is_done = dispute.refund.state in {RefundState.REFUNDED, RefundState.REJECTED}
    if dispute.state == DisputeState.ENFORCING and is_done:
        change(dispute, closed_at=at)
        enter(dispute, DisputeState.CLOSED, by=None, at=at)


def _give_to(dispute: Dispute, arbiter: Any) -> None:
    """Somebody has the case now; who was to sign it before does not judge it and sign it, too."""
    is_same = arbiter is not None and dispute.senior_id == arbiter.pk
    change(dispute, arbiter=arbiter, senior=None if is_same else dispute.senior)


def _alarm(dispute: Dispute, what: str, *, at: datetime) -> None:
    log.critical("case %s: %s", dispute.number, what)
    note(dispute, "dispute.alarm", by=None, at=at, data={"what": what, "state": dispute.state})


def _is_staff_in(dispute: Dispute, user: Any) -> bool:
    """Whether somebody of the staff may see the file: all who assist, lead or watch, and who judges or signs it."""
    return Dispute.objects.on_bench_of(user, user.roles).filter(pk=dispute.pk).exists()


def _may_assist(dispute: Dispute, user: Any, roles: frozenset[str]) -> bool:
    """Whether somebody of the staff may add to the file: agents and leads to any, others to the one that is theirs."""
    if not roles & ASSISTING:
        return False
    return bool(roles & SEEING_ALL & ASSISTING) or user.pk in (dispute.arbiter_id, dispute.senior_id)


def _side_that_speaks(dispute: Dispute, user: Any) -> Side | None:
    side = dispute.side_of(user)
    if side is not None:
        return side
    return Side.PLATFORM if _may_assist(dispute, user, user.roles) else None


def _readable(text: str, *, is_needed: bool) -> str:
    """The text as it is kept; complains where something must be said, or too much is."""
    said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said and is_needed:
        raise ValidationError({"text": ValidationError(_("Say something, or add a file."), code="required")})
    if len(said) > LONGEST_STATEMENT:
        raise ValidationError(
            {"text": ValidationError(_("A statement has at most 4,000 characters."), code="max_length")}
        )
    if "\x00" in said:
        raise ValidationError({"text": ValidationError(_("Use visible characters only."), code="not_visible")})
    return said
