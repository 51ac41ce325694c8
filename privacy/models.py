"""Nouns of privacy: keys of persons and what is sealed under them, requests, holds, and the daily run."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from privacy.states import ERASURE, HOLD, HoldState
from timeline.models import Tracked


class PersonKey(models.Model):
    """A key that seals what was put away of one person until `ends_on`, itself sealed by the vault's master key.

    From that day on it is destroyed, and with it, for ever, everything that was under it; backups included.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="person_keys")
    ends_on = models.DateField(help_text="the first day of a month in Shanghai; what is not held dies then")
    name = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField()
    nonce = models.BinaryField()
    master_version = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "ends_on"], condition=Q(destroyed_at=None), name="privacy_personkey_one_live"
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at=None) | Q(wrapped=b"", nonce=b""), name="privacy_personkey_destroyed_is_empty"
            ),
        ]
        indexes = [models.Index(fields=["ends_on"], condition=Q(destroyed_at=None), name="privacy_personkey_ends")]

    def __repr__(self) -> str:
        return f"<PersonKey {self.pk}>"


class Piece(models.Model):
    """One field of one row that was put away: what stood there, sealed under its person's key.

    `file` names a sealed file in the private storage where it was one. Once the key is destroyed only the fact is left.
    """

    key = models.ForeignKey(PersonKey, on_delete=models.PROTECT, related_name="pieces")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, null=True, related_name="pieces")
    table = models.CharField(max_length=60)
    row = models.BigIntegerField()
    field = models.CharField(max_length=40)
    nonce = models.BinaryField()
    sealed = models.BinaryField()
    file = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "row", "field"], name="privacy_piece_once"),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(sealed=b"", nonce=b"", file=""), name="privacy_piece_erased_is_empty"
            ),
        ]
        indexes = [models.Index(fields=["order"], name="privacy_piece_order")]

    def __repr__(self) -> str:
        return f"<Piece {self.pk} of {self.table}:{self.row}.{self.field}>"


class Away(models.Model):
    """The file of a sale was put away: since when, and when it dies. Finished once nothing of it can be read."""

    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT, related_name="away")
    at = models.DateTimeField()
    ends_on = models.DateField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["ends_on"], condition=Q(finished_at=None), name="privacy_away_ends")]


class HoldQuerySet(models.QuerySet["Hold"]):
    """Questions to the holds."""

    def live(self) -> HoldQuerySet:
        """Holds under which nothing is destroyed."""
        return self.exclude(state=HoldState.RELEASED)


class Hold(Tracked):
    """A legal hold: while it is in force nothing of the sale, or of the person, is erased. Two people release it."""

    machine = HOLD
    read_with = ("user", "order")

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="holds")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, null=True, related_name="holds")
    reason = models.CharField(max_length=300, help_text="which court, authority or claim, and its number")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    release_reason = models.CharField(max_length=300, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            HOLD.constraint("privacy_hold_state"),
            models.CheckConstraint(
                condition=Q(user=None, order__isnull=False) | Q(user__isnull=False, order=None),
                name="privacy_hold_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(state="released")
                | Q(proposed_by__isnull=False, signed_by__isnull=False) & ~Q(proposed_by=models.F("signed_by")),
                name="privacy_hold_two_release",
            ),
        ]

    def get_absolute_url(self) -> str:
        """The desk of those who keep it."""
        return reverse("privacy:desk")

    @property
    def what(self) -> str:
        """What is held, as an address."""
        return self.order.address if self.order else f"user:{self.user_id}"


class Erasure(Tracked):
    """Somebody asks to be erased. The answer says, thing by thing, what goes, what stays, until when and why."""

    machine = ERASURE
    root_by = "user"

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="erasures")
    asked_at = models.DateTimeField()
    items = models.JSONField(default=list, help_text="the answer: codes of what, its fate, a day, a number")
    reason = models.CharField(max_length=500, blank=True, help_text="why not now, in a person's words")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ERASURE.constraint("privacy_erasure_state"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["agreed", "waiting"]), name="privacy_erasure_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["agreed", "done", "refused"]) | Q(answered_by__isnull=False),
                name="privacy_erasure_answered_by_a_person",
            ),
        ]

    def root(self) -> models.Model:
        """Everything about a person's account is under their lock."""
        return self.user

    def get_absolute_url(self) -> str:
        """The own page; staff have their desk."""
        return reverse("privacy:own")


class Export(models.Model):
    """A copy of everything about a person, asked for by that person: made by a worker, fetched once, then gone."""

    number = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports")
    asked_at = models.DateTimeField()
    done = models.PositiveSmallIntegerField(default=0, help_text="parts that are read")
    of = models.PositiveSmallIntegerField(default=0, help_text="parts in all")
    tries = models.PositiveSmallIntegerField(default=0)
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=120, blank=True, help_text="a sealed file in the private storage")
    secret = models.BinaryField(default=b"", help_text="the file's key, itself sealed under the master key")
    nonce = models.BinaryField(default=b"")
    master_version = models.PositiveSmallIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="bytes of the ZIP")
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the ZIP")
    fetched_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True, help_text="fetched or expired: the file and its key are destroyed")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(gone_at=None) | Q(file="", secret=b""), name="privacy_export_gone"),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(built_at=None), name="privacy_export_waiting")]

    def get_absolute_url(self) -> str:
        """Where it is waited for and fetched."""
        return reverse("privacy:export", args=[self.number])

    def is_ready(self, at: Any) -> bool:
        """Whether it can be fetched now."""
        return bool(self.built_at and self.gone_at is None and self.expires_at and at < self.expires_at)

    @property
    def is_given_up(self) -> bool:
        """Whether it could not be made, however often it was tried."""
        return self.built_at is None and self.tries >= 5


class Run(models.Model):
    """One daily run over what has had its time: what it did, by step, and what failed."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    faults = models.JSONField(default=list)

    def __repr__(self) -> str:
        return f"<Run {self.pk}>"


def month_after(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
