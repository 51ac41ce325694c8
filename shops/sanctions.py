"""The story of a step against a shop: impose · renew · appeal · uphold · lift · lapse. Each has a reason and a term.

The ladder (domain: shops): a warning, then nothing new may be listed, then sales stop for seven days, then the shop is
closed. Steps are left out only where it is grave, and the reason says why. What was sold before is untouched: orders,
claims and money go on.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from rulebook import clocks
from shops.lifecycle import was_closed
from shops.models import STAFF, Deposit, Sanction, Shop
from shops.states import DepositState, SanctionState
from timeline.door import begin, change, enter, lock, lock_root, note, rearm, require, verb
from timeline.spans import Span, hours, minutes

Step = Sanction.Step
#: How long each step lasts if nobody says otherwise, in days. After the last one the shop is closed.
TERMS = {Step.WARNING: 90, Step.NO_LISTINGS: 7, Step.NO_SALES: 7, Step.CLOSING: 15}
#: The ladder, from the mildest, and for how long an earlier step counts.
LADDER = [Step.WARNING, Step.NO_LISTINGS, Step.NO_SALES, Step.CLOSING]
REMEMBERED = timedelta(days=180)
#: The longest term, in days; how soon a person answers an appeal.
LONGEST, ANSWER = 180, hours(24)
IN_FORCE = [SanctionState.IN_FORCE, SanctionState.APPEALED, SanctionState.UPHELD]
#: A shop that was closed does not come back.
FOR_GOOD = timedelta(days=36_500)


@verb
def impose(
    shop: Shop, *, step: str, reason: str, days: int | None = None, is_grave: bool = False, by: Any, at: datetime
) -> Sanction:
    """A person of risk takes the next step against a shop, for `days` or its usual term.

    Refused: `not_your_turn`, `own_shop`, `no_reason`, `bad_term`, `in_force`, `step_left_out`.
    """
    _lock_as_risk(shop, by)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    days = TERMS[Step(step)] if days is None else days
    require(1 <= days <= LONGEST, "bad_term", _("A step lasts from 1 to 180 days."))
    standing = shop.sanctions.filter(step=step, state__in=IN_FORCE)
    require(not standing.exists(), "in_force", _("This step is in force already: renew it, or take the next one."))
    require(
        is_grave or LADDER.index(Step(step)) <= _reached(shop, at) + 1,
        "step_left_out",
        _("A step before it was not taken. Take that one, or say that it is grave."),
    )
    until = at + timedelta(days=days)
    sanction = Sanction(
        shop=shop,
        step=step,
        reason=reason.strip()[:500],
        is_grave=is_grave,
        imposed_by=by,
        imposed_at=at,
        until=until,
    )
    data = {"step": step, "reason": sanction.reason, "until": until.isoformat(), "grave": is_grave}
    begin(sanction, by=by, at=at, span=_until(until, at), data=data)
    _follow(shop, at)
    return sanction


@verb
def stop(shop: Shop, *, reason: str, days: int, at: datetime) -> Sanction | None:
    """Figures stop a shop's sales for `days` (rules 6.2, hard stops): nobody imposed it, so anybody of risk hears the
    appeal, within a day. It is no step of the ladder. Nothing happens where sales stand still already, or for good."""
    lock_root(shop)
    if was_closed(shop) or any(each.step in {Step.NO_SALES, Step.CLOSING} for each in in_force(shop, at)):
        return None
    until = at + timedelta(days=days)
    sanction = Sanction(shop=shop, step=Step.NO_SALES, reason=reason[:500], imposed_by=None, imposed_at=at, until=until)
    data = {"step": Step.NO_SALES, "reason": sanction.reason, "until": until.isoformat()}
    begin(sanction, by=None, at=at, span=_until(until, at), event="sanction.stopped", data=data)
    _follow(shop, at)
    return sanction


@verb
def renew(sanction: Sanction, *, days: int, reason: str, by: Any, at: datetime) -> None:
    """A person of risk lets a step last `days` longer, and says why."""
    _lock_standing(sanction, by=by, at=at)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    require(1 <= days <= LONGEST, "bad_term", _("A step lasts from 1 to 180 days."))
    require(sanction.state != SanctionState.APPEALED, "wrong_moment", _("Answer the appeal first."))
    until = sanction.until + timedelta(days=days)
    change(sanction, until=until)
    note(sanction, "sanction.renewed", by=by, at=at, data={"until": until.isoformat(), "reason": reason.strip()[:500]})
    rearm(sanction, until, at=at)
    _follow(sanction.shop, at)


@verb
def appeal(sanction: Sanction, *, words: str, by: Any, at: datetime) -> None:
    """The shop wants another person to look at it, who answers within a day; until then it stays in force."""
    lock(sanction)
    require(sanction.shop.may(by, STAFF), "not_your_turn", _("Only the owner appeals for the shop."))
    require(
        sanction.state == SanctionState.IN_FORCE and sanction.is_in_force(at),
        "wrong_moment",
        _("There is nothing to look at again now."),
    )
    require(bool(words.strip()), "no_reason", _("Say what was overlooked."))
    change(sanction, appeal=words.strip()[:1000])
    enter(sanction, SanctionState.APPEALED, by=by, at=at, span=ANSWER)


@verb
def uphold(sanction: Sanction, *, answer: str, by: Any, at: datetime) -> None:
    """Whoever hears the appeal lets the step stand, and says why: another person than who imposed it."""
    _lock_as_hearer(sanction, by=by)
    require(bool(answer.strip()), "no_reason", _("Say why."))
    change(sanction, answer=answer.strip()[:500])
    data = {"answer": sanction.answer}
    if sanction.is_in_force(at):
        enter(sanction, SanctionState.UPHELD, by=by, at=at, span=_until(sanction.until, at), data=data)
    else:
        enter(sanction, SanctionState.OVER, by=by, at=at, data=data)
    _follow(sanction.shop, at)


@verb
def lift(sanction: Sanction, *, reason: str, by: Any, at: datetime) -> None:
    """A person of risk takes a step back before its end, with the reason; on appeal another one than who imposed it."""
    if sanction.state == SanctionState.APPEALED:
        _lock_as_hearer(sanction, by=by)
    else:
        _lock_standing(sanction, by=by, at=at)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    change(sanction, answer=reason.strip()[:500])
    enter(sanction, SanctionState.LIFTED, by=by, at=at, data={"reason": sanction.answer})
    _follow(sanction.shop, at)


@verb
def lapse(sanction: Sanction, *, limit: str, at: datetime) -> None:
    """The term is over, and a closing is carried out; an appeal waits for a person, whatever the term says.

    A machine never says the last no: an appeal that nobody heard neither runs out nor closes a shop. Leads are told of
    it day by day, and so is whoever keeps the house (`desks.house`). What the step forbids ends with its term all the
    same; before a closing sales stop, and for thirty days after its term at the most.
    """
    lock(sanction)
    if sanction.machine.limits.get(sanction.state) != limit or not sanction.is_overdue(at):
        return  # acted on while this call was on its way
    if sanction.state == SanctionState.APPEALED:
        note(sanction, "sanction.late", by=None, at=at)
        rearm(sanction, at + timedelta(days=1), at=at)
        _follow(sanction.shop, at)
        return
    enter(sanction, SanctionState.OVER, by=None, at=at)
    if sanction.step == Step.CLOSING:
        _close(sanction.shop, at=at)
    else:
        _follow(sanction.shop, at)


def in_force(shop: Shop, at: datetime) -> list[Sanction]:
    """What stands against a shop at `at`, the newest first."""
    return [each for each in shop.sanctions.filter(state__in=IN_FORCE).order_by("-pk") if each.is_in_force(at)]


def next_step(shop: Shop, at: datetime) -> Step:
    """The step of the ladder that follows what was done in the last 180 days."""
    return LADDER[min(_reached(shop, at) + 1, len(LADDER) - 1)]


def actions_for(sanction: Sanction, user: Any, at: datetime) -> list[str]:
    """What `user` can do with it now, by the names of the verbs."""
    if sanction.is_over:
        return []
    if sanction.shop.is_worked_in_by(user):
        may = sanction.shop.may(user, STAFF) and sanction.state == SanctionState.IN_FORCE and sanction.is_in_force(at)
        return ["appeal"] if may else []
    if sanction.state == SanctionState.APPEALED:
        return ["uphold", "lift"] if _may_hear(sanction, user) else []
    return ["renew", "lift"] if Role.RISK in user.roles else []


def _reached(shop: Shop, at: datetime) -> int:
    """How far up the ladder the shop was lately; -1 if nothing was done. What was lifted, or what figures stopped, does
    not count."""
    steps = shop.sanctions.filter(imposed_at__gt=at - REMEMBERED, imposed_by__isnull=False)
    taken = steps.exclude(state=SanctionState.LIFTED)
    return max((LADDER.index(Step(step)) for step in taken.order_by("pk").values_list("step", flat=True)), default=-1)


def _follow(shop: Shop, at: datetime) -> None:
    """The shop's own row knows until when what is forbidden, so that no purchase has to look."""
    found: dict[str, datetime] = {}
    for each in in_force(shop, at):
        found[each.step] = max(each.until, found.get(each.step, each.until))
    stops = [found[step] for step in (Step.NO_SALES, Step.CLOSING) if step in found]
    if Step.CLOSING in found:
        stops.append(found[Step.CLOSING] + LOOK_LATER)
    change(shop, no_listings_until=found.get(Step.NO_LISTINGS))
    if not was_closed(shop):  # for good, whatever ends of another step
        change(shop, no_sales_until=max(stops, default=None))


