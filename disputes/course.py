"""The course of a case: what its verbs share. Who has it, back to the review, served, carried out, closed.

Everybody here holds the order's lock. Amounts are fen.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from disputes import assignment, budget, evidence, owed, rulings, seal
from disputes.models import ASSISTING, SEEING_ALL, Dispute, Owed, Ruling, Seat, Side, Signature
from disputes.states import DisputeState
from ledger.models import PayoutLeg
from ledger.states import PayoutState
from orders import lifecycle as orders
from orders.escrow import make_whole, take_on
from orders.models import Unit
from refunds import lifecycle as refunds
from refunds import replacing
from refunds.endings import platform_part_of
from refunds.models import Refund
from refunds.states import REFUND, RefundState
from rulebook import clocks
from timeline import page
from timeline.door import change, enter, note, require
from timeline.spans import Span, hours, minutes
from timeline.timers import RESUME_AT_LEAST

log = logging.getLogger(__name__)

#: What somebody new gets when the time for a ruling ran out, or when a draft comes back (machines: D16, D18, D19).
AGAIN = hours(24)

#: Who signs what a default rule drafted, where no second person is needed.
ARBITER = "arbiter"
#: Who signs what finds fraud: two more people than the arbiter, all three of one mind (rules 5.9).
PANEL = "panel"
WRONG_MOMENT = gettext_lazy("The case has moved on meanwhile. Look at it again.")
#: Why nobody of the staff judges.
NO_STAFF = gettext_lazy("The platform itself is the respondent: only somebody from outside judges this case.")
#: Which outcome a case has by the kind of ruling that is served.
OUTCOMES = {
    Ruling.Kind.DECISION: Dispute.Outcome.RULING,
    Ruling.Kind.APPEAL: Dispute.Outcome.RULING,
    Ruling.Kind.DEFAULT: Dispute.Outcome.DEFAULT,
    Ruling.Kind.DISMISSAL: Dispute.Outcome.DISMISSED,
    Ruling.Kind.PROVISIONAL: Dispute.Outcome.PROVISIONAL,
}


# Who


def require_side(dispute: Dispute, user: Any) -> Side:
    """For whom somebody stands in the case. Refused: `not_your_turn`."""
    side = dispute.side_of(user)
    require(side is not None, "not_your_turn", _("Only the two sides do this."))
    assert side is not None  # noqa: S101 - asked above
    return side


def require_arbiter(dispute: Dispute, user: Any) -> None:
    """Only whoever has the case works on it. Refused: `not_your_turn`, `no_staff_ruling`, `not_your_case`."""
    require(is_judge(dispute, user), "not_your_turn", _("Only arbiters decide cases."))
    is_nobodys = dispute.is_against_platform and dispute.arbiter_id in (None, user.pk)
    require(not is_nobodys or is_neutral(dispute, user), "no_staff_ruling", NO_STAFF)
    require(
        dispute.arbiter_id == user.pk and dispute.side_of(user) is None,
        "not_your_case",
        _("Arbiters decide only the cases that are assigned to them."),
    )


def require_lead(dispute: Dispute, user: Any) -> None:
    """Only a lead who is no side of the case. Refused: `not_your_turn`."""
    is_free = user.has_role(Role.LEAD) and dispute.side_of(user) is None
    require(is_free, "not_your_turn", _("Only a lead does this."))


def is_judge(dispute: Dispute, user: Any) -> bool:
    """Whether somebody may decide cases at all; an outside neutral decides the one they were named for."""
    return bool(user.roles & {Role.ARBITER, Role.LEAD}) or is_neutral(dispute, user)


def is_neutral(dispute: Dispute, user: Any) -> bool:
    """Whether somebody is the outside neutral of the case."""
    return dispute.neutral is not None and dispute.neutral.user_id == user.pk


def may_assist(dispute: Dispute, user: Any, roles: frozenset[str]) -> bool:
    """Whether somebody of the staff may add to the file: agents and leads to any, others to the one that is theirs."""
    if is_neutral(dispute, user):
        return True
    if not roles & ASSISTING:
        return False
    return bool(roles & SEEING_ALL & ASSISTING) or user.pk in (dispute.arbiter_id, dispute.senior_id)


def give_to(dispute: Dispute, arbiter: Any, *, at: datetime, because: str = Seat.Left.REASSIGNED) -> None:
    """Somebody has the case now; who was to sign it before does not judge it and sign it, too."""
    is_same_as_senior = arbiter is not None and dispute.senior_id == arbiter.pk
    if dispute.arbiter_id != getattr(arbiter, "pk", None):
        leave(dispute, dispute.arbiter_id, at=at, because=because)
        if is_same_as_senior:
            leave(dispute, dispute.senior_id, at=at, because=Seat.Left.REASSIGNED)
        if arbiter is not None:
            is_neutral_now = is_neutral(dispute, arbiter)
            take(dispute, arbiter, Seat.Part.NEUTRAL if is_neutral_now else Seat.Part.ARBITER, at=at)
            if getattr(arbiter, "knows_pair", 0):
                alarm(dispute, "only people who judged the same two sides of late are free", at=at)
    change(dispute, arbiter=arbiter, senior=None if is_same_as_senior else dispute.senior, assigned_at=at)


def ask_to_sign(dispute: Dispute, senior: Any, *, at: datetime, because: str = Seat.Left.REASSIGNED) -> None:
    """The second signature is asked of somebody, or of whoever comes first where nobody is free."""
    if dispute.senior_id != getattr(senior, "pk", None):
        leave(dispute, dispute.senior_id, at=at, because=because)
        if senior is not None:
            take(dispute, senior, Seat.Part.SENIOR, at=at)
    change(dispute, senior=senior)


def ask_a_panel(dispute: Dispute, *, at: datetime) -> list[int]:
    """Two more people sit with the arbiter on a finding of fraud: those who sit on it already, else new ones.

    Returns who sits. Too few free people is an alarm; the clock asks again.
    """
    seats = Seat.objects.filter(dispute=dispute, part=Seat.Part.MEMBER, until=None)
    sitting = list(seats.order_by("pk").values_list("user", flat=True))
    if (more := assignment.MEMBERS - len(sitting)) > 0:
        chosen = assignment.new_people(dispute, at=at, most=more, besides=[*sitting, dispute.arbiter_id or 0])
        for person in chosen:
            take(dispute, person, Seat.Part.MEMBER, at=at)
        sitting += [person.pk for person in chosen]
        if len(chosen) < more:
            alarm(dispute, "too few people are free for a panel on fraud", at=at)
    change(dispute, waits_for=PANEL)
    return sitting


def take(dispute: Dispute, user: Any, part: str, *, at: datetime) -> None:
    """Somebody has a part in the case from now on; one who has one already keeps it."""
    page.insert([Seat(dispute=dispute, user=user, part=part, since=at)], unless_there=True)


def leave(dispute: Dispute, user_id: int | None, *, at: datetime, because: str) -> None:
    """Somebody has no part in the case any more."""
    if user_id is not None:
        page.update(Seat.objects.filter(dispute=dispute, user=user_id, until=None), until=at, left=because)


# Where


def span_of(dispute: Dispute, limit: str, variant: str | None = None) -> Span:
    """How long a clock of the dispute runs, by the version of the rulebook that its order is pinned to."""
    return clocks.span(limit, variant, version=dispute.refund.order.rulebook_version)


def staff_span(dispute: Dispute, limit: str, variant: str | None = None, *, at: datetime) -> Span:
    """The same for a clock of the staff, which never ends later than the time that a buyer must wait in all."""
    return budget.capped(dispute, span_of(dispute, limit, variant), at=at)


def begin_hearing(
    dispute: Dispute, arbiter: Any, *, by: Any, at: datetime, units: Sequence[Unit] | None = None
) -> None:
    """Somebody has the case: our records enter the file and both sides are heard at the same time."""
    give_to(dispute, arbiter, at=at)
    span = span_of(dispute, "EVIDENCE", dispute.track)
    data = {"arbiter": arbiter.pk if arbiter else None}
    enter(dispute, DisputeState.EVIDENCE, by=by, at=at, span=span, data=data)
    assert dispute.deadline_at is not None  # noqa: S101 - this state has a clock
    change(dispute, unseals_at=at + (dispute.deadline_at - at) / 2)
    evidence.enter_records(dispute, units=units, at=at)


def begin_review(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """Both sides were heard: the arbiter's turn."""
    enter(dispute, DisputeState.REVIEW, by=by, at=at, span=staff_span(dispute, "RULING", dispute.track, at=at))


