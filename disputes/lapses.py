"""What follows when a clock of a case ends and nobody has acted: a draft, another person, the rulebook's figure.

The verb is `lifecycle.lapse`, which holds the order's lock and knows that the clock that ended is the state's own.
Silence hurts nobody by itself: where one answer follows from it, a person signs it; where people of the staff are
late, the case goes on without them. Amounts are fen.
"""

from collections.abc import Sequence
from datetime import datetime

from disputes import assignment, budget, course, defaults, evidence, hearing, neutrals, rulings
from disputes.course import AGAIN, served, span_of
from disputes.models import UNDECIDED, Dispute, Ruling, Seat, Signature
from disputes.states import DisputeState
from refunds import lifecycle as refunds
from refunds.models import Refund, RefundItem
from refunds.states import RefundState
from timeline.door import change, enter, note

#: After so many lapsed clocks of the staff, the rulebook's own figure is the provisional ruling.
PROVISIONAL_AFTER = 3


def not_assigned(dispute: Dispute, *, at: datetime) -> None:
    """Nobody was named in time: the duty lead has the case; one against the platform is heard without a judge."""
    course.alarm(dispute, "not assigned in time", at=at)
    if not dispute.is_against_platform:
        course.begin_hearing(dispute, assignment.next_lead(dispute, at=at), by=None, at=at)
    elif not neutrals.name(dispute, at=at):
        course.begin_hearing(dispute, None, by=None, at=at)
        neutrals.await_somebody(dispute, at=at)


def hearing_is_over(dispute: Dispute, *, at: datetime) -> None:
    """The time for evidence is over: silence that gives one answer is drafted for a signature, else people review.

    Where that answer is that the platform itself pays more than its staff may rule, somebody from outside reviews.
    """
    if dispute.is_against_platform:
        _review_outside(dispute, is_named=bool(dispute.neutral_id) or neutrals.name(dispute, at=at), at=at)
        return
    default = defaults.found(dispute)
    if default is None:
        course.begin_review(dispute, by=None, at=at)
        return
    prepared = rulings.prepare(dispute, default.draft)
    if neutrals.part_of_platform(prepared) > neutrals.STAFF_MAY_RULE:
        _review_outside(dispute, is_named=neutrals.send_outside(dispute, by=None, at=at), at=at)
        return
    kind = Ruling.Kind.DEFAULT
    ruling = rulings.write(dispute, default.draft, prepared, by=None, at=at, kind=kind)
    because = [each for each in prepared.signature_because if each != "departs"]
    is_arbiters = not because and not default.needs_senior and dispute.arbiter_id is not None
    if is_arbiters:
        change(dispute, waits_for=course.ARBITER)
    else:
        hearing.ask_to_sign(dispute, assignment.next_senior(dispute, at=at), at=at)
    data = {"version": ruling.version, "because": because, "default": str(default.case), "senior": dispute.senior_id}
    span = course.staff_span(dispute, "SIGN", at=at)
    enter(dispute, DisputeState.SIGNING, by=None, at=at, span=span, event="dispute.default_drafted", data=data)


def not_ruled(dispute: Dispute, *, at: datetime) -> None:
    """The time for a ruling ran out: another arbiter, then the lead, then the rulebook's own figure.

    With the lead, a claim up to ¥50 is paid at once, at the fund's risk. Where the rulebook gives nothing or leaves the
    sum to people, or the buyer's score leaves the case to them, no clock decides: the lead keeps it, with an alarm each
    day (rules 6.4).
    """
    ran_out = dispute.ran_out + 1
    change(dispute, ran_out=ran_out)
    if dispute.is_against_platform or neutrals.is_against_platform(dispute.refund):
        _not_ruled_outside(dispute, at=at)
        return
    course.alarm(dispute, "not ruled in time", at=at)
    if ran_out >= PROVISIONAL_AFTER and _rule_provisionally(dispute, at=at):
        return
    chosen = assignment.next_arbiter(dispute, at=at) if ran_out == 1 else None
    chosen = chosen or assignment.next_lead(dispute, at=at) or dispute.arbiter
    course.give_to(dispute, chosen, because=Seat.Left.LAPSED, at=at)
    data = {"arbiter": dispute.arbiter_id, "ran_out": ran_out}
    enter(dispute, DisputeState.REVIEW, by=None, at=at, span=AGAIN, event="dispute.reassigned", data=data)
    if ran_out == PROVISIONAL_AFTER - 1 and dispute.refund.asked <= budget.SMALLEST:
        _advance(dispute, most=budget.SMALLEST, at=at)


