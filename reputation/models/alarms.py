"""A bad batch is pulled before the next victim: the master case over all who have a code of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from reputation.states import ALARM, BATCH_ANSWER, AlarmState, BatchAnswerState
from shops.models import SELL, Batch, Shop
from timeline.models import Tracked


class Alarm(Tracked):
    """One batch, one case over all its units: sale stopped, unsettled money held, every holder asked what they want.

    Confirmed, it is a recall: holders have their price or a working code without anybody's consent.
    """

    class Why(models.TextChoices):
        """What raised it."""

        RATE = "rate", _("Too large a share of the codes sold is bad")
        FEW = "few", _("Several of the first codes sold are bad")
        PERSON = "person", _("A person of risk raised it")

    machine = ALARM
    root_by = "shop"
    read_with = ("batch__listing",)

    number = models.CharField(max_length=20, unique=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="alarms")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="alarms")
    why = models.CharField(max_length=10, choices=Why.choices)
    sold = models.PositiveIntegerField(help_text="codes of the batch that were sold when it was raised")
    bad = models.PositiveIntegerField(help_text="of these, bad by our records or an issuer's word")
    reason = models.CharField(max_length=500, blank=True, help_text="of the person who raised it")
    finding = models.CharField(max_length=500, blank=True, help_text="why it was confirmed or lifted")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            ALARM.constraint("reputation_alarm_state"),
            models.CheckConstraint(condition=Q(bad__lte=F("sold")), name="reputation_alarm_bad"),
            models.UniqueConstraint(
                fields=["batch"], condition=Q(state__in=["confirmed", "raised"]), name="reputation_alarm_one_open"
            ),
        ]

    def root(self) -> models.Model:
        """A batch is its shop's; orders are locked one by one after it."""
        return self.shop

    def get_absolute_url(self) -> str:
        """The master case."""
        return reverse("reputation:alarm", args=[self.number])

    def is_open(self) -> bool:
        """Whether holders are still asked, or will be."""
        return self.state in {AlarmState.RAISED, AlarmState.CONFIRMED}

    def is_seen_by(self, user: Any) -> bool:
        """Whether `user` sees the master case: the shop, and people of risk and leads."""
        return self.shop.may(user, SELL) or bool(user.roles & {"risk", "lead", "auditor"})


class BatchAnswer(Tracked):
    """What a shop says about a batch that rang: asked as soon as it rings, and due within hours.

    Without it the shop's sales stop where the batch is as bad as the rules say (`reputation.stops`).
    """

    machine = BATCH_ANSWER
    root_by = "shop"
    read_with = ("alarm__batch__listing",)

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="batch_answers")
    alarm = models.OneToOneField(Alarm, on_delete=models.PROTECT, related_name="answer")
    words = models.TextField(max_length=1000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            BATCH_ANSWER.constraint("reputation_batchanswer_state"),
            models.CheckConstraint(
                condition=~Q(state="given") | ~Q(words="") & Q(answered_by__isnull=False, answered_at__isnull=False),
                name="reputation_batchanswer_given",
            ),
        ]

    def root(self) -> models.Model:
        """As its alarm, it is under the shop's lock."""
        return self.shop

    def get_absolute_url(self) -> str:
        """The master case."""
        return self.alarm.get_absolute_url()

    @property
    def number(self) -> str:
        """The number of the alarm that it is about."""
        return self.alarm.number

    def is_open(self) -> bool:
        """Whether the shop can still answer in time."""
        return self.state == BatchAnswerState.AWAITED


class AlarmUnit(models.Model):
    """A unit that somebody has of the batch, and what became of it."""

    class Fate(models.TextChoices):
        """What its holder chose, or what was found out."""

        ASKED = "asked", _("Asked")
        REFUND = "refund", _("Money back")
        KEPT = "kept", _("Kept: it works")
        FREED = "freed", _("Freed: the alarm was lifted")
        SILENT = "silent", _("No answer")

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="units")
    unit = models.ForeignKey("orders.Unit", on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField(null=True, help_text="when its holder was asked")
    was_held = models.BooleanField(default=False, help_text="its money was held by the alarm")
    is_valid = models.BooleanField(null=True, help_text="what the upstream says when it is asked")
    fate = models.CharField(max_length=10, choices=Fate.choices, default=Fate.ASKED)
    refund = models.ForeignKey("refunds.Refund", on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    confirmed_told_at = models.DateTimeField(null=True, help_text="when its holder was told that it is a recall")
    reminders = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="moments of the offer's clock at which its holder was reminded"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alarm", "unit"], name="reputation_alarmunit_once")]

    @property
    def word(self) -> str:
        """Its fate in words; a holder who was asked has not answered, which is no claim yet."""
        is_awaited = self.fate == self.Fate.ASKED
        return str(_("Not answered yet") if is_awaited else self.Fate(self.fate).label)

    @property
    def has_its_code(self) -> bool:
        """Whether the unit still has a code of the batch; one that was delivered anew has not."""
        return self.unit.card is not None and self.unit.card.batch_id == self.alarm.batch_id

    def is_answerable(self) -> bool:
        """Whether its holder can answer for it now: asked, with its code, unpaid, and in no case of its own."""
        is_theirs = self.unit.held_by in ("", self.alarm.address) and self.unit.left > 0
        return self.fate == self.Fate.ASKED and self.has_its_code and is_theirs

    @property
    def question(self) -> Any:
        """What the supplier was asked about its code (`Inquiry`), if it was."""
        return getattr(self, "inquiry", None)


class Doubt(models.Model):
    """A batch of which something bad was heard and that nobody has looked at since: it goes with the look."""

    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, related_name="doubt")
    since = models.DateTimeField()