def back_to_review(dispute: Dispute, *, event: str, by: Any, at: datetime, data: dict[str, Any] | None = None) -> None:
    """What interrupted the review is over: it goes on with what was left, 12 hours at least."""
    left = max(dispute.left or timedelta(0), RESUME_AT_LEAST)
    change(dispute, left=None, waits_for="")
    enter(dispute, DisputeState.REVIEW, by=by, at=at, span=whole_minutes(left), event=event, data=data)


def what_is_left(dispute: Dispute, at: datetime) -> timedelta | None:
    """What is left of the clock of the case's state."""
    return max(dispute.deadline_at - at, timedelta(0)) if dispute.deadline_at else None


def whole_minutes(left: timedelta) -> Span:
    """A span of so many minutes, rounded up."""
    return minutes(-(-int(left.total_seconds()) // 60))


def serve(
    dispute: Dispute, ruling: Ruling, *, by: Any, at: datetime, signatures: Sequence[Signature] | None = None
) -> None:
    """Both sides get the ruling; the time to appeal runs.

    A small award is paid at once and stays with the buyer; so is any award of a buyer who has waited for too long.
    `signatures` are those of people who agreed, if the caller knows them all.
    """
    outcome = OUTCOMES[Ruling.Kind(ruling.kind)]
    change(ruling, is_final=True)
    seal.put(dispute, ruling, at=at, signatures=signatures)
    change(dispute, outcome=outcome, waits_for="")
    data = {"version": ruling.version, "award": ruling.award, "sha256": ruling.sha256, "outcome": str(outcome)}
    enter(dispute, DisputeState.RULED, by=by, at=at, span=span_of(dispute, "APPEAL"), data=data)
    pay_early(dispute, ruling, at=at)


def pay_early(dispute: Dispute, ruling: Ruling, *, at: datetime) -> None:
    """What is not taken back whatever an appeal says is paid now: small awards, and those of who waited too long.

    The threefold part waits until nobody appeals any more: were it overturned, it would be the guarantee fund's loss,
    and the fund never pays it.
    """
    is_small = ruling.award <= rulings.SMALL and not ruling.orders_replacement
    is_due = is_small or dispute.budget_over_at is not None
    compensation = 0 if dispute.refund.is_threefold else ruling.compensation
    if is_due and sum(ruling.granted.values()) + compensation > paid_in_all(dispute):
        carry_out(dispute, ruling, compensation=compensation, at=at)


def enforce(dispute: Dispute, ruling: Ruling, *, by: Any, at: datetime) -> None:
    """Nobody appeals any more: the ruling is carried out, less what was paid already."""
    data = {"award": ruling.award}
    enter(dispute, DisputeState.ENFORCING, by=by, at=at, span=span_of(dispute, "ENFORCE"), data=data)
    carry_out(dispute, ruling, compensation=ruling.compensation, at=at)
    close_if_done(dispute, at=at)


def carry_out(dispute: Dispute, ruling: Ruling, *, compensation: int, at: datetime) -> None:
    """Money moves as ruled; a case in which nothing goes back ends by the word of the person who ruled it.

    What was paid before is never claimed back from the buyer: if it was too much, the fund makes the shop whole. A
    replacement that is ordered is the shop's to deliver first; its own clocks pay the sums if it does not (R44).
    """
    is_to_replace = ruling.orders_replacement and dispute.refund.state == RefundState.DISPUTED
    if is_to_replace and dispute.state == DisputeState.ENFORCING and replacing.may_be_ordered(dispute.refund):
        replacing.ordered(dispute.refund, by=ruling.by, at=at)
        return
    if ruling.award == 0 and dispute.refund.state == RefundState.DISPUTED:
        refunds.rejected(dispute.refund, by=ruling.by, at=at)
        return
    platform_bp = rulings.platform_part(ruling.shares)
    cause = f"ruling:{ruling.pk}"
    is_early = dispute.state != DisputeState.ENFORCING
    pay(
        dispute,
        grants=ruling.granted,
        compensation=compensation,
        platform_bp=platform_bp,
        cause=f"{cause}{rulings.EARLY}" if is_early else cause,
        by=ruling.by,
        at=at,
    )
    if dispute.state == DisputeState.ENFORCING:
        by_platform = sum(amount * platform_bp // rulings.WHOLE for amount in ruling.granted.values())
        by_platform += platform_part_of(dispute.refund, compensation, platform_bp)
        _square_up(dispute, ruling, by_platform, cause=cause, at=at)


def pay(
    dispute: Dispute,
    *,
    grants: Mapping[int, int],
    compensation: int,
    cause: str,
    by: Any,
    at: datetime,
    platform_bp: int = 0,
) -> None:
    """The buyer gets what is granted (fen per unit id), less what was paid early."""
    refund = dispute.refund
    if refund.state == RefundState.DISPUTED:
        refunds.ruled(refund, grants=grants, compensation=compensation, platform_bp=platform_bp, by=by, at=at)
        return
    more = sum(grants.values()) + compensation - paid_in_all(dispute)
    if more <= 0:
        return
    given = {item.unit_id: rulings.given_already(item) for item in rulings.items_of(refund)}
    parts: dict[int, int] = {}
    rest = more
    for unit, amount in grants.items():
        if part := min(max(amount - given.get(unit, 0), 0), rest):
            parts[unit], rest = part, rest - part
    orders.end_case(
        refund.order,
        cause=cause,
        grants=parts,
        compensation=rest,
        platform_bp=platform_bp,
        platform_compensation=platform_part_of(refund, rest, platform_bp),
        is_threefold=refund.is_threefold,
        by_fund_before=rulings.fund_gave_on_top(refund) if rest else 0,
        to_balance=refund.prefers == Refund.Preference.BALANCE,
        at=at,
    )
    change(dispute, supplemented=dispute.supplemented + more)
    data = {"amount": more, "units": {str(unit): part for unit, part in parts.items()}}
    note(dispute, "dispute.supplemented", by=by, at=at, data=data)


def paid_in_all(dispute: Dispute) -> int:
    """What the case has given the buyer so far, in fen."""
    refund = dispute.refund
    is_paid = refund.state in {RefundState.APPROVED, RefundState.REFUNDED}
    return (refund.approved or 0 if is_paid else 0) + dispute.supplemented


def _square_up(dispute: Dispute, ruling: Ruling, by_platform: int, *, cause: str, at: datetime) -> None:
    """A shop that paid early more than it owes in the end gets the difference; nobody asks the buyer for anything.

    What the buyer keeps without being owed it is the guarantee fund's loss; what turns out to be the platform's own
    fault (`by_platform` fen in all), the platform gives the shop. What of it nobody had and nobody paid since is not
    owed to the buyer any more, or from now on by the one whose fault it was. Most cases were not paid early: nothing is
    asked.
    """
    paid, order = paid_in_all(dispute), dispute.refund.order
    undue = max(paid - ruling.award, 0)
    was_paid_before = dispute.advanced or dispute.supplemented or dispute.rulings.filter(is_superseded=True).exists()
    if not undue and not ((by_platform or order.ran_dry) and was_paid_before):
        return
    causes = rulings.causes_of(dispute.refund)
    never_paid = owed.lessen(causes, most=undue, at=at) if undue else 0
    charged, owes = paid_by(dispute), owed.by_payer(causes)
    over = max(charged["shop"] - (ruling.award - by_platform), 0)
    kept = min(undue - never_paid, over)
    if undue:
        _make_the_shop_whole(dispute, undue, kept, cause=cause, at=at)
    lacks = by_platform - charged["platform"] - owes["platform"]
    amount = max(min(over - kept, lacks), 0)
    if (rest := lacks - amount) and any(owes.values()):
        payer = Owed.Payer.PLATFORM if rest > 0 else Owed.Payer.SHOP
        owed.lay_to(payer, causes, most=abs(rest), order=order, at=at)
    if amount > 0:
        missing = take_on(order, cause=cause, amount=amount, at=at)
        if given := amount - missing:
            note(dispute, "dispute.fault_taken_on", by=None, at=at, data={"amount": given, "missing": missing})
        if missing:
            alarm(dispute, "the platform cannot give the shop what it paid in its place", at=at)


def _make_the_shop_whole(dispute: Dispute, undue: int, amount: int, *, cause: str, at: datetime) -> None:
    """What went to the buyer in good faith and was not owed, the guarantee fund gives the shop that paid it.

    What the platform paid of it for its own fault, it does not get back; nor does the shop, which never paid it. What
    nobody had when it was awarded was paid by nobody.
    """
    missing = make_whole(dispute.refund.order, cause=cause, amount=amount, at=at)
    change(dispute, made_whole=dispute.made_whole + undue)
    data = {"amount": amount - missing, "missing": missing, "platform": undue - amount}
    note(dispute, "dispute.shop_made_whole", by=None, at=at, data=data)
    if missing:
        alarm(dispute, "the fund cannot make the shop whole", at=at)


def paid_by(dispute: Dispute) -> dict[str, int]:
    """What was really paid in the case out of the platform's own money, and by the shop, which owes what the fund gave
    and paid some of it later out of its income; in fen."""
    causes = rulings.causes_of(dispute.refund)
    causes += owed.paid_since(causes)
    legs = PayoutLeg.objects.filter(payout__cause__in=causes).exclude(payout__state=PayoutState.VOID)
    own = Q(source="platform:own")
    sums = legs.aggregate(platform=Sum("amount", filter=own), shop=Sum("amount", filter=~own))
    return {name: amount or 0 for name, amount in sums.items()}


def close_if_done(dispute: Dispute, *, at: datetime) -> None:
    """A case is closed when its money has arrived, its replacement was taken, or there is nothing to pay."""
    is_done = dispute.refund.state in REFUND.terminal
    if dispute.state == DisputeState.ENFORCING and is_done and evidence.supplements_arrived(dispute):
        end(dispute, DisputeState.CLOSED, by=None, at=at)


def end(dispute: Dispute, state: str, *, by: Any, at: datetime, event: str = "", data: Any = None) -> None:
    """The case is over: nobody has a part in it any more, and no clock of it runs."""
    change(dispute, closed_at=at, left=None, waits_for="")
    budget.stop(dispute, at=at)
    enter(dispute, state, by=by, at=at, event=event, data=data)
    page.update(Seat.objects.filter(dispute=dispute, until=None), until=at, left=Seat.Left.SETTLED)


def set_aside(dispute: Dispute) -> None:
    """A ruling that was served does not count any more: it was changed, sent back, or both sides agreed otherwise."""
    for ruling in dispute.rulings.filter(is_final=True, is_superseded=False).order_by("pk"):
        change(ruling, is_superseded=True)


def latest(dispute: Dispute) -> Ruling | None:
    """The version of the ruling that was written last."""
    return dispute.rulings.select_related("by").order_by("-version").first()


def served(dispute: Dispute) -> Ruling | None:
    """The ruling that both sides were given and that is in force, if there is one."""
    return dispute.rulings.select_related("by").filter(is_final=True, is_superseded=False).first()


def alarm(dispute: Dispute, what: str, *, at: datetime) -> None:
    """Somebody of the staff must look: it is on record and told to the leads."""
    log.critical("case %s: %s", dispute.number, what)
    note(dispute, "dispute.alarm", by=None, at=at, data={"what": what, "state": dispute.state})
