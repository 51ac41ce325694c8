"""Nouns of people: users, the roles of staff, membership levels, suspensions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody may do for the mall."""

    AGENT = "agent", _("Agent")
    ARBITER = "arbiter", _("Arbiter")
    SENIOR = "senior", _("Senior arbiter")
    LEAD = "lead", _("Lead")
    FINANCE = "finance", _("Finance")
    RISK = "risk", _("Risk")
    AUDITOR = "auditor", _("Auditor")
    COUNSEL = "counsel", _("Legal reviewer")


class Level(models.TextChoices):
    """How well the mall knows a buyer: changes fees, windows and the instant lane, never rights against a seller."""

    M0 = "M0"
    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"


#: Words by which a stranger could pass for the mall.
RESERVED_IN_NICKNAMES = ("kamen", "卡门", "官方", "客服", "平台", "仲裁", "admin", "support")


def validate_nickname(nickname: str) -> None:
    """A nickname is printable, is no e-mail address and does not pass for the mall."""
    if not nickname.isprintable() or nickname != nickname.strip():
        raise ValidationError(_("Use visible characters only, without spaces at either end."), code="nickname")
    if "@" in nickname:
        raise ValidationError(_("A nickname is shown to others: do not use an e-mail address."), code="nickname")
    if any(word in nickname.lower() for word in RESERVED_IN_NICKNAMES):
        raise ValidationError(_("This nickname could be taken for the mall's own staff."), code="nickname")


class UserManager(BaseUserManager["User"]):
    """People by their e-mail address, which is kept in small letters."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Somebody who can sign in; without a password only after a reset by mail."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Somebody who may do everything in Django's admin; not a role of the mall."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """The person with this e-mail address, however it is spelled."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Anybody who signs in. Everybody is a buyer; some own shops, some work for the mall.

    People sign in by e-mail, which nobody else ever sees; others see the nickname.
    """

    email = models.EmailField(_("e-mail"), unique=True)
    nickname = models.CharField(_("nickname"), max_length=20, blank=True, validators=[validate_nickname])
    language = models.CharField(_("language"), max_length=10, blank=True)
    level = models.CharField(max_length=2, choices=Level.choices, default=Level.M0, editable=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    risk = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="0 to 100; adds proof or a person, never takes money away"
    )
    barred_until = models.DateTimeField(null=True, editable=False, help_text="until then nothing can be bought")
    erased_at = models.DateTimeField(
        null=True, editable=False, help_text="at the person's own request: only what the law asks for is left"
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=sorted(Level.values)), name="accounts_user_level"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_user_email_small"),
            models.CheckConstraint(condition=Q(risk__lte=100), name="accounts_user_risk"),
        ]
        indexes = [models.Index(fields=["-risk"], condition=Q(risk__gt=0), name="accounts_user_riskiest")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def address(self) -> str:
        """How events name the user: `user:7`."""
        return f"user:{self.pk}"

    @property
    def display_name(self) -> str:
        """What others see."""
        return self.nickname or str(_("Member %(number)s") % {"number": self.pk})

    def get_full_name(self) -> str:
        """What Django calls the display name."""
        return self.display_name

    def get_short_name(self) -> str:
        """What Django calls the display name."""
        return self.display_name

    #: What `know_roles` has read.
    _known_roles: frozenset[str] | None = None

    @property
    def roles(self) -> frozenset[str]:
        """The roles of staff the user holds now."""
        if self._known_roles is not None:
            return self._known_roles
        return frozenset(self.staff_roles.held().values_list("role", flat=True))

    def know_roles(self) -> None:
        """Read the roles once, for a page that asks of many rows what its reader may do; verbs read them anew."""
        self._known_roles = self.roles

    def has_role(self, role: str) -> bool:
        """Whether the user holds this role of staff now."""
        if self._known_roles is not None:
            return role in self._known_roles
        return self.staff_roles.held().filter(role=role).exists()

    @property
    def is_mall_staff(self) -> bool:
        """Whether the user works for the mall in any role."""
        return self.staff_roles.held().exists()

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin opens: for the lead and for the operator only."""
        return self.is_active and (self.is_superuser or self.has_role(Role.LEAD))

    def is_suspended(self, at: datetime) -> bool:
        """Whether the user is suspended at `at`: reads and claims what is due, but neither sells nor works here."""
        return self.suspensions.live(at).exists()

    def is_barred(self, at: datetime) -> bool:
        """Whether the user is on the blacklist at `at`: buys nothing, but claims and withdraws what is theirs."""
        return self.barred_until is not None and at < self.barred_until

    def may_appoint(self) -> bool:
        """Whether the user may grant and revoke roles."""
        return self.is_active and (self.is_superuser or self.has_role(Role.LEAD))


