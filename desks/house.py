"""Whether the house is in order: what is late, what nobody holds, what did not leave, what does not add up.

Each question names things by address, with the page where somebody sees to it. `manage.py check_house` asks them all
and fails if one finds something; each is a gauge for those who watch, and all stand on one page for staff.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Suspension
from complaints.states import ComplaintState
from disputes.models import Dispute
from disputes.states import DisputeState
from ledger.models import Account, BooksCheck, Posting
from ledger.states import PayoutState
from notifications.models import Call, Delivery, HighWaterMark
from orders import outages
from privacy import exports, files, retention
from privacy.models import Erasure
from privacy.states import ErasureState
from refunds.states import ContestState, GuardianState, RefundState
from reputation import alarms, counting
from reputation.models import Doubt, Mark, Measure
from reputation.suspending import ANSWERED
from shops.models import Application, Sanction
from shops.states import ApplicationState, ListingState, SanctionState
from support.models import Talk
from timeline import runs
from timeline.machines import machines
from timeline.models import Event, Timer, Tracked

#: A clock may wait for a sweep or two.
CLOCKS = timedelta(minutes=5)
#: A mail or a call may wait for a worker or two; what is tried again later has its own time.
POST = timedelta(minutes=15)
#: How long something that was given up stays a finding: until somebody has seen it on a working day.
GIVEN_UP = timedelta(days=7)
#: People are told within this, and what happened is counted.
TOLD = timedelta(minutes=10)
#: The whole books are looked at once a day.
BOOKS = timedelta(hours=26)
#: Money that nobody can place goes back within hours.
UNMATCHED = timedelta(hours=24)
#: What has had its time is destroyed by a daily run, and by another one if that failed.
DESTROYED = timedelta(days=3)
#: Another person hears a shop's appeal within a day.
HEARD = timedelta(hours=24)
#: So many of one kind are named; the number is always true.
NAMED = 50


@dataclass(frozen=True)
class Finding:
    """One thing that is not in order: its address, what is wrong, since when, and where somebody sees to it."""

    subject: str
    what: str
    since: datetime | None = None
    url: str = ""


Question = Callable[[datetime], list[Finding]]


def overdue_clocks(at: datetime) -> list[Finding]:
    """Clocks that run though their time is over."""
    late = Timer.objects.filter(state=Timer.State.RUNNING, due_at__lte=at - CLOCKS).order_by("due_at", "pk")
    return [Finding(each.subject, each.limit, each.due_at) for each in late]


def stuck_clocks(at: datetime) -> list[Finding]:
    """Clocks that were given up."""
    page = reverse("clocks:stuck")
    rows = Timer.objects.filter(state=Timer.State.STUCK).order_by("due_at", "pk")
    return [Finding(each.subject, f"{each.limit}: {each.last_error[:80]}", each.due_at, page) for each in rows]


def left_over(at: datetime) -> list[Finding]:
    """Orders that could not be held against an outage, and that nobody tries any more."""
    page = reverse("orders:given_up")
    return [
        Finding(order.address, weighing.tries[str(order.pk)]["why"][:80], weighing.outage.registered_at, page)
        for weighing, order in outages.given_up()
    ]


def without_clock(at: datetime) -> list[Finding]:
    """Open things whose state has a clock by their machine, and none runs, stands still or is stuck."""
    found = []
    for name, machine in sorted(machines.items()):
        if not machine.limits:
            continue
        table = machine.model._meta.db_table
        pairs = ", ".join(["(%s, %s)"] * len(machine.limits))
        with connection.cursor() as cursor:
            cursor.execute(
                f"select t.id, t.state, t.entered_at from {table} t"  # noqa: S608 - our own names
                f' join (values {pairs}) as l (state, "limit") on l.state = t.state'
                " where not exists (select from timeline_timer c where c.subject = %s || ':' || t.id"
                " and c.\"limit\" = l.\"limit\" and c.state in ('running', 'paused', 'stuck'))"
                " order by t.id",
                [word for pair in sorted(machine.limits.items()) for word in pair] + [name],
            )
            found += [Finding(f"{name}:{pk}", state, since) for pk, state, since in cursor.fetchall()]
    return found


def without_owner(at: datetime) -> list[Finding]:
    """Open things that nobody holds: a state without an owner, or a case in work without a person."""
    found = []
    for name, machine in sorted(machines.items()):
        orphaned = sorted(set(machine.states.values) - machine.terminal - set(machine.owners))
        if orphaned:
            rows = machine.model._base_manager.filter(state__in=orphaned).order_by("pk")
            found += [Finding(f"{name}:{row.pk}", row.state, row.entered_at) for row in rows]
    held_by_arbiter = [state for state, owner in Dispute.machine.owners.items() if owner == "arbiter"]
    rows = Dispute.objects.filter(state__in=held_by_arbiter, arbiter=None).order_by("pk")
    found += [
        Finding(row.address, row.state, row.entered_at, reverse("disputes:bench_case", args=[row.number]))
        for row in rows
    ]
    return found


def untold(at: datetime) -> list[Finding]:
    """Events of which people and machines should have been told."""
    mark = HighWaterMark.objects.filter(pk=1).first()
    first = Event.objects.filter(pk__gt=mark.event_id if mark else 0, at__lte=at - TOLD).order_by("pk").first()
    if first is None or (mark is not None and mark.at is not None and mark.at > at - TOLD):
        return []
    return [Finding(first.subject, first.name, first.at, reverse("notifications:index"))]


def uncounted(at: datetime) -> list[Finding]:
    """Events that were not counted, or after which nobody looked at batches: figures and alarms stand still."""
    found = []
    for name in (counting.NAME, alarms.NAME):
        mark = Mark.objects.filter(pk=name).first()
        first = Event.objects.filter(pk__gt=mark.event_id if mark else 0, at__lte=at - TOLD).order_by("pk").first()
        if first is not None and (mark is None or mark.at is None or mark.at <= at - TOLD):
            found.append(Finding(first.subject, f"{name}: {first.name}", first.at))
    doubts = Doubt.objects.filter(since__lte=at - TOLD).order_by("since", "pk")
    return found + [
        Finding(f"batch:{doubt.batch_id}", f"{alarms.NAME}: doubt", doubt.since, reverse("reputation:risk"))
        for doubt in doubts
    ]


def unheard(at: datetime) -> list[Finding]:
    """Appeals of shops and of whoever is suspended, and calls for a person, that nobody heard in the promised time."""
    appeals = Sanction.objects.filter(state=SanctionState.APPEALED, entered_at__lte=at - HEARD).select_related("shop")
    found = [
        Finding(each.address, each.step, each.entered_at, reverse("shops:watched_shop", args=[each.shop.slug]))
        for each in appeals.order_by("entered_at", "pk")
    ]
    suspended = Suspension.objects.appealed(at).filter(appealed_at__lte=at - ANSWERED).order_by("appealed_at", "pk")
    page = reverse("reputation:suspensions")
    found += [
        Finding(each.user.address, "suspension", each.appealed_at, page) for each in suspended.select_related("user")
    ]
    late = Talk.objects.waiting().filter(late_at__lte=at - CLOCKS)
    return found + [Finding(each.address, each.number, each.promised_at, each.get_absolute_url()) for each in late]


@dataclass(frozen=True)
class Late:
    """How a thing says that the mall is late with it, though its clock runs anew until somebody acts: in which states,
    by which event, and where staff see to it, if that is not the page of the thing.

    `words`: only where it says so. `is_entered`: the event may be the one that led into the state; else whatever was
    said on the way into it is over with it.
    """

    event: str
    states: tuple[str, ...]
    page: str = ""
    words: tuple[str, ...] = ("%",)
    is_entered: bool = False


#: By the names of the machines.
LATE: dict[str, Late] = {
    "application": Late(
        "application.late",
        (ApplicationState.APPLIED, ApplicationState.REVIEWING, ApplicationState.APPEALED),
        is_entered=True,
    ),
    "complaint": Late("complaint.late", (ComplaintState.ARRIVED, ComplaintState.WORKING)),
    "contest": Late("contest.late", (ContestState.LATE,), is_entered=True),
    # A case that a lead takes over goes on; what was not ruled, signed or paid in time comes back to the same state.
    "dispute": Late(
        "dispute.alarm",
        (DisputeState.REVIEW, DisputeState.SIGNING, DisputeState.ENFORCING, DisputeState.APPEALED),
        words=("not ruled%", "not signed%", "not paid%", "the buyer has waited%", "the panel did not decide%"),
        is_entered=True,
    ),
    "guardian": Late("guardian.late", (GuardianState.GIVEN,)),
    "listing": Late("listing.late", (ListingState.WAITING,), "shops:moderation"),
    "payout": Late("payout.alarm", (PayoutState.MANUAL,), "ledger:queue", is_entered=True),
    "refund": Late("refund.alarm", (RefundState.APPROVED,), "ledger:queue"),
}


def late(at: datetime) -> list[Finding]:
    """What the mall promised for a time that is over, and somebody of it has yet to do: an alarm rings, and no more.

    A clock that rings again is no clock that is over; without this question a house would be in order in which a
    buyer's money has not arrived for a week.
    """
    parts, asked = [], list[Any]()
    for name, each in sorted(LATE.items()):
        parts.append(
            f"select %s as name, t.id, t.state, e.first from {machines[name].model._meta.db_table} t"  # noqa: S608 - our own names
            " cross join lateral (select min(at) as first from timeline_event"
            " where subject = %s || ':' || t.id and name = %s"
            " and (at > t.entered_at or %s and at = t.entered_at)"
            " and coalesce(body::json->>'what', '') like any(%s)) e"
            " where t.state = any(%s) and e.first is not null"
        )
        asked += [name, name, each.event, each.is_entered, list(each.words), list(each.states)]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts) + " order by first, name, id", asked)
        rows = cursor.fetchall()
    pages = {name: reverse(each.page) if each.page else "" for name, each in LATE.items()}
    return [Finding(f"{name}:{pk}", state, since, pages[name]) for name, pk, state, since in rows]


def silent_work(_at: datetime) -> list[Finding]:
    """Regular work that did not run, or failed each time: the days' closing, levels, deposits, what is destroyed."""
    return [Finding(name, gettext("did not end well since then"), since) for name, since in runs.silent()]