def _review_outside(dispute: Dispute, *, is_named: bool, at: datetime) -> None:
    """The review of a case against the platform begins, whether somebody from outside has it by now or nobody."""
    course.begin_review(dispute, by=None, at=at)
    if not is_named:
        neutrals.await_somebody(dispute, at=at)


def _not_ruled_outside(dispute: Dispute, *, at: datetime) -> None:
    """Nobody from outside has decided in time: the next one of the list, else whoever has it, else nobody; from day to
    day, with an alarm each day. Nobody of the staff gets it and no clock rules it.

    When the rulebook's own figure would be the ruling of any other case, the platform pays it ahead, once.
    """
    had = dispute.neutral_id
    if not dispute.is_against_platform:
        neutrals.send_outside(dispute, by=None, at=at)  # the rules have come to see its fault since
    else:
        _look_for_somebody(dispute, at=at)
    data = {"arbiter": dispute.arbiter_id, "ran_out": dispute.ran_out}
    if dispute.neutral_id is None:
        enter(dispute, DisputeState.REVIEW, by=None, at=at, span=AGAIN, event="dispute.neutral_awaited", data=data)
    elif dispute.neutral_id == had:
        enter(dispute, DisputeState.REVIEW, by=None, at=at, span=AGAIN, event="dispute.neutral_late", data=data)
    else:
        span = AGAIN if had else course.staff_span(dispute, "RULING", dispute.track, at=at)
        enter(dispute, DisputeState.REVIEW, by=None, at=at, span=span, event="dispute.reassigned", data=data)
    if dispute.ran_out >= PROVISIONAL_AFTER:
        _advance(dispute, most=budget.MOST, at=at)
    elif dispute.ran_out == PROVISIONAL_AFTER - 1 and dispute.refund.asked <= budget.SMALLEST:
        _advance(dispute, most=budget.SMALLEST, at=at)


def _look_for_somebody(dispute: Dispute, *, at: datetime) -> None:
    """The next one of the list has the case; else who is late keeps it, unless they are not from outside any more."""
    if dispute.neutral_id:
        course.alarm(dispute, "not ruled in time", at=at)
    is_named = neutrals.name(dispute, because=Seat.Left.LAPSED, at=at)
    if not is_named and dispute.neutral is not None and not assignment.is_outside(dispute.neutral, at=at):
        neutrals.leave_open(dispute, because=Seat.Left.LAPSED, at=at)


def _rule_provisionally(dispute: Dispute, *, at: datetime) -> bool:
    """Whether the rulebook could decide in place of the people who did not."""
    items = rulings.items_of(dispute.refund)
    if dispute.refund.needs_a_person() or not rulings.rulebook_amount(dispute.refund, items):
        return False
    draft = rulings.by_the_rulebook(dispute.refund, items)
    prepared = rulings.prepare(dispute, draft)
    ruling = rulings.write(dispute, draft, prepared, by=None, at=at, kind=Ruling.Kind.PROVISIONAL)
    course.serve(dispute, ruling, by=None, at=at)
    return True


def not_signed(dispute: Dispute, *, at: datetime) -> None:
    """The signature did not come: it is asked of the next person."""
    course.alarm(dispute, "not signed in time", at=at)
    if dispute.waits_for == course.PANEL:
        newest = dispute.rulings.order_by("-version").values("pk")[:1]
        found = Signature.objects.filter(ruling__in=newest).values("user")
        seats = Seat.objects.filter(dispute=dispute, part=Seat.Part.MEMBER, until=None).exclude(user__in=found)
        late = list(seats.order_by("pk").values_list("pk", flat=True))
        # Who is late goes for somebody new only: whoever leaves never comes back, and a case that nobody can sign ends
        # by no clock.
        free = len(assignment.new_people(dispute, at=at, most=len(late)))
        Seat.objects.filter(pk__in=late[:free]).update(until=at, left=Seat.Left.LAPSED)
        hearing.ask_a_panel(dispute, at=at)
    elif dispute.waits_for == course.ARBITER:
        chosen = assignment.next_arbiter(dispute, at=at) or assignment.next_lead(dispute, at=at) or dispute.arbiter
        course.give_to(dispute, chosen, because=Seat.Left.LAPSED, at=at)
    else:
        chosen = assignment.next_senior(dispute, at=at) or dispute.senior
        hearing.ask_to_sign(dispute, chosen, because=Seat.Left.LAPSED, at=at)
    span = course.staff_span(dispute, "SIGN", at=at)
    enter(dispute, DisputeState.SIGNING, by=None, at=at, span=span, event="dispute.signer_changed")


