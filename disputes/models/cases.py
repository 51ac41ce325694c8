"""A dispute before the platform's staff: who hears it, where it stands, and who sees it. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from disputes.states import DISPUTE, DisputeState
from refunds.models import Refund
from shops.models import SERVE, Shop, keeping
from timeline.models import Event, Tracked

#: In these the platform has not decided yet.
UNDECIDED = (
    DisputeState.OPENED,
    DisputeState.EVIDENCE,
    DisputeState.REVIEW,
    DisputeState.QUESTIONED,
    DisputeState.PROPOSED,
    DisputeState.SIGNING,
)
#: In these both sides may still add to the file; after the time for evidence it is marked as late.
HEARING = (DisputeState.EVIDENCE, DisputeState.REVIEW, DisputeState.QUESTIONED, DisputeState.PROPOSED)
#: In these nothing is carried out yet: an authority may stop the case, and both sides may still agree.
UNFINISHED = (*UNDECIDED, DisputeState.RULED, DisputeState.APPEALED)
OPEN = (*UNFINISHED, DisputeState.SUSPENDED, DisputeState.ENFORCING)
#: Staff who see every case; arbiters and seniors see those that are theirs.
SEEING_ALL = frozenset({Role.AGENT, Role.LEAD, Role.RISK, Role.FINANCE, Role.AUDITOR})
#: Staff who may add to a file; the others only read.
ASSISTING = frozenset({Role.AGENT, Role.ARBITER, Role.SENIOR, Role.LEAD})
#: For how long a file stays open for somebody of the staff who said that they open it.
FILE_STAYS_OPEN = timedelta(hours=12)
#: Who can be liable, in the order that breaks ties.
PARTIES = ("platform", "seller", "upstream", "buyer")


class Side(models.TextChoices):
    """Who speaks."""

    BUYER = "buyer", _("Buyer")
    SHOP = "shop", _("Shop")
    PLATFORM = "platform", _("Platform")

    @property
    def other(self) -> Side:
        """Who stands against it."""
        return Side.SHOP if self == Side.BUYER else Side.BUYER


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Questions to the disputes."""

    def with_parties(self) -> DisputeQuerySet:
        """With everything that a page needs to name the case and its sides."""
        return self.select_related("refund__order__shop", "refund__buyer", "arbiter", "senior", "neutral")

    def of_party(self, user: Any) -> DisputeQuerySet:
        """Disputes in which `user` is the buyer or the shop: a question for each way, each with an index."""
        return self.filter(pk__in=_any_of(_as_a_party(user)))

    def on_bench_of(self, user: Any, roles: frozenset[str]) -> DisputeQuerySet:
        """Disputes that `user` sees as staff holding `roles`: never one in which they are a party."""
        found = self.exclude(refund__buyer=user).exclude(keeping(user, shop="refund__order__shop"))
        if roles & SEEING_ALL:
            return found
        mine = Q(pk__in=[])
        if Role.ARBITER in roles:
            mine |= Q(arbiter=user)
        if Role.SENIOR in roles:
            mine |= Q(senior=user) | Q(senior=None, state=DisputeState.SIGNING) | Q(arbiter=user)
        if roles:
            mine |= Q(pk__in=Seat.objects.filter(user=user, until=None).values("dispute"))
        return found.filter(mine | of_neutral(user))

    def visible_to(self, user: Any, roles: frozenset[str]) -> DisputeQuerySet:
        """Disputes that `user` sees as a party or as staff: a question for each way, each with an index."""
        every = DisputeQuerySet(Dispute).order_by()
        as_staff = every.on_bench_of(user, roles) if roles else every.filter(of_neutral(user))
        return self.filter(pk__in=_any_of([*_as_a_party(user), as_staff]))

    def open(self) -> DisputeQuerySet:
        """Disputes that are not over."""
        return self.filter(state__in=OPEN)

    def nobodys(self) -> DisputeQuerySet:
        """Cases that nobody has: not assigned yet, or heard while nobody could be named."""
        return self.filter(Q(state=DisputeState.OPENED) | Q(arbiter=None, state__in=HEARING))


def of_neutral(user: Any) -> Q:
    """Which cases somebody from outside has: to decide in the platform's place, or on the panel of an appeal."""
    listed = Neutral.objects.filter(user=user).values("user")
    seats = Seat.objects.filter(user=user, user__in=listed, part=Seat.Part.REVIEWER, until=None)
    return Q(neutral__user=user, arbiter=user) | Q(pk__in=seats.values("dispute"))


def _as_a_party(user: Any) -> list[DisputeQuerySet]:
    every = DisputeQuerySet(Dispute).order_by()
    shops = Shop.objects.filter(keeping(user, SERVE))
    return [every.filter(refund__buyer=user), every.filter(refund__order__shop__in=shops)]


def _any_of(ways: list[DisputeQuerySet]) -> Any:
    first, *others = [way.values("pk") for way in ways]
    return first.union(*others, all=True)


