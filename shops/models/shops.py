"""Nouns of sellers: shops and the people who work in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shops.states import MEMBER
from timeline.models import Tracked
from timeline.spans import SHANGHAI


class Duty(models.TextChoices):
    """What somebody does in a shop. The owner may do everything and has none of these."""

    MANAGER = "manager", _("Manager")
    SUPPORT = "support", _("Support")
    FINANCE = "finance", _("Finance")


#: What there is to do in a shop: offer goods and fill the stock; answer buyers; see the money; pay and withdraw it;
#: choose who works here and close the shop.
SELL, SERVE, BOOKS, MONEY, STAFF = "sell", "serve", "books", "money", "staff"
#: What each duty allows. Nobody but the owner chooses who works in the shop.
MAY: dict[str, frozenset[str]] = {
    Duty.MANAGER: frozenset({SELL, SERVE, BOOKS}),
    Duty.SUPPORT: frozenset({SERVE}),
    Duty.FINANCE: frozenset({BOOKS, MONEY}),
}


def keeping(user: Any, what: str = "", *, shop: str = "") -> Q:
    """Rows whose shop `user` may do `what` in, or works in at all; `shop` is the way to it (`order__shop`).

    Known from the shop's own row, so that it costs no further table.
    """
    way = f"{shop}__" if shop else ""
    found = Q(**{f"{way}owner_id": user.pk})
    for duty in sorted(duty for duty in Duty.values if not what or what in MAY[duty]):
        # Containment is never unknown, so that whoever excludes these rows excludes no others.
        found |= Q(**{f"{way}staff__contains": {_key(user): duty}})
    return found


def _key(user: Any) -> str:
    """How a shop's row names somebody."""
    return f"u{getattr(user, 'pk', user)}"


#: Levels at which a shop carries the mall's badge: its figures of half a year and more are among the best.
CERTIFIED = frozenset({"S3", "S4"})


class Shop(models.Model):
    """A seller's house in the mall.

    `staff` says what each of its people does, by `u<id>`; who has left stays in it with nothing to do. It follows the
    shop's members (`shops.staff`) and is there so that no verb has to ask who somebody is.
    """

    class Level(models.TextChoices):
        S0 = "S0"
        S1 = "S1"
        S2 = "S2"
        S3 = "S3"
        S4 = "S4"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shops")
    name = models.CharField(max_length=40, unique=True)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Use small letters, digits and single hyphens."))],
    )
    level = models.CharField(max_length=2, choices=Level.choices, default=Level.S0)
    opened_at = models.DateTimeField()
    staff = models.JSONField(default=dict, editable=False)
    order_cap = models.BigIntegerField(
        null=True, editable=False, help_text="fen that one order may come to; nothing: no cap"
    )
    day_cap = models.BigIntegerField(
        null=True, editable=False, help_text="fen that may be ordered in a day; nothing: no cap"
    )
    reviews_left = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="so many of its next listings wait for a person of the mall"
    )
    licensed_until = models.DateField(
        null=True, editable=False, help_text="the last day on which everything it needs a licence for is licensed"
    )
    no_listings_until = models.DateTimeField(null=True, editable=False, help_text="until then nothing new is listed")
    no_sales_until = models.DateTimeField(null=True, editable=False, help_text="until then nothing is sold")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["S0", "S1", "S2", "S3", "S4"]), name="shops_shop_level"
            )
        ]
        indexes = [GinIndex(fields=["staff"], name="shops_shop_staff")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The shop as everybody sees it."""
        return reverse("shops:detail", args=[self.slug])

    @property
    def address(self) -> str:
        """How events name the shop: `shop:7`."""
        return f"shop:{self.pk}"

    def is_certified(self) -> bool:
        """Whether the mall stands by its figures with a badge: from S3 on (rules 6.2)."""
        return self.level in CERTIFIED

    def is_licensed(self, at: datetime) -> bool:
        """Whether no licence that it sells under is over at `at`; a shop of the first days has none on record."""
        return self.licensed_until is None or at.astimezone(SHANGHAI).date() <= self.licensed_until

    def may_offer_new(self, at: datetime) -> bool:
        """Whether no suspension keeps it from listing something new at `at`."""
        return (self.no_listings_until is None or self.no_listings_until <= at) and self.may_take_orders(at)

    def may_take_orders(self, at: datetime) -> bool:
        """Whether neither a suspension nor a licence that is over keeps it from selling at `at`."""
        return (self.no_sales_until is None or self.no_sales_until <= at) and self.is_licensed(at)

    def account(self, pocket: str) -> str:
        """The address of one of the shop's accounts: `deposit`, `reserved`, `pending`, `available`, `debt`."""
        return f"shop:{self.pk}:{pocket}"

    def duty_of(self, user: Any) -> str:
        """What somebody does here: `owner`, a duty, or nothing."""
        pk = getattr(user, "pk", user)
        return "owner" if pk is not None and self.owner_id == pk else self.staff.get(_key(pk), "")

    def may(self, user: Any, what: str) -> bool:
        """Whether `user` may do `what` in this shop. The one question that everybody asks; it costs no query."""
        duty = self.duty_of(user)
        return duty == "owner" or what in MAY.get(duty, ())

    def is_worked_in_by(self, user: Any) -> bool:
        """Whether `user` belongs to the shop, whatever they do there."""
        return bool(self.duty_of(user))

    def people(self) -> list[int]:
        """The ids of everybody who works here or did, the owner aside."""
        return sorted(int(key[1:]) for key in self.staff)

    def who_may(self, what: str) -> list[int]:
        """The ids of those who may do `what` here, the owner aside."""
        return sorted(int(key[1:]) for key, duty in self.staff.items() if what in MAY.get(duty, ()))

    def was_spoken_for_by(self, user: Any) -> bool:
        """Whether `user` belongs to the shop or did once: what they said then was the shop's word."""
        pk = getattr(user, "pk", user)
        return bool(self.owner_id == pk or _key(pk) in self.staff)


class Member(Tracked):
    """Somebody of a shop's staff, from the invitation by e-mail to the day they leave.

    `user` is known once they accept. Every act in the shop is recorded with the person who did it, as everywhere.
    """

    machine = MEMBER
    root_by = "shop"

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="members")
    email = models.EmailField()
    duty = models.CharField(max_length=10, choices=Duty.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="memberships")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()

    class Meta:
        constraints = [
            MEMBER.constraint("shops_member_state"),
            models.CheckConstraint(condition=Q(duty__in=sorted(Duty.values)), name="shops_member_duty"),
            models.CheckConstraint(condition=Q(email=models.functions.Lower("email")), name="shops_member_email_small"),
            models.CheckConstraint(condition=~Q(state="working") | Q(user__isnull=False), name="shops_member_is_known"),
            models.UniqueConstraint(
                fields=["shop", "email"], condition=Q(state__in=["invited", "working"]), name="shops_member_once"
            ),
            models.UniqueConstraint(
                fields=["shop", "user"], condition=Q(state="working"), name="shops_member_works_once"
            ),
        ]
        indexes = [models.Index(fields=["email"], condition=Q(state="invited"), name="shops_member_invited")]

    def root(self) -> models.Model:
        """Everything about a shop is under the shop's lock."""
        return self.shop

    def is_for(self, user: Any) -> bool:
        """Whether the invitation was sent to `user`."""
        return bool(self.email == user.email)