def not_carried_out(dispute: Dispute, *, at: datetime) -> None:
    """The money has not arrived: finance is alarmed and the late counter grows; or it has, and the case is over."""
    course.close_if_done(dispute, at=at)
    if dispute.is_over:
        return
    span = span_of(dispute, "ENFORCE")
    if dispute.refund.state in {RefundState.REPLACING, RefundState.CHECKING}:
        # The shop delivers and the buyer checks, each under a clock of their own: nobody of finance is late.
        enter(dispute, DisputeState.ENFORCING, by=None, at=at, span=span, event="dispute.replacement_awaited")
        return
    if dispute.refund.state == RefundState.APPROVED or not evidence.supplements_arrived(dispute):
        course.alarm(dispute, "not paid in time", at=at)
    enter(dispute, DisputeState.ENFORCING, by=None, at=at, span=span, event="dispute.payment_late")


def waited_too_long(dispute: Dispute, limit: str, *, at: datetime) -> None:
    """The buyer has waited for 13 days in which others had to move.

    What was ruled is paid at once. Without a ruling a lead has the case for 24 hours; then the rulebook's figure is
    advanced, up to ¥2,000, and the case goes on about the rest.
    """
    if dispute.closed_at is not None or dispute.state == DisputeState.ENFORCING:
        return
    ruling = served(dispute)
    if limit == budget.WAIT:
        change(dispute, budget_over_at=at)
        note(dispute, "dispute.budget_used_up", by=None, at=at, data={"state": dispute.state})
        if ruling is not None:
            course.pay_early(dispute, ruling, at=at)
            return
        course.alarm(dispute, "the buyer has waited for too long", at=at)
        if neutrals.is_awaited(dispute):
            if not neutrals.name(dispute, at=at):
                neutrals.await_somebody(dispute, at=at)
        elif dispute.state == DisputeState.REVIEW and not dispute.neutral_id:
            lead = assignment.next_lead(dispute, at=at) or dispute.arbiter
            course.give_to(dispute, lead, because=Seat.Left.LAPSED, at=at)
            data = {"arbiter": dispute.arbiter_id}
            enter(dispute, DisputeState.REVIEW, by=None, at=at, span=AGAIN, event="dispute.reassigned", data=data)
        budget.give_last_chance(dispute, at=at)
    elif ruling is None and not _advance(dispute, most=budget.MOST, at=at) and dispute.decided_in in UNDECIDED:
        course.alarm(dispute, "the buyer has waited for too long, and the rules leave the sum to people", at=at)
        budget.give_last_chance(dispute, at=at)


def _advance(dispute: Dispute, *, most: int, at: datetime) -> bool:
    """Whether the rulebook's own figure could be paid before anybody decided; it stays with a buyer in good faith.

    Where the platform itself is the respondent it is the platform that pays, whoever the rules see at fault: the shop
    does not pay for the time in which nobody from outside is found.
    """
    if dispute.advanced:
        return True
    refund = dispute.refund
    items = rulings.items_of(refund)
    grants = _may_be_advanced(refund, items, most=most)
    if not grants:
        return False
    draft = rulings.by_the_rulebook(refund, items)
    platform_bp = rulings.WHOLE if dispute.is_against_platform else rulings.platform_part(draft.shares)
    refunds.ruled(refund, grants=grants, platform_bp=platform_bp, by=None, at=at)
    change(dispute, advanced=sum(grants.values()))
    note(dispute, "dispute.advanced", by=None, at=at, data={"amount": dispute.advanced})
    return True


def to_advance(dispute: Dispute) -> int:
    """What of the rulebook's own figure is paid ahead if nobody decides, in fen; zero where people must say."""
    refund = dispute.refund
    return sum(_may_be_advanced(refund, rulings.items_of(refund), most=budget.MOST).values())


def _may_be_advanced(refund: Refund, items: Sequence[RefundItem], *, most: int) -> dict[int, int]:
    """The rulebook's own figure per unit id, up to `most` fen in all; nothing where people must say."""
    if refund.state != RefundState.DISPUTED or refund.needs_a_person() or not rulings.rulebook_amount(refund, items):
        return {}
    grants: dict[int, int] = {}
    for item in items:
        if part := min(rulings.by_rules(item), most - sum(grants.values())):
            grants[item.unit_id] = part
    return grants