class LevelChange(models.Model):
    """One step in the history of a user's membership level, for ever."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="level_changes")
    before = models.CharField(max_length=2, choices=Level.choices)
    after = models.CharField(max_length=2, choices=Level.choices)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(before__in=sorted(Level.values), after__in=sorted(Level.values)),
                name="accounts_levelchange_levels",
            ),
            models.CheckConstraint(condition=~Q(before=F("after")), name="accounts_levelchange_changes"),
        ]
        indexes = [models.Index(fields=["user", "at"], name="accounts_levelchange_history")]


class StaffRoleQuerySet(models.QuerySet["StaffRole"]):
    """Questions to the roles."""

    def held(self) -> StaffRoleQuerySet:
        """Roles that somebody holds now."""
        return self.filter(revoked_at=None)


class StaffRole(models.Model):
    """A role of staff that somebody holds or held. A row that ended stays, so that it can be seen who could do what."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=10, choices=Role.choices)
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = StaffRoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=sorted(Role.values)), name="accounts_staffrole_role"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(revoked_at=None), name="accounts_staffrole_once"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("granted_at")), name="accounts_staffrole_in_order"
            ),
        ]


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    """Questions to the suspensions."""

    def live(self, at: datetime) -> SuspensionQuerySet:
        """Suspensions in force at `at`."""
        return self.filter(Q(until=None) | Q(until__gt=at), lifted_at=None, since__lte=at)

    def appealed(self, at: datetime) -> SuspensionQuerySet:
        """Those in force against which the person said something that nobody has answered."""
        return self.live(at).filter(appealed_at__isnull=False, answered_by=None)

    def lifted_on_appeal(self, at: datetime) -> SuspensionQuerySet:
        """Those that were lifted lately because somebody answered an appeal."""
        return self.filter(answered_by__isnull=False, lifted_at__gt=at - APPEAL_AGAIN, lifted_at__lte=at)


#: A suspension with an end has this many days at most; a longer one is lifted by a person.
LONGEST_SUSPENSION = 365


#: Whoever was told that a suspension stands may ask once more after so long, if it is in force yet.
APPEAL_AGAIN = timedelta(days=30)


class Suspension(models.Model):
    """A time in which somebody may neither sell nor work for the mall.

    They still sign in, read everything that is theirs and claim what is due to them. Roles of staff end when it begins
    and are not given back by its end. `until` empty: until it is lifted. `appeal` is what the person says against it,
    `answer` what another person than the one who suspended them found.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="suspensions")
    reason = models.CharField(max_length=200)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    appeal = models.CharField(max_length=1000, blank=True, db_default="", default="")
    appealed_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, blank=True, db_default="", default="")
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="accounts_suspension_in_order"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__gte=F("since"), lifted_by__isnull=False),
                name="accounts_suspension_lifted_by",
            ),
            models.CheckConstraint(
                condition=Q(appealed_at=None, appeal="") | Q(appealed_at__isnull=False) & ~Q(appeal=""),
                name="accounts_suspension_appeal",
            ),
            models.CheckConstraint(
                condition=Q(answered_by=None, answer="")
                | Q(answered_by__isnull=False, appealed_at__isnull=False) & ~Q(answer="") & ~Q(answered_by=F("by")),
                name="accounts_suspension_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["appealed_at"],
                condition=Q(appealed_at__isnull=False, answered_by=None, lifted_at=None),
                name="accounts_suspension_appealed",
            )
        ]

    def is_live(self, at: datetime) -> bool:
        """Whether it is in force at `at`."""
        return self.lifted_at is None and self.since <= at and (self.until is None or self.until > at)

    def is_waiting(self, at: datetime) -> bool:
        """Whether the person waits for an answer to what they said against it."""
        return self.appealed_at is not None and self.answered_by_id is None and self.is_live(at)

    def may_be_appealed(self, at: datetime) -> bool:
        """Whether the person can say something against it: once, and again long after they were told that it stands."""
        if not self.is_live(at):
            return False
        asked = self.appealed_at
        return asked is None or (self.answered_by_id is not None and asked <= at - APPEAL_AGAIN)


class Unmasking(models.Model):
    """Somebody of the mall, or of the shop that delivers, looked at what is masked: whose, what, and why. For ever.

    Auditors read all of them, and whom one is about reads it, too: what was seen of me, and for what.
    """

    class What(models.TextChoices):
        """What was looked at."""

        SIDES = "sides", _("Names and networks in a case")
        PAPER = "paper", _("A sealed paper of a family")
        FILE = "file", _("What was put away of a sale")
        MAIL = "mail", _("An e-mail address")
        GIVEN = "given", _("What was given for a delivery")
        IDENTITY = "identity", _("Who is behind a shop")

    whom = models.ForeignKey(User, on_delete=models.PROTECT, related_name="unmaskings")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=8, choices=What.choices)
    subject = models.CharField(max_length=60, help_text="where it was: `dispute:4`")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(what__in=["file", "given", "identity", "mail", "paper", "sides"]),
                name="accounts_unmasking_what",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="accounts_unmasking_reason"),
        ]
        indexes = [models.Index(fields=["whom", "-id"], name="accounts_unmasking_whom")]

    def is_by_shop(self) -> bool:
        """Whether it was the shop that delivers, and nobody of the mall."""
        return self.what == self.What.GIVEN
