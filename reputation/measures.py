"""The story of a measure against a buyer: impose · appeal · uphold · lift · lapse.

The ladder is public: a warning, one level less, level M0, the blacklist. A step is left out only where it is grave, and
the reason says why. None of them touches a right against a shop: what is faulty is paid back the same to everyone.
Rule source: rules 6.1 and 6.4; terms are data (`reputation.thresholds`).
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import lifecycle as accounts
from accounts.models import Role, User
from reputation import membership
from reputation.models import Measure
from reputation.states import MeasureState
from reputation.thresholds import thresholds
from timeline.door import begin, change, enter, lock, lock_root, require, verb
from timeline.spans import Span, minutes

Step = Measure.Step
LADDER = [Step.WARNING, Step.LEVEL_DOWN, Step.LEVEL_ZERO, Step.BARRED]


@verb
def impose(
    user: User, *, step: str, ground: str, reason: str, is_grave: bool = False, by: Any, at: datetime
) -> Measure:
    """A person of risk takes the next step against a buyer, with what was found.

    Refused: `not_your_turn`, `not_yourself`, `no_reason`, `in_force`, `step_left_out`.
    """
    lock_root(user)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk take measures."))
    require(by.pk != user.pk, "not_yourself", _("Nobody judges themselves."))
    require(bool(reason.strip()), "no_reason", _("Say why."))
    known = list(user.measures.exclude(state=MeasureState.LIFTED).order_by("pk"))
    require(
        not any(each.step == step and each.is_in_force(at) for each in known),
        "in_force",
        _("This step is in force already: take the next one."),
    )
    since = at - thresholds().remembered
    before = max((LADDER.index(Step(each.step)) for each in known if each.imposed_at > since), default=-1)
    require(
        is_grave or LADDER.index(Step(step)) <= before + 1,
        "step_left_out",
        _("A step before it was not taken. Take that one, or say that it is grave."),
    )
    until = at + timedelta(days=thresholds().steps[step])
    measure = Measure(
        user=user,
        step=step,
        ground=ground,
        reason=reason.strip()[:500],
        is_grave=is_grave,
        imposed_by=by,
        imposed_at=at,
        until=until,
    )
    data = {"step": step, "ground": ground, "until": until.isoformat(), "grave": is_grave}
    begin(measure, by=by, at=at, span=_until(until, at), data=data)
    lower = measure.ceiling(user.level)
    if lower != user.level:
        accounts.set_level(user, lower, reason=f"measure {measure.pk}", by=by, at=at)
    _follow(user, at)
    return measure


@verb
def appeal(measure: Measure, *, words: str, by: Any, at: datetime) -> None:
    """The buyer wants another person to look at it; if nobody answers in time, the measure is lifted.

    Refused: `not_your_turn`, `wrong_moment`, `no_reason`.
    """
    lock(measure)
    require(measure.user_id == by.pk, "not_your_turn", _("Only whom it concerns appeals."))
    require(
        measure.state == MeasureState.IN_FORCE and measure.is_in_force(at),
        "wrong_moment",
        _("There is nothing to look at again now."),
    )
    require(bool(words.strip()), "no_reason", _("Say what was overlooked."))
    change(measure, appeal=words.strip()[:1000])
    span = minutes(int(thresholds().appeal.total_seconds() // 60))
    enter(measure, MeasureState.APPEALED, by=by, at=at, span=span)


@verb
def uphold(measure: Measure, *, answer: str, by: Any, at: datetime) -> None:
    """Another person of risk heard the appeal and lets the measure stand, and says why."""
    _hear(measure, answer, by=by)
    require(measure.state == MeasureState.APPEALED, "wrong_moment", _("There is no appeal to answer."))
    change(measure, answer=answer.strip()[:500], heard_by=by)
    if at < measure.until:
        enter(measure, MeasureState.UPHELD, by=by, at=at, span=_until(measure.until, at))
    else:
        enter(measure, MeasureState.OVER, by=by, at=at)
        _restore(measure.user, at)


@verb
def lift(measure: Measure, *, answer: str, by: Any, at: datetime) -> None:
    """A person of risk takes a measure back and says why; on appeal another one than who imposed it.

    What it cost in level comes back at once, as far as the figures give it.
    """
    _hear(measure, answer, by=by)
    require(not measure.is_over, "wrong_moment", _("It is over already."))
    heard = by if measure.imposed_by_id != by.pk else None
    change(measure, answer=answer.strip()[:500], heard_by=heard)
    enter(measure, MeasureState.LIFTED, by=by, at=at)
    _restore(measure.user, at)


@verb
def lapse(measure: Measure, *, limit: str, at: datetime) -> None:
    """The term is over, or nobody heard the appeal in time: then the measure is lifted."""
    lock(measure)
    if measure.machine.limits.get(measure.state) != limit or not measure.is_overdue(at):
        return  # decided while this call was on its way
    was_appealed = measure.state == MeasureState.APPEALED
    enter(measure, MeasureState.LIFTED if was_appealed else MeasureState.OVER, by=None, at=at)
    _restore(measure.user, at)


def _hear(measure: Measure, answer: str, *, by: Any) -> None:
    """Lock a measure for a person of risk who decides about it; refuse whoever must not."""
    lock(measure)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk take measures."))
    require(by.pk != measure.user_id, "not_yourself", _("Nobody judges themselves."))
    require(
        measure.state != MeasureState.APPEALED or measure.imposed_by_id != by.pk,
        "another_person",
        _("Whoever imposed it does not hear the appeal."),
    )
    require(bool(answer.strip()), "no_reason", _("Say why."))


def _restore(user: User, at: datetime) -> None:
    """The bar follows the measures that are left, and the level the figures."""
    lock_root(user)
    _follow(user, at)
    membership.review(user, membership.standings([user], at=at)[user.pk], at=at)


def _follow(user: User, at: datetime) -> None:
    """Hand down until when nothing can be bought."""
    bars = [each.until for each in membership.in_force(user, at) if each.step == Step.BARRED]
    until = max(bars) if bars else None
    if until != user.barred_until:
        accounts.bar(user, until=until)


def _until(until: datetime, at: datetime) -> Span:
    return minutes(max(1, -int(-(until - at).total_seconds() // 60)))
