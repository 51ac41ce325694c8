"""Nouns of a dispute before the platform's staff. Amounts are integer fen, shares are basis points."""

from __future__ import annotations

import hashlib
import json
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
from shops.models import SERVE, keeping
from timeline.models import Event, Tracked

#: In these the platform has not decided yet.
UNDECIDED = (DisputeState.OPENED, DisputeState.EVIDENCE, DisputeState.REVIEW, DisputeState.SIGNING)
#: In these both sides may still add to the file; after the time for evidence it is marked as late.
HEARING = (DisputeState.EVIDENCE, DisputeState.REVIEW)
OPEN = (*UNDECIDED, DisputeState.RULED, DisputeState.ENFORCING)
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


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Questions to the disputes."""

    def with_parties(self) -> DisputeQuerySet:
        """With everything that a page needs to name the case and its sides."""
        return self.select_related("refund__order__shop", "refund__buyer", "arbiter", "senior")

    def of_party(self, user: Any) -> DisputeQuerySet:
        """Disputes in which `user` is the buyer or the shop."""
        return self.filter(Q(refund__buyer=user) | keeping(user, SERVE, shop="refund__order__shop"))

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
        return found.filter(mine)

    def visible_to(self, user: Any, roles: frozenset[str]) -> DisputeQuerySet:
        """Disputes that `user` sees as a party or as staff: a question for each way, each with an index."""
        every = DisputeQuerySet(Dispute).order_by()
        ways = [every.filter(refund__buyer=user), every.filter(keeping(user, SERVE, shop="refund__order__shop"))]
        if roles:
            ways.append(every.on_bench_of(user, roles))
        first, *others = [way.values("pk") for way in ways]
        return self.filter(pk__in=first.union(*others, all=True))

    def open(self) -> DisputeQuerySet:
        """Disputes that are not over."""
        return self.filter(state__in=OPEN)


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
        CONCEDED = "conceded", _("Conceded by the shop")
        WITHDRAWN = "withdrawn", _("Withdrawn by the buyer")

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
        ]
        indexes = [
            models.Index(fields=["arbiter", "deadline_at"], name="disputes_dispute_bench"),
            models.Index(fields=["deadline_at", "id"], condition=Q(state__in=OPEN), name="disputes_dispute_queue"),
        ]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.refund.order

    def get_absolute_url(self) -> str:
        """The case as its two sides see it."""
        return reverse("disputes:case", args=[self.number])

    def side_of(self, user: Any) -> Side | None:
        """For whom `user` stands as a party; nobody of the staff is one."""
        if self.refund.buyer_id == user.pk:
            return Side.BUYER
        return Side.SHOP if self.refund.order.shop.may(user, SERVE) else None

    def has_rested(self, side: Side) -> bool:
        """Whether a side said that it has nothing to add."""
        return self.buyer_rested if side == Side.BUYER else self.shop_rested

    def is_file_open_for(self, user: Any, at: datetime) -> bool:
        """Whether somebody of the staff has said, on record, that they open this file, not long ago."""
        return Event.objects.filter(
            subject=self.address, name="dispute.file_opened", by=user, at__gt=at - FILE_STAYS_OPEN
        ).exists()

    def may_be_signed_by(self, user: Any) -> bool:
        """Whether the second signature is this person's to give, by the case alone."""
        return self.state == DisputeState.SIGNING and self.senior_id in (user.pk, None) and self.arbiter_id != user.pk


class Statement(models.Model):
    """What one side says, in its own words."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="statements")
    side = models.CharField(max_length=10, choices=Side.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    at = models.DateTimeField()


class Evidence(models.Model):
    """One item of the file: from a side, or our own record that entered by itself."""

    class Kind(models.TextChoices):
        """What it is."""

        ORDER = "order", _("The order")
        PROMISE = "promise", _("What was promised")
        DELIVERY = "delivery", _("Delivery of the units")
        REVEALS = "reveals", _("When codes were looked at")
        VALIDITY = "validity", _("What the issuer says of the codes")
        CONVERSATION = "conversation", _("The conversation")
        PAYMENTS = "payments", _("Payments")
        CLAIM = "claim", _("The buyer's claim")
        ANSWER = "answer", _("The shop's answer")
        STATEMENT = "statement", _("Statement")
        FILE = "file", _("File")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    side = models.CharField(max_length=10, choices=Side.choices)
    title = models.CharField(max_length=120, blank=True, help_text="a file's name; else its kind says it")
    body = models.TextField(help_text="canonical JSON, the exact text that is hashed")
    sha256 = models.CharField(max_length=64, help_text="of the body, or of the file's original")
    grade = models.CharField(max_length=10, help_text="record, receipt or claim")
    attachment = models.ForeignKey("orders.Attachment", on_delete=models.PROTECT, null=True, related_name="+")
    is_late = models.BooleanField(default=False, help_text="came after the time for evidence")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "attachment"],
                name="disputes_evidence_file_once",
                condition=Q(attachment__isnull=False),
            )
        ]

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_intact(self) -> bool:
        """Whether the text is still what was hashed; a file is read against its hash by its own room."""
        return self.attachment_id is not None or hashlib.sha256(self.body.encode()).hexdigest() == self.sha256


class Ruling(models.Model):
    """The reasoned decision (争议裁定): shares, fen per unit, rules, arithmetic, where the money comes from."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="rulings")
    version = models.PositiveSmallIntegerField()
    shares = models.JSONField(help_text="basis points of platform, seller, upstream, buyer; 10,000 in all")
    grants = models.JSONField(help_text="fen per unit id")
    compensation = models.BigIntegerField(default=0)
    rule_ids = models.JSONField()
    rulebook_version = models.CharField(max_length=40)
    findings = models.JSONField(help_text="per item of evidence, what it weighs and shows")
    reasons = models.TextField(max_length=8000)
    arithmetic = models.JSONField(help_text="per unit: place, paid, the buyer's share, what goes back")
    funding = models.JSONField(help_text="preview of the sources when it was written")
    departs = models.BooleanField(default=False, help_text="departs from the rulebook's figure")
    departs_because = models.TextField(max_length=2000, blank=True)
    needs_signature = models.BooleanField()
    is_final = models.BooleanField(default=False, help_text="the version that was served to both sides")
    sha256 = models.CharField(max_length=64, help_text="of what was decided; stands in the event, too")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "version"], name="disputes_ruling_one_per_version"),
            models.UniqueConstraint(fields=["dispute"], condition=Q(is_final=True), name="disputes_ruling_one_final"),
            models.CheckConstraint(condition=Q(compensation__gte=0), name="disputes_ruling_compensation"),
            models.CheckConstraint(
                condition=Q(departs=False) | ~Q(departs_because="") | Q(by=None), name="disputes_ruling_departs_because"
            ),
        ]

    @property
    def award(self) -> int:
        """What the buyer gets in all, compensation included, in fen."""
        return sum(self.grants.values()) + int(self.compensation)

    @property
    def granted(self) -> dict[int, int]:
        """What goes back per unit id, in fen; units that get nothing are left out."""
        return {int(unit): amount for unit, amount in self.grants.items() if amount}


class Signature(models.Model):
    """A second person agrees, or sends the draft back."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    note = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "user"], name="disputes_signature_once")]
