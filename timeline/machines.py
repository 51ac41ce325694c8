"""Machines: which states a thing can be in, who must act in each, which clock runs, and where it may go next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import models

from timeline.hooks import Hook

if TYPE_CHECKING:
    from timeline.models import Tracked

#: What can happen to the clock of a thing: `refund.clock_fired`.
CLOCK_EVENTS = (
    "clock_fired",
    "clock_reminded",
    "clock_postponed",
    "clock_resumed",
    "clock_recomputed",
    "clock_stuck",
    "clock_tried_again",
)

#: Every machine of the mall by its name; a machine enters itself when its module is read.
machines: dict[str, Machine] = {}


@dataclass(frozen=True, eq=False)
class Machine:
    """The states of one kind of thing, on one screen.

    `steps` maps each state to the states that may follow; a state without steps is terminal. `owners` says whose turn
    it is (buyer, shop, arbiter, system …). `limits` names the clock of a state, as in the rulebook's clocks. A state
    that may wait for ever has no clock but a reason in `patient`.
    """

    name: str
    states: type[models.TextChoices]
    first: str
    steps: Mapping[str, set[str]]
    owners: Mapping[str, str]
    limits: Mapping[str, str]
    patient: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name in machines:
            raise ValueError(f"The machine {self.name} is declared twice.")
        machines[self.name] = self
        #: Tied to the verb that acts when a clock of such a thing runs out: (thing, *, limit, at).
        object.__setattr__(self, "expired", Hook[..., None](f"{self.name}.expired"))

    expired: Hook[..., None] = field(init=False, repr=False)
    _model: type[Tracked] | None = field(init=False, repr=False, default=None)

    @property
    def terminal(self) -> set[str]:
        """The states nothing leads out of."""
        return {state for state in self.states.values if not self.steps.get(state)}

    @property
    def model(self) -> type[Tracked]:
        """The model whose rows this machine moves; looked for once."""
        if self._model is None:
            from timeline.models import Tracked

            object.__setattr__(self, "_model", next(model for model in Tracked.kinds() if model.machine is self))
        return self._model  # type: ignore[return-value]

    def allows(self, before: str, after: str) -> bool:
        """Whether a thing may go from `before` to `after`."""
        return after in self.steps.get(before, set())

    def constraint(self, name: str) -> models.CheckConstraint:
        """The database's half of the machine: no other word is ever stored as a state."""
        return models.CheckConstraint(condition=models.Q(state__in=sorted(self.states.values)), name=name)

    def faults(self) -> list[str]:
        """What is unsound: a state that cannot be reached or left, without owner or without an end. Empty is sound."""
        found = []
        known = set(self.states.values)
        mentioned = {self.first, *self.steps, *self.owners, *self.limits, *self.patient}
        mentioned |= {after for afters in self.steps.values() for after in afters}
        found += [f"{state} is not a state of {self.name}" for state in sorted(mentioned - known)]
        reached = self._reachable(self.first)
        found += [f"{state} cannot be reached" for state in sorted(known - reached)]
        for state in sorted(known - self.terminal):
            if state not in self.owners:
                found.append(f"{state} has no owner")
            if state not in self.limits and state not in self.patient:
                found.append(f"{state} has neither a clock nor a reason to wait")
        for state in sorted(self.terminal & (set(self.limits) | set(self.owners))):
            found.append(f"{state} is terminal, but has a clock or an owner")
        if self.terminal:
            found += [
                f"{state} has no way to an end"
                for state in sorted(reached)
                if not self._reachable(state) & self.terminal
            ]
        return found

    def _reachable(self, start: str) -> set[str]:
        seen, ahead = {start}, [start]
        while ahead:
            for state in self.steps.get(ahead.pop(), set()) - seen:
                seen.add(state)
                ahead.append(state)
        return seen
