"""Nouns of who may open a shop: the application, the papers behind it, and what the law wants everybody to know."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.models.shops import BOOKS, Shop
from shops.models.words import visible
from shops.states import APPLICATION, LICENCE, ApplicationState, LicenceState
from timeline.models import Tracked
from timeline.spans import SHANGHAI


class Party(models.TextChoices):
    """Who answers for a shop before the law."""

    PERSON = "person", _("A person")
    SOLE = "sole", _("A sole trader with a business licence")
    COMPANY = "company", _("A company")


class LegalParty(models.Model):
    """Who answers for a shop, and how to reach them with legal steps (E-Commerce Law 15; 消保法 44)."""

    party = models.CharField(max_length=10, choices=Party.choices, default=Party.PERSON)
    legal_name = models.CharField(max_length=80, blank=True, validators=[visible])
    legal_address = models.CharField(max_length=160, blank=True, validators=[visible])
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^\+?[0-9][0-9 -]{4,18}$", _("Write a telephone number in digits."))],
    )
    icp = models.CharField(max_length=40, blank=True, validators=[visible], help_text="ICP number of a site of its own")

    class Meta:
        abstract = True


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Questions to the applications."""

    def waiting(self) -> ApplicationQuerySet:
        """Those that wait for a person of the mall, the one with the least time first."""
        waiting = [ApplicationState.APPLIED, ApplicationState.REVIEWING, ApplicationState.APPEALED]
        return self.filter(state__in=waiting).order_by("deadline_at", "pk")


class Application(Tracked, LegalParty):
    """Somebody wants to open a shop: from the first words to a person's yes or no. Its own root.

    `missing` is what a reviewer wants to see before going on, `reason` why it was refused.
    """

    machine = APPLICATION

    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="applications")
    name = models.CharField(max_length=40, validators=[visible])
    slug = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and single hyphens."))],
    )
    kinds = models.JSONField(default=list, help_text='what it wants to sell: ["POINT_CARD", …]')
    about = models.TextField(max_length=1000, blank=True, help_text="where its goods come from")
    begun_at = models.DateTimeField()
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    missing = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    appeal = models.CharField(max_length=1000, blank=True)
    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, null=True, related_name="application")

    objects: ClassVar[Any] = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            APPLICATION.constraint("shops_application_state"),
            models.CheckConstraint(condition=Q(party__in=sorted(Party.values)), name="shops_application_party"),
            models.CheckConstraint(
                condition=Q(state="approved", shop__isnull=False) | ~Q(state="approved") & Q(shop=None),
                name="shops_application_has_its_shop",
            ),
            models.UniqueConstraint(
                fields=["applicant", "slug"],
                condition=~Q(state__in=["approved", "closed", "withdrawn"]),
                name="shops_application_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"],
                condition=Q(state__in=["appealed", "applied", "reviewing"]),
                name="shops_application_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The application, for whoever wrote it."""
        return reverse("shops:application", args=[self.pk])

    def is_of(self, user: Any) -> bool:
        """Whether `user` wants to open this shop."""
        return bool(self.applicant_id == getattr(user, "pk", None))

    def may_be_written(self) -> bool:
        """Whether its words and papers may still change: before it is handed in, and when something was missing."""
        return self.state in {ApplicationState.DRAFT, ApplicationState.SENT_BACK}


class Licence(Tracked):
    """A paper that says who somebody is or what they may sell, with the day on which it ends. Its own root.

    `number` is stored sealed with the settings' key and shown masked; the file lies under its hash where evidence lies.
    """

    class Kind(models.TextChoices):
        """What a paper proves."""

        IDENTITY = "identity", _("Identity card")
        BUSINESS = "business", _("Business licence")
        CULTURE = "culture", _("Online culture licence")
        TELECOM = "telecom", _("Telecom value-added licence")
        AUTHORITY = "authority", _("Authorization of the brand")

    machine = LICENCE
    read_with = ("shop", "application")

    application = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="licences")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, null=True, related_name="licences")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.CharField(max_length=200, help_text="sealed")
    tail = models.CharField(max_length=40, help_text="the number as it is shown: 9131••••••••6X")
    issuer = models.CharField(max_length=80, validators=[visible])
    valid_until = models.DateField(null=True, help_text="its last good day; nothing: it does not end")
    row = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, help_text="of the file, as others may see it")
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    reminded_days = models.PositiveSmallIntegerField(null=True, help_text="the last reminder was so many days ahead")
    reason = models.CharField(max_length=500, blank=True, help_text="why it was not taken")

    class Meta:
        constraints = [
            LICENCE.constraint("shops_licence_state"),
            models.CheckConstraint(
                condition=Q(kind__in=["authority", "business", "culture", "identity", "telecom"]),
                name="shops_licence_kind",
            ),
            models.CheckConstraint(
                condition=Q(application__isnull=False) | Q(shop__isnull=False), name="shops_licence_is_somebody_s"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["lasting", "valid"]) | Q(shop__isnull=False), name="shops_licence_in_use"
            ),
            models.UniqueConstraint(
                fields=["shop", "kind"],
                condition=Q(state__in=["ended", "lasting", "valid"]),
                name="shops_licence_one_in_use",
            ),
        ]
        indexes = [
            models.Index(fields=["valid_until"], condition=Q(state="valid"), name="shops_licence_ending"),
            models.Index(fields=["sha256"], name="shops_licence_file"),
        ]

    def __repr__(self) -> str:
        return f"<Licence {self.pk}>"

    def get_absolute_url(self) -> str:
        """The shop's licences."""
        return reverse("shops:licences", args=[self.shop.slug]) if self.shop else reverse("shops:applications")

    def is_visible_to(self, user: Any) -> bool:
        """Whether `user` may see the paper: whoever gave it for an application, the shop's people of money."""
        if self.shop is not None:
            return self.shop.may(user, BOOKS)
        return self.application is not None and self.application.is_of(user)

    def is_forgotten(self) -> bool:
        """Whether its time is over: number and file are gone, and what stood on it."""
        return not self.tail

    def is_in_use(self) -> bool:
        """Whether the shop sells under it now."""
        return self.state in {LicenceState.VALID, LicenceState.LASTING}

    def days_left(self, at: datetime) -> int | None:
        """How many days it is still good for, its last one included; nothing if it does not end."""
        return None if self.valid_until is None else (self.valid_until - _today(at)).days + 1


class Particulars(LegalParty):
    """Who answers for an open shop, as the mall has checked it."""

    shop = models.OneToOneField(Shop, on_delete=models.PROTECT, related_name="particulars")
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(party__in=sorted(Party.values)), name="shops_particulars_party")
        ]

    def __repr__(self) -> str:
        return f"<Particulars {self.pk}>"


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
