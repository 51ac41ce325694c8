"""Nouns of the ground floor: events, timers, tracked things and the clock's offset."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine, machines
from timeline.reading import as_read
from timeline.spans import Kind, Span


class Tracked(models.Model):
    """A thing with a state: only the door (`timeline.door`) writes its state, its clock and its event.

    `deadline_at` is when the state's clock ends, or nothing while no clock runs or it stands still.
    """

    machine: ClassVar[Machine]
    #: What an outage can be about, and where that stands: `{"shop": "order__shop_id"}`. The platform is always meant.
    #: Where one scope stands in two places, the second has a word behind it: `{"supplier.delivering": "…"}`.
    scopes: ClassVar[dict[str, str]] = {}
    #: Rows that are read together with it when it is locked (`select_related`); its verbs need them anyway.
    read_with: ClassVar[tuple[str, ...]] = ()
    #: How the thing leads to its root, if that is another row: `order`, `refund__order`.
    root_by: ClassVar[str] = ""

    state = models.CharField(max_length=20, editable=False)
    entered_at = models.DateTimeField(editable=False)
    deadline_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def kinds() -> list[type[Tracked]]:
        """Every model with a machine."""
        from django.apps import apps

        return [model for model in apps.get_models() if issubclass(model, Tracked)]

    @property
    def address(self) -> str:
        """How events and timers name this thing: `deposit:7`."""
        return f"{self.machine.name}:{self.pk}"

    def root(self) -> models.Model:
        """The thing whose lock and whose stream of events this one shares; by default its own."""
        return self

    @property
    def root_address(self) -> str:
        """The address of the stream: `shop:7`."""
        root = self.root()
        return root.address if isinstance(root, Tracked) else f"{root._meta.model_name}:{root.pk}"

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in self.machine.terminal

    @property
    def owner(self) -> str:
        """Whose turn it is; empty at the end."""
        return self.machine.owners.get(self.state, "")

    def is_overdue(self, at: datetime) -> bool:
        """Whether the time of this state is over at `at`; exactly at the deadline it is."""
        return self.deadline_at is not None and self.deadline_at <= at


def find(address: str) -> Tracked:
    """The thing that an address (`deposit:7`) names."""
    name, _, pk = address.partition(":")
    return machines[name].model._base_manager.get(pk=int(pk))


def find_to_lock(address: str, root: str) -> Tracked:
    """The thing that an address names under a root's, with nothing read yet where the lock will read it anyway."""
    name, _, pk = address.partition(":")
    model = machines[name].model
    if model.root is Tracked.root:
        return _unread(model, int(pk))
    if not model.root_by:
        return find(address)
    thing = _unread(model, int(pk))
    *way, last = model.root_by.split("__")
    above: models.Model = thing
    for step in way:
        link: Any = above._meta.get_field(step)
        setattr(above, step, link.related_model())
        above = getattr(above, step)
    link = above._meta.get_field(last)
    setattr(above, link.attname, int(root.partition(":")[2]))
    return thing


def _unread(model: Any, key: int) -> Any:
    """A row of which nothing but the key is known until it is locked."""
    return as_read(model, [model._meta.pk.attname], [key])


