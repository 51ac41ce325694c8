"""Outages: something was down, a person registered it, and the clocks that it covers stand still meanwhile.

A registered outage is applied in batches by whoever sweeps: each clock is stopped from the moment the outage began and,
once it has ended, runs again with what was left. Until the batches have been everywhere, the clock that would fire is
asked itself (`hold_back`), so no clock ends during an outage, however late it was registered. What a clock stood still
is a `Pause`; a time that stands there is never given twice. docs/decisions/0013 says why.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext_lazy as _

from timeline import events, hooks, spans
from timeline.door import change, change_all, verb
from timeline.machines import machines
from timeline.models import Outage, Pause, Timer, Tracked
from timeline.moments import next_after
from timeline.refusals import require
from timeline.spans import Kind
from timeline.timers import RESUME_AT_LEAST

#: Clocks that one transaction looks at; so many roots are locked for a moment.
BATCH = 1_000
INSPECTION_AT_LEAST = timedelta(hours=24)
NOTHING = timedelta(0)

Interval = tuple[datetime, datetime]

#: What a batch writes of a clock.
WRITTEN = ("state", "due_at", "paused_at", "next_try_at", "next_reminder_at", "is_provisional", "outage")


#: What is said of a word that is nobody's.
NOT_THERE = _("There is no such channel, supplier, shop or kind: nothing would stand still.")


def is_there(scope: str, target: str) -> bool:
    """Whether there is what an outage would be of; asked where people and machines name it."""
    return scope == Outage.Scope.PLATFORM or (scope, target) in hooks.what_is_down([(scope, target)])


def called(found: Iterable[Outage]) -> dict[int, str]:
    """How people call what each outage is of: the name of the channel, kind, shop or supplier; else its word."""
    rows = list(found)
    names = hooks.what_is_down({(each.scope, each.target) for each in rows if each.target})
    return {each.pk: names.get((each.scope, each.target), each.target) for each in rows}


@transaction.atomic
def register(
    *, scope: str, target: str, reason: str, began_at: datetime, ended_at: datetime | None, by: Any, at: datetime
) -> Outage:
    """A lead registers that something is, was or will be down; without `ended_at` until somebody ends it."""
    require(by.has_role("lead"), "leads_only", _("Only a lead registers outages."))
    require(
        ended_at is None or ended_at > began_at, "outage_ends_first", _("An outage cannot end before it has begun.")
    )
    is_whole = scope == Outage.Scope.PLATFORM
    require(bool(target) != is_whole, "outage_of_what", _("Name what was down; the whole platform has no name."))
    require(
        scope != Outage.Scope.SUPPLIER or (target.isascii() and target.isdecimal()),
        "outage_of_what_supplier",
        _("Name the supplier by its number."),
    )
    require(bool(reason.strip()), "reason_missing", _("Say what happened: everybody whose clock stands still may ask."))
    outage = Outage.objects.create(
        scope=scope,
        target=target,
        reason=reason.strip(),
        began_at=began_at,
        ended_at=ended_at,
        registered_by=by,
        registered_at=at,
        seen_id=_before_the_first(),
    )
    data = {
        "scope": scope,
        "target": target,
        "reason": outage.reason,
        "began_at": began_at.isoformat(),
        "ended_at": ended_at.isoformat() if ended_at else "",
    }
    _note(outage, "outage.registered", by=by, at=at, data=data)
    return outage


@transaction.atomic
def end(outage: Outage, *, ended_at: datetime, by: Any, at: datetime) -> None:
    """A lead says when an outage that goes on has ended, at most now."""
    require(by.has_role("lead"), "leads_only", _("Only a lead registers outages."))
    outage.refresh_from_db(from_queryset=Outage.objects.select_for_update(of=("self",)))
    is_on = outage.ended_at is None or outage.ended_at > at
    require(is_on and outage.settled_at is None, "outage_is_over", _("This outage is over already."))
    require(outage.began_at < ended_at <= at, "outage_end_wrong", _("It ends after it began, and not later than now."))
    outage.ended_at = ended_at
    outage.save(update_fields=["ended_at"])
    _note(outage, "outage.ended", by=by, at=at, data={"ended_at": ended_at.isoformat()})


@transaction.atomic
def widen(
    outage: Outage,
    *,
    began_at: datetime,
    ended_at: datetime | None,
    is_whole: bool = False,
    reason: str,
    by: Any,
    at: datetime,
) -> Outage:
    """A lead finds that it began earlier, ends at another time, or was of the whole platform, and says why.

    A new entry takes the place of the old one, which stays: what is new of it counts backwards, as of any outage that
    is registered late, and no time is given twice. What an outage has given is never taken back, so the new one begins
    no later and leaves out nothing of what has passed. One that has not begun is changed as it stands.

    Refused: `leads_only`, `reason_missing`, `outage_ends_first`, `widened_already`, `outage_gives_back`, `nothing_new`.
    """
    require(by.has_role("lead"), "leads_only", _("Only a lead registers outages."))
    require(bool(reason.strip()), "reason_missing", _("Say what happened: everybody whose clock stands still may ask."))
    require(
        ended_at is None or ended_at > began_at, "outage_ends_first", _("An outage cannot end before it has begun.")
    )
    outage.refresh_from_db(from_queryset=Outage.objects.select_for_update(of=("self",)))
    require(
        not Outage.objects.filter(widens=outage).exists(),
        "widened_already",
        _("Another entry took the place of this one: change that one."),
    )
    is_whole = is_whole or outage.scope == Outage.Scope.PLATFORM
    scope, target = (Outage.Scope.PLATFORM, "") if is_whole else (Outage.Scope(outage.scope), outage.target)
    require(
        (scope, began_at, ended_at) != (outage.scope, outage.began_at, outage.ended_at),
        "nothing_new",
        _("That is what the register says already."),
    )
    data = {
        "scope": scope,
        "target": target,
        "reason": reason.strip()[:500],
        "began_at": began_at.isoformat(),
        "ended_at": ended_at.isoformat() if ended_at else "",
    }
    if outage.began_at >= at:
        outage.scope, outage.target, outage.began_at, outage.ended_at = scope, target, began_at, ended_at
        outage.reason = data["reason"]
        outage.save(update_fields=["scope", "target", "began_at", "ended_at", "reason"])
        _note(outage, "outage.changed", by=by, at=at, data=data)
        return outage
    passed = min(outage.ended_at or at, at)
    require(
        began_at <= outage.began_at and (ended_at is None or ended_at >= passed),
        "outage_gives_back",
        _("What an outage has given is not taken back: it begins no later, and nothing that has passed is left out."),
    )
    if outage.ended_at is None or outage.ended_at > at:
        outage.ended_at = at  # from here on the new entry keeps the clocks
        outage.save(update_fields=["ended_at"])
    made = Outage.objects.create(
        **(data | {"began_at": began_at, "ended_at": ended_at}),
        registered_by=by,
        registered_at=at,
        seen_id=_before_the_first(),
        widens=outage,
    )
    _note(outage, "outage.widened", by=by, at=at, data={"instead": made.pk})
    _note(made, "outage.registered", by=by, at=at, data=data | {"widens": outage.pk})
    return made


def work(*, at: datetime, batches: int = 50) -> int:
    """Carry every unsettled outage to the clocks it has not reached yet; returns how many it changed.

    Costs one query while nothing is down. Any number may run at the same time.
    """
    changed = 0
    for outage in list(Outage.objects.unsettled().filter(began_at__lte=at)):
        changed += _walk(outage, at=at, batches=batches)
    return changed


def hold_back(timer: Timer, thing: Tracked, *, at: datetime) -> None:
    """Apply what is registered to one clock that wants to fire; its root and row are locked by the caller."""
    for outage in Outage.objects.unsettled().filter(began_at__lte=at):
        if _covered(outage, [timer]):
            _apply(outage, [timer], {thing.address: thing}, at=at)


def affected(outage: Outage) -> int:
    """How many clocks it stopped."""
    return Pause.objects.filter(outage=outage).count()


# Walking through the clocks


def _walk(outage: Outage, *, at: datetime, batches: int) -> int:
    changed = 0
    for _batch_number in range(batches):
        done = _batch(outage.pk, at=at)
        if done is None:
            break
        changed += done
    return changed


@verb
def _batch(outage_id: int, *, at: datetime) -> int | None:
    """Apply an outage to the next clocks; how many it changed, or nothing if there is no more to do for now.

    The outage's own row is locked, so that one sweep at a time walks and nobody ends it meanwhile. Then roots first,
    clocks second, as in every verb; if somebody else holds a root, the next call looks at the same clocks again.
    """
    rows = Outage.objects.unsettled().select_for_update(skip_locked=True, of=("self",))
    outage = rows.filter(pk=outage_id).first()
    if outage is None:
        return None  # settled, or another sweep walks
    if outage.ended_at is not None and outage.ended_at <= at and not outage.is_ending:
        outage.is_ending, outage.seen_id = True, _before_the_first()
    highest = Timer.objects.aggregate(highest=Max("pk"))["highest"] or 0
    if outage.seen_id >= highest:
        if outage.is_ending:
            _settle(outage, at=at)
        return None
    upper = min(outage.seen_id + BATCH, highest)
    seen = list(Timer.objects.live().filter(pk__gt=outage.seen_id, pk__lte=upper).order_by("pk"))
    covered = _covered(outage, seen)
    locked = _lock_roots({timer.root for timer in covered})
    mine = [timer.pk for timer in covered if timer.root in locked]
    timers = list(Timer.objects.live().select_for_update(of=("self",)).filter(pk__in=mine).order_by("pk"))
    changed = _apply(outage, timers, _things(timers), at=at)
    is_whole = len(mine) == len(covered)
    if is_whole:
        outage.seen_id = upper
    outage.save(update_fields=["seen_id", "is_ending"])
    return changed if is_whole else None


def _settle(outage: Outage, *, at: datetime) -> None:
    """Its end has reached every clock: nobody needs to ask about it any more."""
    outage.settled_at = at
    outage.save(update_fields=["settled_at", "is_ending", "seen_id"])
    # Clocks that ended for another reason while they stood still.
    Pause.objects.filter(outage=outage, ended_at=None).update(ended_at=outage.ended_at)
    _note(outage, "outage.settled", by=None, at=at, data={"clocks": affected(outage)})


def _covered(outage: Outage, timers: Sequence[Timer]) -> list[Timer]:
    """The clocks of things that the outage is about."""
    if outage.scope == Outage.Scope.PLATFORM:
        return list(timers)
    by_kind: dict[str, set[int]] = defaultdict(set)
    for timer in timers:
        kind, _colon, pk = timer.subject.partition(":")
        by_kind[kind].add(int(pk))
    found: set[str] = set()
    for kind, pks in by_kind.items():
        model = machines[kind].model
        for path in [path for name, path in model.scopes.items() if name.partition(".")[0] == outage.scope]:
            meant = model._base_manager.filter(pk__in=pks, **{path: outage.target})
            found |= {f"{kind}:{pk}" for pk in meant.values_list("pk", flat=True)}
    return [timer for timer in timers if timer.subject in found]


def _lock_roots(addresses: Iterable[str]) -> set[str]:
    """Lock those roots that nobody else holds; waiting for nobody, this can be part of no deadlock."""
    by_kind: dict[str, list[int]] = defaultdict(list)
    for address in addresses:
        kind, _colon, pk = address.partition(":")
        by_kind[kind].append(int(pk))
    locked = set()
    for kind, pks in sorted(by_kind.items()):
        rows = _model_of(kind)._base_manager.select_for_update(no_key=True, skip_locked=True, of=("self",))
        free = rows.filter(pk__in=pks).order_by("pk").values_list("pk", flat=True)
        locked |= {f"{kind}:{pk}" for pk in free}
    return locked


def _model_of(kind: str) -> type[models.Model]:
    """The model of a root: a thing with a machine, or a shop, a user."""
    if kind in machines:
        return machines[kind].model
    return next(model for model in apps.get_models() if model._meta.model_name == kind)


def _things(timers: Sequence[Timer]) -> dict[str, Tracked]:
    """What the clocks are about, by address: one query for each kind."""
    by_kind: dict[str, set[int]] = defaultdict(set)
    for timer in timers:
        kind, _colon, pk = timer.subject.partition(":")
        by_kind[kind].add(int(pk))
    found: dict[str, Tracked] = {}
    for kind, pks in by_kind.items():
        found.update({thing.address: thing for thing in machines[kind].model._base_manager.filter(pk__in=pks)})
    return found


# What becomes of each clock


@dataclass
class Stood:
    """One clock with the times in which it stood still."""

    timer: Timer
    thing: Tracked
    pauses: list[Pause] = field(default_factory=list)

    @property
    def began_at(self) -> datetime:
        """When the time began that the clock measures: a clock that was set anew keeps it, as long as its state."""
        is_of_state = self.thing.machine.limits.get(self.thing.state) == self.timer.limit
        return min(self.timer.started_at, self.thing.entered_at) if is_of_state else self.timer.started_at

    def of(self, outage: Outage) -> Pause | None:
        """The pause that this outage made."""
        return next((pause for pause in self.pauses if pause.outage_id == outage.pk), None)

    def uncounted(self, begin: datetime, end: datetime) -> timedelta:
        """How much of a time has not been given to the clock yet."""
        given = [(pause.began_at, pause.ended_at) for pause in self.pauses if pause.ended_at is not None]
        if self.timer.paused_at is not None:
            given.append((self.timer.paused_at, max(end, self.timer.paused_at)))
        return remainder((begin, end), given)


def remainder(whole: Interval, taken: Iterable[Interval]) -> timedelta:
    """How much of a time is outside of others, which may overlap each other."""
    begin, end = whole
    left, reached = NOTHING, begin
    for other_begin, other_end in sorted(taken):
        if other_begin > reached:
            left += max(min(other_begin, end) - reached, NOTHING)
        reached = max(reached, min(other_end, end))
    return left + max(end - reached, NOTHING)


def _apply(outage: Outage, timers: Sequence[Timer], things: dict[str, Tracked], *, at: datetime) -> int:
    """Stop clocks while it is on; let them run again, or give them what it took, once it is over."""
    pauses: dict[tuple[str, str], list[Pause]] = defaultdict(list)
    for pause in Pause.objects.filter(subject__in={timer.subject for timer in timers}).order_by("pk"):
        pauses[pause.subject, pause.limit].append(pause)
    changed, moved = [], []
    new: list[Pause] = []
    closed: list[Pause] = []
    is_on = outage.is_on(at)
    others = [] if is_on else _still_on(outage)
    for timer in timers:
        stood = Stood(timer, things[timer.subject], pauses[timer.subject, timer.limit])
        before, by = _state_of(timer), NOTHING
        if is_on:
            made = _stop(stood, outage, at=at)
        else:
            made, by = _finish(stood, outage, others, at=at)
        if made is not None:
            (closed if made.pk else new).append(made)
        if before != _state_of(timer):
            changed.append(timer)
            if by:
                moved.append((stood.thing, timer.due_at if timer.state == Timer.State.RUNNING else None, by))
    Pause.objects.bulk_create([pause for pause in new if pause.pk is None])
    change_all(closed, ["ended_at"])
    change_all(changed, WRITTEN)
    for timer in changed:
        thing = things[timer.subject]
        if thing.machine.limits.get(thing.state) == timer.limit:
            change(thing, deadline_at=timer.due_at if timer.state == Timer.State.RUNNING else None)
    if moved:
        hooks.clocks_moved(moved)
    return len(changed)


def _state_of(timer: Timer) -> tuple[Any, ...]:
    return timer.state, timer.due_at, timer.paused_at, timer.outage_id


def _stop(stood: Stood, outage: Outage, *, at: datetime) -> Pause | None:
    """Let a running clock stand still from the moment the outage began; what was over before stays over."""
    timer, known = stood.timer, stood.of(outage)
    since = max(known.began_at if known else outage.began_at, stood.began_at)
    if timer.state != Timer.State.RUNNING or timer.due_at <= since:
        return None
    # What an earlier pause gave for a part of this time is not given again.
    timer.due_at -= (at - since) - stood.uncounted(since, at) if at > since else NOTHING
    timer.state, timer.paused_at, timer.outage = Timer.State.PAUSED, since, outage
    if known:
        return None
    return _new_pause(timer, outage, since)


def _finish(stood: Stood, outage: Outage, others: Sequence[Outage], *, at: datetime) -> tuple[Pause | None, timedelta]:
    """The outage is over: the pause it made, and by how much the clock moved."""
    timer, known, ended_at = stood.timer, stood.of(outage), outage.ended_at
    assert ended_at is not None and at >= ended_at  # noqa: PT018, S101 - asked by the caller
    if known is not None and known.ended_at is not None:
        return None, NOTHING
    since = max(known.began_at if known else outage.began_at, stood.began_at)
    if timer.outage_id == outage.pk and timer.state == Timer.State.PAUSED:
        assert timer.paused_at is not None  # noqa: S101 - by constraint
        mine = known or _new_pause(timer, outage, since)
        mine.ended_at = ended_at
        other = next((each for each in others if _covered(each, [timer])), None)
        if other is not None:
            _hand_over(stood, other)
            return mine, NOTHING
        was, left_for = timer.due_at, ended_at - timer.paused_at
        _run_until(timer, _extended(timer, left_for), since=ended_at, at=at)
        return mine, timer.due_at - was
    due_at = timer.due_at
    if (timer.state == Timer.State.RUNNING and due_at <= since) or since >= ended_at:
        return None, NOTHING
    lost = stood.uncounted(since, ended_at)
    if lost <= NOTHING:
        return None, NOTHING
    mine = known or _new_pause(timer, outage, since)
    mine.ended_at = ended_at
    if timer.state == Timer.State.RUNNING:
        _run_until(timer, _extended(timer, lost), since=ended_at, at=at)
    else:
        timer.due_at = _extended(timer, lost)  # it stands still for another reason, and has more left
    return mine, lost


def _hand_over(stood: Stood, other: Outage) -> None:
    """Another outage goes on: the clock stands still for that one now, from the earlier of the two."""
    timer = stood.timer
    assert timer.paused_at is not None  # noqa: S101 - asked by the caller
    timer.outage = other
    since = max(other.began_at, stood.began_at)
    known = stood.of(other)
    if known is None:
        _new_pause(timer, other, since).save(force_insert=True)
    if since < timer.paused_at:
        timer.due_at -= (timer.paused_at - since) - stood.uncounted(since, timer.paused_at)
        timer.paused_at = since


def _still_on(outage: Outage) -> list[Outage]:
    """Other outages that were on when this one ended."""
    ended_at = outage.ended_at
    assert ended_at is not None  # noqa: S101 - asked by the caller
    found = Outage.objects.unsettled().exclude(pk=outage.pk).filter(began_at__lt=ended_at)
    return [each for each in found if each.ended_at is None or each.ended_at > ended_at]


def _new_pause(timer: Timer, outage: Outage, since: datetime) -> Pause:
    return Pause(subject=timer.subject, limit=timer.limit, cause=Pause.Cause.OUTAGE, outage=outage, began_at=since)


def _extended(timer: Timer, by: timedelta) -> datetime:
    return spans.extended(Kind(timer.kind), timer.due_at, by)


def _run_until(timer: Timer, due_at: datetime, *, since: datetime, at: datetime) -> None:
    """Let a clock run to `due_at`, but from the end of the outage at least as long as everybody gets."""
    timer.state, timer.paused_at, timer.outage = Timer.State.RUNNING, None, None
    timer.due_at = timer.next_try_at = max(due_at, since + at_least(timer))
    timer.next_reminder_at = next_after(at, started_at=timer.started_at, due_at=timer.due_at, owner=timer.owner)
    if timer.kind != Kind.MINUTES:
        timer.is_provisional = spans.is_provisional(timer.started_at, timer.due_at)


def at_least(timer: Timer) -> timedelta:
    """What is left at least after an outage: 12 hours, 24 for an inspection, but never more than the whole clock.

    Without the last, 15 minutes to pay would become half a day in which nobody else can buy the same code.
    """
    if timer.limit == "INSPECT":
        return INSPECTION_AT_LEAST
    whole = timedelta(minutes=timer.amount) if timer.kind == Kind.MINUTES else RESUME_AT_LEAST
    return min(RESUME_AT_LEAST, whole)


def _before_the_first() -> int:
    """The id before that of the first clock that an outage can stop."""
    first = Timer.objects.live().aggregate(first=Min("pk"))["first"]
    highest = Timer.objects.aggregate(highest=Max("pk"))["highest"]
    return (first if first is not None else (highest or 0) + 1) - 1


def _note(outage: Outage, name: str, *, by: Any, at: datetime, data: dict[str, Any]) -> None:
    """The register's own stream: one for each outage. What it did to a clock stands in the clock's `Pause`."""
    events.record(root=outage.address, subject=outage.address, name=name, by=by, at=at, data=data)