def unsent_mail(at: datetime) -> list[Finding]:
    """Mails that wait for longer than a worker takes, or were given up lately."""
    late = Delivery.objects.filter(sent_at=None, given_up_at=None, next_try_at__lte=at - POST)
    lost = Delivery.objects.filter(given_up_at__gt=at - GIVEN_UP, attempts__outcome="failed").distinct()
    rows = [*late.select_related("notification").order_by("pk"), *lost.select_related("notification").order_by("pk")]
    page = reverse("notifications:mail_log")
    return [Finding(f"mail:{row.pk}", row.notification.code, row.made_at, page) for row in rows]


def unsent_calls(at: datetime) -> list[Finding]:
    """Calls to shops' machines that wait for longer than a worker takes, or were given up lately."""
    calls = Call.objects.select_related("endpoint__shop").order_by("pk")
    late = calls.open().filter(next_try_at__lte=at - POST, endpoint__paused_at=None, endpoint__removed_at=None)
    lost = calls.filter(given_up_at__gt=at - GIVEN_UP, endpoint__removed_at=None)
    return [
        Finding(
            f"call:{row.pk}",
            f"{row.type} · {row.endpoint.shop.name}",
            row.made_at,
            reverse("notifications:endpoint", args=[row.endpoint.shop.slug, row.endpoint_id]),
        )
        for row in [*late, *lost]
    ]


