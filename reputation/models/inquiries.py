"""What suppliers say of codes that people have seen, while their batch is under an alarm."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reputation.models.alarms import AlarmUnit


class Inquiry(models.Model):
    """A code that somebody has seen, of a batch under an alarm: its supplier is asked whether and when it was redeemed.

    `number` is ours and stays the same however often the question is asked. The code itself stands nowhere but in the
    vault: it is opened for the question and forgotten.
    """

    class Finding(models.TextChoices):
        """What came of it."""

        BEFORE = "before", _("Redeemed before its holder saw it")
        AFTER = "after", _("Redeemed after its holder saw it")
        UNUSED = "unused", _("Not redeemed")
        VOID = "void", _("Not valid there")
        UNKNOWN = "unknown", _("Not known there")
        SILENT = "silent", _("No answer")

    listed = models.OneToOneField(AlarmUnit, on_delete=models.PROTECT, related_name="inquiry")
    card = models.ForeignKey("shops.Card", on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=40, help_text="the mall's connection to the supplier, by name")
    number = models.CharField(max_length=40, unique=True)
    made_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="when the code was first opened to ask about it")
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="when they are asked next")
    ended_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=10, choices=Finding.choices, blank=True)
    redeemed_at = models.DateTimeField(null=True, help_text="by the supplier's word")
    reference = models.CharField(max_length=80, blank=True, help_text="the supplier's own number")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finding="", ended_at=None, next_try_at__isnull=False)
                | ~Q(finding="") & Q(ended_at__isnull=False, next_try_at=None),
                name="reputation_inquiry_ended",
            ),
            models.CheckConstraint(
                condition=Q(finding__in=["before", "after"], redeemed_at__isnull=False)
                | ~Q(finding__in=["before", "after"]) & Q(redeemed_at=None),
                name="reputation_inquiry_redeemed",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(ended_at=None), name="reputation_inquiry_due"),
        ]

    @property
    def is_open(self) -> bool:
        """Whether an answer is awaited."""
        return self.ended_at is None


class InquiryWord(models.Model):
    """One answer, or that there was none, word for word; should it have repeated the code, the code is masked."""

    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, related_name="words")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="of HTTP; nothing if there was no answer")
    answer = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["inquiry", "-id"], name="reputation_word_newest")]