class Dispute(Tracked):
    """A refund case that people of the mall decide."""

    machine = DISPUTE
    scopes = {name: f"refund__{path}" for name, path in Refund.scopes.items()}

    class Track(models.TextChoices):
        """How much time a case of its size and kind takes."""

        FAST = "fast", _("Fast track")
        NORMAL = "normal", _("Normal track")
        COMPLEX = "complex", _("Complex case")

    class Outcome(models.TextChoices):
        """How it ended; each case ends once."""

        RULING = "ruling", _("Ruled by people")
        PROVISIONAL = "provisional", _("Provisional ruling by the rulebook")
        DEFAULT = "default", _("Ruled by a default rule")
        DISMISSED = "dismissed", _("Dismissed")
        MEDIATED = "mediated", _("Agreed on the platform's proposal")
        SETTLED = "settled", _("Settled by both sides")
        CONCEDED = "conceded", _("Conceded by the shop")
        WITHDRAWN = "withdrawn", _("Withdrawn by the buyer")
        EXTERNAL = "external", _("Paid back by the payment channel")

    class Suspended(models.TextChoices):
        """Why a case stands still."""

        AUTHORITY = "authority", _("Written order of an authority")
        COURT = "court", _("The matter is before a court")
        OUTAGE = "outage", _("Registered outage of more than two hours")
        OUTSIDE = "outside", _("The buyer takes it straight outside")

    read_with = ("refund",)
    root_by = "refund__order"

    number = models.CharField(max_length=20, unique=True)
    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, related_name="dispute")
    track = models.CharField(max_length=10, choices=Track.choices)
    is_urgent = models.BooleanField(default=False)
    arbiter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    senior = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    buyer_rested = models.BooleanField(default=False, help_text="the buyer has nothing to add")
    shop_rested = models.BooleanField(default=False, help_text="the shop has nothing to add")
    ran_out = models.PositiveSmallIntegerField(default=0, help_text="how often the time for a ruling ran out")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    neutral = models.ForeignKey("disputes.Neutral", on_delete=models.PROTECT, null=True, related_name="disputes")
    is_against_platform = models.BooleanField(db_default=False, default=False, help_text="its staff may not rule")
    assigned_at = models.DateTimeField(null=True, help_text="since when the arbiter has it: the time to challenge runs")
    unseals_at = models.DateTimeField(null=True, help_text="until then a side's statements are sealed to the other")
    buyer_extended = models.BooleanField(db_default=False, default=False)
    shop_extended = models.BooleanField(db_default=False, default=False)
    buyer_waived = models.BooleanField(db_default=False, default=False, help_text="the buyer will not appeal")
    shop_waived = models.BooleanField(db_default=False, default=False, help_text="the shop will not appeal")
    waits_for = models.CharField(
        max_length=10, db_default="", default="", blank=True, help_text="who is asked for one thing"
    )
    left = models.DurationField(null=True, help_text="what was left of the clock that another one interrupts")
    suspended_in = models.CharField(max_length=20, db_default="", default="", blank=True)
    suspended_left = models.DurationField(null=True, help_text="what was left of that state's clock")
    suspended_because = models.CharField(
        max_length=10, choices=Suspended.choices, db_default="", default="", blank=True
    )
    suspended_reference = models.CharField(max_length=200, db_default="", default="", blank=True)
    is_remanded = models.BooleanField(db_default=False, default=False, help_text="a panel sent it back; once")
    budget_over_at = models.DateTimeField(null=True, help_text="when the time was used up that a buyer must wait")
    advanced = models.BigIntegerField(db_default=0, default=0, help_text="fen paid before anybody decided")
    supplemented = models.BigIntegerField(db_default=0, default=0, help_text="fen paid on top of what was paid early")
    made_whole = models.BigIntegerField(db_default=0, default=0, help_text="fen the fund gave the shop")

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            DISPUTE.constraint("disputes_dispute_state"),
            models.CheckConstraint(
                condition=Q(senior__isnull=True) | ~Q(senior=F("arbiter")), name="disputes_dispute_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="", state__in=[DisputeState.CLOSED, DisputeState.WITHDRAWN]),
                name="disputes_dispute_ends_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(advanced__gte=0, supplemented__gte=0, made_whole__gte=0), name="disputes_dispute_sums"
            ),
            models.CheckConstraint(
                condition=~Q(state=DisputeState.SUSPENDED) | ~Q(suspended_in="", suspended_because=""),
                name="disputes_dispute_suspended_from",
            ),
        ]
        indexes = [
            models.Index(fields=["arbiter", "deadline_at"], name="disputes_dispute_bench"),
            models.Index(fields=["deadline_at", "id"], condition=Q(state__in=OPEN), name="disputes_dispute_queue"),
        ]

    def __str__(self) -> str:
        return self.number

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.refund.order

    def get_absolute_url(self) -> str:
        """The case as its two sides see it."""
        return reverse("disputes:case", args=[self.number])

    @property
    def owner(self) -> str:
        """Whose turn it is: where one thing is asked for, whoever was asked; the shop answers for its supplier. Where
        somebody from outside must judge and nobody could be named, a lead looks for one."""
        if self.state == DisputeState.QUESTIONED:
            return Side.BUYER if self.waits_for == Side.BUYER else Side.SHOP
        if self.state == DisputeState.SIGNING and self.waits_for:
            return self.waits_for
        if self.state == DisputeState.REVIEW and self.is_against_platform and self.arbiter_id is None:
            return "lead"
        return super().owner

    @property
    def decided_in(self) -> str:
        """The state that counts: of a case that stands still, the one it stands still in."""
        return self.suspended_in if self.state == DisputeState.SUSPENDED else self.state

    def side_of(self, user: Any) -> Side | None:
        """For whom `user` stands as a party; nobody of the staff is one."""
        if self.refund.buyer_id == user.pk:
            return Side.BUYER
        return Side.SHOP if self.refund.order.shop.may(user, SERVE) else None

    def has_rested(self, side: Side) -> bool:
        """Whether a side said that it has nothing to add."""
        return self.buyer_rested if side == Side.BUYER else self.shop_rested

    def has_extended(self, side: Side) -> bool:
        """Whether a side has had its one extension of the time for evidence."""
        return self.buyer_extended if side == Side.BUYER else self.shop_extended

    def has_waived(self, side: Side) -> bool:
        """Whether a side said that it will not appeal."""
        return self.buyer_waived if side == Side.BUYER else self.shop_waived

    def is_sealed(self, at: datetime) -> bool:
        """Whether what one side says is still sealed to the other."""
        return self.state == DisputeState.EVIDENCE and self.unseals_at is not None and at < self.unseals_at

    def is_unmasked_for(self, user: Any, at: datetime) -> bool:
        """Whether somebody of the staff has said, on record, why they need the personal data, not long ago."""
        return Event.objects.filter(
            subject=self.address, name="dispute.unmasked", by=user, at__gt=at - FILE_STAYS_OPEN
        ).exists()

    def is_file_open_for(self, user: Any, at: datetime) -> bool:
        """Whether somebody of the staff has said, on record, that they open this file, not long ago."""
        return Event.objects.filter(
            subject=self.address, name="dispute.file_opened", by=user, at__gt=at - FILE_STAYS_OPEN
        ).exists()

    def may_be_signed_by(self, user: Any) -> bool:
        """Whether the second signature is this person's to give, by the case alone."""
        if self.state != DisputeState.SIGNING:
            return False
        if self.waits_for == "arbiter":
            return bool(self.arbiter_id == user.pk)
        if self.waits_for == "panel":
            return self.is_to_find(user)
        return self.senior_id in (user.pk, None) and self.arbiter_id != user.pk

    def is_to_find(self, user: Any) -> bool:
        """Whether somebody sits on the first panel and has not said what they find of the ruling as it is now."""
        seats = self.seats.filter(user=user, part=Seat.Part.MEMBER, until=None)
        newest = self.rulings.order_by("-version").values("pk")[:1]
        return seats.exists() and not self.rulings.filter(pk__in=newest, signatures__user=user).exists()


