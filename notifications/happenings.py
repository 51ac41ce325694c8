"""What happened: an event with the thing it is about, and what a sentence may name of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import StaffRole, User
from complaints.models import Complaint
from disputes.models import Appeal, Dispute
from orders.models import Order
from refunds.models import Contest, Guardian, Refund
from shops.models import Application, Commission, Shop
from support.models import Talk
from timeline.machines import machines
from timeline.models import Event, Outage
from timeline.spans import SHANGHAI


class Staff:
    """Who holds which role now, asked once and only if somebody must be told."""

    @cached_property
    def _by_role(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for role, user in StaffRole.objects.held().order_by("pk").values_list("role", "user_id"):
            found[role].append(user)
        return found

    def holding(self, role: str) -> list[int]:
        """The ids of those who hold `role`."""
        return self._by_role[role]


@dataclass(frozen=True)
class Happening:
    """An event with the thing it is about."""

    event: Event
    thing: Any
    staff: Staff

    @property
    def order(self) -> Order | None:
        """The sale it belongs to, if it belongs to one."""
        match self.thing:
            case Order():
                return self.thing
            case Refund() | Talk() | Complaint():
                return self.thing.order
            case Dispute() | Guardian() | Contest():
                return self.thing.refund.order
            case Appeal():
                return self.thing.dispute.refund.order
        return None

    @property
    def shop(self) -> Shop | None:
        """The shop it belongs to, if it belongs to one."""
        if isinstance(self.thing, Shop):
            return self.thing
        found: Shop | None = self.order.shop if self.order else getattr(self.thing, "shop", None)
        return found

    def _case_number(self) -> str:
        """The number of the case that something without one hangs on."""
        return self.thing.refund.number if isinstance(self.thing, Guardian | Contest) else ""

    def is_by_clock(self) -> bool:
        """Whether nobody did it."""
        return self.event.by_id is None

    def words(self) -> dict[str, Any]:
        """What a sentence may name: numbers, the shop's name, an amount in fen. Never a code, never an address."""
        due_at = self.event.data.get("due_at") or self.event.data.get("rules_at", "")
        return {
            "number": getattr(self.thing, "number", "") or self._case_number(),
            "order": self.order.number if self.order else "",
            "shop": self.shop.name if self.shop else self._wished_for(),
            "amount": _amount(self),
            "until": f"{datetime.fromisoformat(due_at).astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if due_at else "",
        }

    def _wished_for(self) -> str:
        """The name of a shop that does not exist yet."""
        return str(self.thing.name) if isinstance(self.thing, Application) else ""


def happenings(events: Sequence[Event]) -> list[Happening]:
    """Each event with its thing, in their order, with as many queries for one as for a thousand."""
    things, staff = _things(events), Staff()
    return [Happening(event, things[event.subject], staff) for event in events if event.subject in things]


#: What is read along with each kind of thing.
ALONG: dict[str, list[str]] = {
    "order": ["shop"],
    "refund": ["order__shop"],
    "talk": ["order__shop"],
    "complaint": ["order__shop", "refund"],
    "dispute": ["refund__order__shop"],
    "appeal": ["dispute__refund__order__shop"],
    "guardian": ["refund__order__shop"],
    "contest": ["refund__order__shop"],
    "deposit": ["shop"],
    "coupon": ["shop"],
    "listing": ["shop"],
    "member": ["shop"],
    "payee": ["shop"],
    "application": ["shop"],
    "licence": ["shop"],
    "sanction": ["shop"],
    "downgrade": ["shop", "user"],
    "measure": ["user"],
    "alarm": ["shop", "batch__listing"],
    "batchanswer": ["shop", "alarm__batch__listing"],
    "shortfall": [],
    "contribution": [],
    "erasure": ["user"],
    "hold": [],
    "payment": [],
    "payout": [],
    "brake": [],
    "rulebook": [],
}


#: Roots that have events of their own, but no machine.
ROOTS: dict[str, type[Model]] = {"shop": Shop, "user": User, "commission": Commission, "outage": Outage}


def _things(events: Sequence[Event]) -> dict[str, Any]:
    """Everything the events are about, by address: one query for each kind."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        kind, _, pk = event.subject.partition(":")
        wanted[kind].add(int(pk))
    found: dict[str, Any] = {}
    for kind, pks in wanted.items():
        things: QuerySet[Any] = (ROOTS.get(kind) or machines[kind].model)._base_manager.filter(pk__in=pks)
        if along := ALONG.get(kind):
            things = things.select_related(*along)
        found.update({thing.address: thing for thing in things.order_by("pk")})
    return found


def _amount(happening: Happening) -> int:
    """The fen that the sentence is about."""
    event, thing = happening.event, happening.thing
    if event.name in {"deposit.required_changed"}:
        return int(event.data["after"])
    if event.name == "order.waterfall_ran_dry":
        return int(event.data["missing"]) - int(event.data.get("known", 0))
    if isinstance(happening.event.data.get("amount"), int):
        return int(event.data["amount"])
    match thing:
        case Order():
            return thing.total
        case Refund():
            return thing.asked if thing.approved is None else thing.approved
        case Dispute():
            return thing.refund.asked
    return int(getattr(thing, "amount", 0))
