"""What a shop's machines are told: which events, in which words, in which order. Nothing secret, nothing personal."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from notifications.happenings import Happening, happenings
from notifications.models import HEARD, Call, Endpoint
from notifications.people import shop as shop_people
from notifications.preferences import group_of
from notifications.recipients import TOLD
from timeline.machines import CLOCK_EVENTS
from timeline.models import Event

#: The things whose steps a shop's machines follow, each step; disputes tell what the shop's people are told.
FOLLOWED = ("order", "refund", "deposit")
#: Steps of a dispute that change what a shop may do, though its people hear them otherwise.
STEPS_OF_DISPUTES = {"dispute.opened", "dispute.enforcing", "dispute.closed", "dispute.withdrawn", "dispute.conceded"}
VERSION = 1


def is_heard(name: str) -> bool:
    """Whether an event of this name is a machine's business: a step of a thing, or something shop people are told."""
    kind, _, what = name.partition(".")
    if group_of(name) not in HEARD or what in CLOCK_EVENTS:
        return False
    told_shop = any(line.who is shop_people for line in TOLD.get(name, ()))
    return told_shop or name in STEPS_OF_DISPUTES or kind in FOLLOWED


def make(events: Sequence[Event]) -> int:
    """Write down what the endpoints of these events' shops are told; returns how many calls. Twice changes nothing.

    Whoever calls holds the inbox's mark, so nobody else counts at the same time.
    """
    endpoints = defaultdict(list)
    for endpoint in Endpoint.objects.there().order_by("pk"):
        endpoints[endpoint.shop_id].append(endpoint)
    if not endpoints:
        return 0
    wanted = [event for event in events if is_heard(event.name) and _is_step(event)]
    told = [
        (endpoint, each)
        for each in happenings(wanted)
        if each.shop
        for endpoint in endpoints[each.shop.pk]
        if group_of(each.event.name) in endpoint.groups and each.event.pk > endpoint.after_event
    ]
    return _write(told)


def body_of(happening: Happening, sequence: int) -> dict[str, Any]:
    """What one event is in the words of the API."""
    event = happening.event
    words = happening.words()
    return {
        "id": event.pk,
        "version": VERSION,
        "type": event.name,
        "at": event.at.isoformat(),
        "sequence": sequence,
        "case": event.root,
        "subject": {"kind": event.subject.partition(":")[0], "number": words["number"]},
        "order": words["order"],
        "shop": happening.shop.slug if happening.shop else "",
        "state_before": event.state_before,
        "state": event.state_after or getattr(happening.thing, "state", ""),
        "amount": words["amount"],
    }


def _is_step(event: Event) -> bool:
    """A step, or something that people are told; what merely was noted of a thing is nobody's business outside."""
    return event.state_before != event.state_after or event.name in TOLD or event.name in STEPS_OF_DISPUTES


def _write(told: list[tuple[Endpoint, Happening]]) -> int:
    if not told:
        return 0
    ids = {endpoint.pk for endpoint, _happening in told}
    known = set(
        Call.objects.filter(endpoint__in=ids, event__in={each.event.pk for _endpoint, each in told})
        .order_by("pk")
        .values_list("endpoint_id", "event_id")
    )
    counted = (
        Call.objects.filter(endpoint__in=ids, root__in={each.event.root for _endpoint, each in told})
        .order_by()
        .values_list("endpoint_id", "root")
        .annotate(last=Max("sequence"))
    )
    last = {(endpoint, root): sequence for endpoint, root, sequence in counted}
    calls = []
    for endpoint, happening in told:
        event = happening.event
        if (endpoint.pk, event.pk) in known:
            continue
        place = (endpoint.pk, event.root)
        last[place] = sequence = last.get(place, 0) + 1
        calls.append(
            Call(
                endpoint=endpoint,
                event=event,
                root=event.root,
                sequence=sequence,
                type=event.name,
                body=text(body_of(happening, sequence)),
                made_at=event.at,
                next_try_at=event.at if endpoint.webhook_url else None,
            )
        )
    Call.objects.bulk_create(calls, batch_size=1_000)
    return len(calls)


def text(body: dict[str, Any]) -> str:
    """The exact text that is signed and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