class Seat(models.Model):
    """Somebody had a part in a case, as what, and until when: nobody has two, and who left does not come back."""

    class Part(models.TextChoices):
        """As what."""

        ARBITER = "arbiter", _("Arbiter")
        SENIOR = "senior", _("Second signature")
        MEMBER = "member", _("Member of the first panel")
        REVIEWER = "reviewer", _("Member of the panel")
        CHIEF = "chief", _("Chief of the panel")
        NEUTRAL = "neutral", _("Outside neutral")

    class Left(models.TextChoices):
        """Why somebody has it no longer."""

        LAPSED = "lapsed", _("Let the time run out")
        REASSIGNED = "reassigned", _("The lead gave it to somebody else")
        CHALLENGED = "challenged", _("Challenged by a side")
        RECUSED = "recused", _("Stepped back")
        REMANDED = "remanded", _("The panel sent the case to somebody new")
        SETTLED = "settled", _("The matter was settled")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="seats")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=10, choices=Part.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    left = models.CharField(max_length=10, choices=Left.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "user"], condition=Q(until=None), name="disputes_seat_one_part_at_a_time"
            ),
            models.CheckConstraint(condition=Q(until=None) | ~Q(left=""), name="disputes_seat_left_because"),
        ]
        indexes = [models.Index(fields=["user"], condition=Q(until=None), name="disputes_seat_now")]


class Challenge(models.Model):
    """A side does not want somebody to judge its case: once per side, and somebody else then does."""

    class Ground(models.TextChoices):
        """What it says."""

        KNOWS = "knows", _("Knows the other side")
        INTEREST = "interest", _("Gains something by the result")
        DECIDED = "decided", _("Has judged the matter before")
        UNFAIR = "unfair", _("Did not treat both sides alike")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="challenges")
    side = models.CharField(max_length=10, choices=Side.choices)
    challenged = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=10, choices=Ground.choices)
    text = models.TextField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "side"], name="disputes_challenge_once_per_side"),
        ]


class Neutral(models.Model):
    """Somebody outside the mall who decides where the platform itself is the respondent: a public list."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    organization = models.CharField(max_length=120)
    about = models.TextField(max_length=1000, help_text="training, ties, fee: what both sides must know")
    listed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    listed_at = models.DateTimeField()
    delisted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