def unbalanced_books(at: datetime) -> list[Finding]:
    """What the last look at the books found, chains aside; and that nobody has looked at them for a day."""
    return [each for each in _books(at) if "chain" not in each.what]


def broken_chains(at: datetime) -> list[Finding]:
    """Chains of events, postings or rulings that the last look found broken."""
    return [each for each in _books(at) if "chain" in each.what]


def unmatched_payments(at: datetime) -> list[Finding]:
    """Money that nobody can place and that has not gone back."""
    suspense = Account.objects.filter(address="platform:suspense").first()
    if suspense is None or not suspense.balance:
        return []
    lines = Posting.objects.filter(account=suspense)
    empty = lines.filter(balance=0).order_by("-seq").first()
    first = lines.filter(seq__gt=empty.seq if empty else 0).select_related("transfer").order_by("seq").first()
    if first is None or first.transfer.at > at - UNMATCHED:
        return []
    return [Finding(suspense.address, str(suspense.balance), first.transfer.at, reverse("ledger:accounts"))]


def overdue_privacy(at: datetime) -> list[Finding]:
    """Requests to be erased that are late, keys whose day is over, copies that could not be made, faults of the run."""
    page = reverse("privacy:desk")
    late = Erasure.objects.filter(state=ErasureState.WAITING, late_at__isnull=False).order_by("late_at", "pk")
    found = [Finding(each.address, each.number, each.late_at, page) for each in late]
    keys = files.to_destroy(at - DESTROYED)
    found += [Finding(f"user:{key.user_id}", f"key {key.pk}", None, page) for key in keys]
    lost = exports.given_up().filter(asked_at__gt=at - GIVEN_UP).order_by("pk")
    found += [Finding(f"user:{each.user_id}", each.number, each.asked_at, page) for each in lost]
    return found + [Finding("privacy:run", fault, None, page) for fault in retention.faults(at)]