class Event(models.Model):
    """Something that happened, for ever: the audit log and the outbox in one.

    One hash chain per root. `seq`, `prev` and `hash` are set by a trigger; rows can be neither changed nor deleted.
    `body` is the exact text that is hashed: canonical JSON. `by` is nobody when the clock acted.
    """

    root = models.CharField(max_length=60)
    seq = models.BigIntegerField(editable=False)
    subject = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    state_before = models.CharField(max_length=20, blank=True)
    state_after = models.CharField(max_length=20, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    body = models.TextField(default="{}")
    prev = models.BinaryField(editable=False)
    hash = models.BinaryField(editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["root", "seq"], name="timeline_event_one_per_place")]
        indexes = [models.Index(fields=["subject", "seq"], name="timeline_event_subject")]

    @property
    def data(self) -> dict[str, Any]:
        """What else is known of it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class TimerQuerySet(models.QuerySet["Timer"]):
    """Questions to the clocks."""

    def due(self, at: datetime) -> TimerQuerySet:
        """Running clocks whose time is over and that have not been given up, oldest first."""
        return self.filter(state=Timer.State.RUNNING, due_at__lte=at, next_try_at__lte=at).order_by("due_at", "pk")

    def to_remind(self, at: datetime) -> TimerQuerySet:
        """Running clocks of which somebody must be reminded now, the oldest first."""
        return self.filter(state=Timer.State.RUNNING, next_reminder_at__lte=at).order_by("next_reminder_at", "pk")

    def live(self) -> TimerQuerySet:
        """Clocks that run or stand still."""
        return self.filter(state__in=[Timer.State.RUNNING, Timer.State.PAUSED])


class Timer(models.Model):
    """A clock as a row: who is under it is the subject's owner, what happens at its end is the machine's verb."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        FIRED = "fired"
        CANCELLED = "cancelled"
        STUCK = "stuck"

    root = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    limit = models.CharField(max_length=30, help_text="the clock's name in the rulebook, SELLER_RESPONSE")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in Kind])
    amount = models.PositiveIntegerField(help_text="minutes, days or working days")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    is_provisional = models.BooleanField(default=False, help_text="a year on its way has no holiday notice yet")
    paused_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    rulebook = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="the version that sets the span"
    )
    owner = models.CharField(max_length=20, blank=True, default="", db_default="", help_text="who is under it")
    is_guarded = models.BooleanField(
        default=False, db_default=False, help_text="silence hurts the buyer: needs two delivered reminders"
    )
    reminded = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_reminder_at = models.DateTimeField(null=True)
    postponed_at = models.DateTimeField(null=True, help_text="when it was given 24 h more for want of reminders")
    leased_until = models.DateTimeField(null=True, help_text="until then one sweep has taken it on")
    outage = models.ForeignKey(
        "timeline.Outage", on_delete=models.PROTECT, null=True, related_name="+", help_text="why it stands still"
    )

    objects = TimerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "limit"],
                condition=Q(state__in=["running", "paused"]),
                name="timeline_timer_one_live",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["cancelled", "fired", "paused", "running", "stuck"]), name="timeline_timer_state"
            ),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False) | ~Q(state="paused") & Q(paused_at__isnull=True),
                name="timeline_timer_paused_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["fired", "cancelled"], ended_at__isnull=False)
                | Q(state__in=["running", "paused", "stuck"], ended_at__isnull=True),
                name="timeline_timer_ended_at",
            ),
            models.CheckConstraint(
                condition=~Q(state="fired") | Q(ended_at__gte=models.F("due_at")), name="timeline_timer_never_early"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(outage__isnull=True), name="timeline_timer_outage_stops"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="running"), name="timeline_timer_due"),
            models.Index(fields=["root"], condition=Q(state__in=["running", "paused"]), name="timeline_timer_root"),
            models.Index(fields=["subject"], name="timeline_timer_subject"),
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(state="running", next_reminder_at__isnull=False),
                name="timeline_timer_remind",
            ),
            models.Index(fields=["id"], condition=Q(state="stuck"), name="timeline_timer_stuck"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["running", "paused"], is_provisional=True),
                name="timeline_timer_provisional",
            ),
        ]

    @property
    def span(self) -> Span:
        """How long the clock was set for."""
        return Span(Kind(self.kind), self.amount, self.rulebook, self.is_guarded)

    @property
    def left(self) -> timedelta:
        """What was left when the clock was stopped; nothing is left of a clock that runs or has ended."""
        return self.due_at - self.paused_at if self.paused_at else timedelta(0)


class Reminder(models.Model):
    """Somebody was told that a clock runs out. Delivered: the mail server took it, or the inbox entry was opened."""

    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, related_name="reminders")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["timer", "number"], name="timeline_reminder_once")]


class OutageQuerySet(models.QuerySet["Outage"]):
    """Questions to the outages."""

    def unsettled(self) -> OutageQuerySet:
        """Outages that may still stop a clock, or whose end has not reached every clock yet; the oldest first."""
        return self.filter(settled_at=None).order_by("began_at", "pk")


