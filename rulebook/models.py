"""Nouns of the rulebook: its versions. A version is rules and clocks; once announced, it never changes again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from rulebook import parsed
from rulebook.book import Book
from rulebook.limits import Clocks
from rulebook.states import PUBLISHED, RULEBOOK, VersionState
from timeline.models import Tracked

#: The notice a new version takes at least, and if it touches many: no clock of a rulebook can be set below.
NOTICE = timedelta(days=7)
NOTICE_IF_MAJOR = timedelta(days=15)


class RulebookVersionQuerySet(models.QuerySet["RulebookVersion"]):
    """Questions to the versions."""

    def published(self) -> RulebookVersionQuerySet:
        """Versions that everybody can read: announced, in force, superseded; the earliest effective date first."""
        return self.filter(state__in=sorted(PUBLISHED)).order_by("effective_at", "pk")

    def drafts(self) -> RulebookVersionQuerySet:
        """Versions that bind nobody yet and can still be changed."""
        return self.filter(state__in=[VersionState.DRAFT, VersionState.SIGNING]).order_by("-pk")


class RulebookVersion(Tracked):
    """Rules and clocks under one number, such as `default-cn 2026.11.0`. Orders pin the number.

    `body` is the exact text that was checked and hashed: canonical JSON shaped like `rulebook.json`, with the clocks of
    `timers.json` under `clocks`. `effective_at` is planned from the proposal on and certain once it is announced.
    """

    machine = RULEBOOK

    number = models.CharField(max_length=40, unique=True)
    body = models.TextField(help_text="canonical JSON of rules and clocks, the exact text that is hashed")
    sha256 = models.CharField(max_length=64)
    is_major = models.BooleanField(default=False, help_text="touches many people: 15 days of notice")
    is_retroactive = models.BooleanField(
        default=False, help_text="applies to earlier orders, too, where it is better for the buyer"
    )
    purpose = models.CharField(max_length=500, blank=True, help_text="why it is made, for everybody to read")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField(null=True)

    objects = RulebookVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            RULEBOOK.constraint("rulebook_version_state"),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=VersionState.IN_FORCE), name="rulebook_version_one_in_force"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(PUBLISHED)) | Q(announced_at__isnull=False, effective_at__isnull=False),
                name="rulebook_version_dated",
            ),
            # Nobody proposes the version Kamen ships with, and nobody signs it.
            models.CheckConstraint(
                condition=~Q(state__in=sorted(PUBLISHED))
                | Q(author=None, proposed_by=None)
                | Q(signed_by__isnull=False) & ~Q(signed_by=F("author")) & ~Q(signed_by=F("proposed_by")),
                name="rulebook_version_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(PUBLISHED))
                | Q(author=None, proposed_by=None)
                | Q(is_major=False, effective_at__gte=F("announced_at") + NOTICE)
                | Q(is_major=True, effective_at__gte=F("announced_at") + NOTICE_IF_MAJOR),
                name="rulebook_version_notice",
            ),
        ]
        indexes = [models.Index(fields=["effective_at"], name="rulebook_version_effective")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The version's page, for everybody once it is announced."""
        return reverse("rulebook:version", kwargs={"number": self.number})

    @property
    def book(self) -> Book:
        """The rules, ready for the engine; parsed once per process and text."""
        return parsed.book(self)

    @property
    def clocks(self) -> Clocks:
        """How long everybody has under this version; parsed once per process and text."""
        return parsed.clocks(self)

    @property
    def sign(self) -> str:
        """Its state as a sign on the door would say."""
        return str(VersionState(self.state).label)

    def is_published(self) -> bool:
        """Whether everybody can read it; it never changes again then."""
        return self.state in PUBLISHED

    def rules_at(self, at: datetime) -> bool:
        """Whether its day has come, if it is published: orders placed from then on are under it, or a later one."""
        return self.effective_at is not None and self.effective_at <= at


class Replay(models.Model):
    """Recent real cases decided again under a version that does not rule yet: what would have changed, in fen.

    A worker takes it up by itself; one that died is taken up again from the start. `result` is what people read.
    """

    version = models.ForeignKey(RulebookVersion, on_delete=models.PROTECT, related_name="replays")
    against = models.CharField(max_length=40, help_text="number of the version it is compared with")
    sha256 = models.CharField(max_length=64, help_text="of the version's text when it was asked for")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    touched_at = models.DateTimeField(null=True, help_text="when a worker last wrote how far it is")
    done_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], condition=Q(done_at=None), name="rulebook_replay_waiting")]

    @property
    def percent(self) -> int:
        """How far it is, in percent."""
        return self.seen * 100 // self.total if self.total else 0