#: A closing that is late by an hour does not let the shop sell meanwhile.
LOOK_LATER = timedelta(days=30)


def _close(shop: Shop, *, at: datetime) -> None:
    """The shop closes: its deposit answers for the quiet time and then goes back; it never sells again."""
    change(shop, no_sales_until=at + FOR_GOOD)
    deposit = Deposit.objects.select_related("shop").get(shop=shop)
    lock(deposit)
    if deposit.machine.allows(deposit.state, DepositState.CLOSING):
        enter(deposit, DepositState.CLOSING, by=None, at=at, span=clocks.span("DEPOSIT_QUIET", at=at))


def _until(until: datetime, at: datetime) -> Span:
    return minutes(max(1, -(-int((until - at).total_seconds()) // 60)))


def _may_hear(sanction: Sanction, user: Any) -> bool:
    return not sanction.was_imposed_by(user) and bool(user.roles & {Role.RISK, Role.LEAD})


def _lock_as_risk(shop: Shop, by: Any) -> None:
    lock_root(shop)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk take steps against a shop."))
    require(not shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))


def _lock_standing(sanction: Sanction, *, by: Any, at: datetime) -> None:
    lock(sanction)
    _lock_as_risk(sanction.shop, by)
    require(not sanction.is_over and sanction.is_in_force(at), "wrong_moment", _("This step is over already."))


def _lock_as_hearer(sanction: Sanction, *, by: Any) -> None:
    lock(sanction)
    require(not sanction.shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))
    require(sanction.state == SanctionState.APPEALED, "wrong_moment", _("There is no appeal to answer."))
    require(
        _may_hear(sanction, by), "not_your_turn", _("Another person than who took the step answers: risk or a lead.")
    )