class Outage(models.Model):
    """Something was down, registered by a person: the clocks that it covers stand still meanwhile.

    `scope` is the platform, or one channel, supplier, shop or kind of goods by its `target`. Without `ended_at` it goes
    on. `seen_id` is how far the clocks have been walked through, once when it begins and once more when it has ended
    (`is_ending`); once its end has reached all of them it is settled.
    """

    class Scope(models.TextChoices):
        """What was down."""

        PLATFORM = "platform", _("The whole platform")
        CHANNEL = "channel", _("A payment channel")
        SUPPLIER = "supplier", _("A supplier")
        SHOP = "shop", _("A shop")
        KIND = "kind", _("A kind of goods")

    scope = models.CharField(max_length=10, choices=Scope.choices)
    target = models.CharField(max_length=40, blank=True, help_text="which one: empty for the platform")
    reason = models.CharField(max_length=500)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    seen_id = models.BigIntegerField(default=0)
    is_ending = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    widens = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="widened_by",
        help_text="the entry that this one took the place of",
    )

    objects = OutageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=models.F("began_at")), name="timeline_outage_forward"
            ),
            models.CheckConstraint(
                condition=Q(scope="platform", target="") | ~Q(scope="platform") & ~Q(target=""),
                name="timeline_outage_target",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["channel", "kind", "platform", "shop", "supplier"]),
                name="timeline_outage_scope",
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None) | Q(ended_at__isnull=False), name="timeline_outage_settled"
            ),
        ]
        indexes = [models.Index(fields=["began_at"], condition=Q(settled_at=None), name="timeline_outage_unsettled")]

    @property
    def address(self) -> str:
        """The stream of its events: `outage:3`."""
        return f"outage:{self.pk}"

    def is_on(self, at: datetime) -> bool:
        """Whether it is down at `at`."""
        return self.began_at <= at and (self.ended_at is None or at < self.ended_at)


class Pause(models.Model):
    """A time in which one clock stood still, and why. It belongs to the clock's name on its subject.

    Times of one clock that stand here are not given a second time by an outage that is registered later.
    """

    class Cause(models.TextChoices):
        """Why."""

        OUTAGE = "outage", _("Outage")
        CLAIM = "claim", _("Open claim")
        SUPPLIER = "supplier", _("Waiting for the supplier")
        SUSPENSION = "suspension", _("Suspension")

    subject = models.CharField(max_length=60)
    limit = models.CharField(max_length=30)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    outage = models.ForeignKey(Outage, on_delete=models.PROTECT, null=True, related_name="pauses")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ends_by = models.DateTimeField(null=True, help_text="when it ends by itself, whatever happens")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outage", "subject", "limit"],
                condition=Q(outage__isnull=False),
                name="timeline_pause_once_per_outage",
            ),
            models.CheckConstraint(
                condition=Q(outage__isnull=True) | Q(cause="outage"), name="timeline_pause_outage_is_cause"
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "limit"], name="timeline_pause_subject"),
            models.Index(
                fields=["ends_by"], condition=Q(ended_at=None, ends_by__isnull=False), name="timeline_pause_ends_by"
            ),
        ]


class ClockOffset(models.Model):
    """How far the demo mall's time is ahead of the database's. The row exists in demo mode only; it only grows."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField(default=timedelta(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="timeline_clock_single"),
            models.CheckConstraint(condition=Q(ahead__gte=timedelta(0)), name="timeline_clock_forward"),
        ]


class Heartbeat(models.Model):
    """When something that must live was last heard of: the sweep, by name. Asked by /readyz."""

    name = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()


class KeptAnswer(models.Model):
    """The answer to a request that carried an idempotency key, kept so that sending it again changes nothing.

    `at` is real time, as for heartbeats: moving the mall's clock does not make a sender's second try a new request.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)
    location = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["by", "key"], name="timeline_keptanswer_once")]
        indexes = [models.Index(fields=["at"], name="timeline_keptanswer_at")]