def _books(at: datetime) -> list[Finding]:
    page = reverse("ledger:brake")
    whole = BooksCheck.objects.filter(scope=BooksCheck.Scope.WHOLE).order_by("-pk").first()
    if whole is None or whole.at <= at - BOOKS:
        return [
            Finding("books", gettext("Nobody looked at the whole books for a day"), whole.at if whole else None, page)
        ]
    last = BooksCheck.objects.order_by("-pk").first()
    broken = {**whole.broken, **(last.broken if last else {})}
    return [Finding(str(offender), rule, whole.at, page) for rule, named in broken.items() for offender in named]


#: Every question by its name, with its words. The names are those of the gauge and of the command.
QUESTIONS: dict[str, tuple[Promise, Question]] = {
    "overdue_clocks": (_("Clocks whose time is over"), overdue_clocks),
    "stuck_clocks": (_("Clocks that were given up"), stuck_clocks),
    "left_over": (_("Orders left over by outages"), left_over),
    "without_clock": (_("Open things without a running clock"), without_clock),
    "without_owner": (_("Open things that nobody holds"), without_owner),
    "late": (_("What the mall is late with"), late),
    "silent_work": (_("Regular work that did not run"), silent_work),
    "unheard": (_("Appeals and calls that nobody heard in time"), unheard),
    "untold": (_("Events of which nobody was told"), untold),
    "uncounted": (_("Events that were not counted"), uncounted),
    "unsent_mail": (_("Mail that did not leave"), unsent_mail),
    "unsent_calls": (_("Calls to shops' machines that did not arrive"), unsent_calls),
    "unbalanced_books": (_("Books that do not add up"), unbalanced_books),
    "broken_chains": (_("Broken chains"), broken_chains),
    "unmatched_payments": (_("Money that nobody can place"), unmatched_payments),
    "overdue_privacy": (_("Personal data: what is late, and what failed"), overdue_privacy),
}


def look(at: datetime) -> dict[str, list[Finding]]:
    """Ask everything; what comes out is not in order."""
    return {name: ask(at) for name, (_words, ask) in QUESTIONS.items()}


def page_of(subject: str) -> str:
    """Where staff see to a thing; empty where there is no such page."""
    return pages_of([subject]).get(subject, "")


def pages_of(subjects: Iterable[str]) -> dict[str, str]:
    """Where staff see to each of these things, if there is such a page; one query for each kind of thing."""
    wanted: dict[str, set[int]] = {}
    for subject in subjects:
        kind, _colon, pk = subject.partition(":")
        if kind in machines and pk.isdecimal():
            wanted.setdefault(kind, set()).add(int(pk))
    found = {}
    for kind, keys in wanted.items():
        model: type[Tracked] = machines[kind].model
        for thing in model._base_manager.filter(pk__in=keys).select_related(*model.read_with).order_by("pk"):
            found[f"{kind}:{thing.pk}"] = _page_of(thing)
    return found


def _page_of(thing: Tracked) -> str:
    match thing:
        case Dispute():
            return reverse("disputes:bench_case", args=[thing.number])
        case Sanction():
            return reverse("shops:watched_shop", args=[thing.shop.slug])
        case Application():
            return reverse("shops:application_review", args=[thing.pk])
        case Measure():
            return reverse("reputation:person", args=[thing.user_id])
    find = getattr(thing, "get_absolute_url", None)
    return str(find()) if find else ""
