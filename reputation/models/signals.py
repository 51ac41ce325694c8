"""Signals of risk, each with what it rests on; and traces that link accounts, kept as digests only."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models import Batch, Shop


class Signal(models.Model):
    """Something that speaks for risk, about a buyer, a shop or a batch: explainable, and it fades.

    It may add delay, proof or a person; it never lowers a sum. `weight` is of the day when it was last `seen_at`.
    """

    class Name(models.TextChoices):
        """What was seen (rules 6.4)."""

        MANY_CLAIMS = "many_claims", _("More than 3 claims in 10 orders")
        SAME_PICTURE = "same_picture", _("The same picture in several claims")
        CLAIM_IN_SECONDS = "claim_in_seconds", _("Claims within a minute of looking, none borne out")
        USED_AFTER_REFUND = "used_after_refund", _("Used after the price was paid back")
        LINKED_ACCOUNTS = "linked_accounts", _("Claims from accounts that share a device or a payee")
        CHARGEBACK = "chargeback", _("Paid back twice: by the channel and by us")
        MANY_PURCHASES = "many_purchases", _("Very many purchases in a day")
        JUST_UNDER_CAP = "just_under_cap", _("Several orders just under a limit")
        OWN_SHOP = "own_shop", _("Buys from a shop whose people use the same device or payee")
        MANY_HANDS = "many_hands", _("Several accounts on one device buy codes on one day")
        NIGHT_BURST = "night_burst", _("Many orders in one night")
        MANY_NETWORKS = "many_networks", _("Codes looked at from many networks in a week")
        DECEIVED = "deceived", _("Writes like somebody who is being deceived")
        SAME_WORDS = "same_words", _("The same words in claims about several orders")
        ONLY_RESALE = "only_resale", _("Claims only about point cards, buys other things without trouble")
        EDITED_FILE = "edited_file", _("A picture was changed, or taken at another time")
        UNKNOWN_ERROR = "unknown_error", _("Error codes that these goods never gave")
        CAMPAIGN_CLAIMS = "campaign_claims", _("Claims in a row after coupons")
        CHILD_AGAIN = "child_again", _("Claims for a child over and over")
        UNANSWERED = "unanswered", _("Never answers what is asked to check with the supplier")
        KNOWN_CONTACT = "known_contact", _("Names a contact that sells guides to refunds")
        BATCH_BAD = "batch_bad", _("Bad codes in a batch")
        OFF_PLATFORM = "off_platform", _("Leads buyers away from the mall")
        SUDDEN_TURNOVER = "sudden_turnover", _("Five times the usual turnover")
        SAME_DEVICE_BUYERS = "same_device_buyers", _("Many buyers on one device")
        USED_BEFORE_SALE = "used_before_sale", _("Codes that were used before they were sold")
        SAME_CODES = "same_codes", _("Codes that another shop has, too")
        UNDER_MARKET = "under_market", _("Much cheaper than others")
        CASH_OUT = "cash_out", _("A new account, and nearly everything went there")
        NEW_PLACE = "new_place", _("Many new listings from an unknown network")
        SLOW_ANSWERS = "slow_answers", _("Answers three times as slowly as before")
        MORE_REISSUES = "more_reissues", _("More and more replacements instead of money")
        SAME_REFUSAL = "same_refusal", _("Declines different buyers in the same words")
        PAPERS_OVER = "papers_over", _("A paper ran out, or somebody else answers for the shop")
        PHISHING = "phishing", _("Buyers speak of false pages or false staff")
        OUTAGE_UNTOLD = "outage_untold", _("Its supplier is silent, and no outage was reported")
        UNLICENSED = "unlicensed", _("Words of unlicensed goods")
        MINORS = "minors", _("Many buyers are children")
        CHARGEBACKS = "chargebacks", _("Channels take back many of its sales")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="signals")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, null=True, related_name="signals")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="signals")
    name = models.CharField(max_length=20, choices=Name.choices)
    weight = models.PositiveSmallIntegerField()
    evidence = models.JSONField(default=list, help_text="what it rests on: numbers of orders and cases, and figures")
    first_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    found_at = models.DateTimeField(null=True, help_text="when it was found last, new or not")
    dismissed_at = models.DateTimeField(null=True, help_text="a person looked and found an innocent reason")
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    dismissed_because = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, shop=None, batch=None)
                | Q(user=None, shop__isnull=False, batch=None)
                | Q(user=None, shop=None, batch__isnull=False),
                name="reputation_signal_of_one",
            ),
            models.UniqueConstraint(
                fields=["user", "shop", "batch", "name"], name="reputation_signal_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at=None, dismissed_by=None)
                | Q(dismissed_by__isnull=False) & ~Q(dismissed_because=""),
                name="reputation_signal_dismissed_because",
            ),
        ]
        indexes = [
            models.Index(fields=["-seen_at"], name="reputation_signal_latest"),
            models.Index(fields=["found_at"], condition=Q(name="known_contact"), name="reputation_signal_contacts"),
            models.Index(fields=["-seen_at"], condition=Q(name="deceived"), name="reputation_signal_deceived"),
        ]

    def is_dismissed(self) -> bool:
        """Whether a person found an innocent reason, and nothing was seen since."""
        return self.dismissed_at is not None and self.dismissed_at >= self.seen_at

    def now(self, at: datetime, half_life_days: int) -> int:
        """What it weighs at `at`: half of it after each half-life, in whole points, by halves of linear steps.

        Whole numbers only: within a half-life it falls evenly from all to half.
        """
        if self.is_dismissed():
            return 0
        days = max(0, (at - self.seen_at).days)
        halvings, rest = divmod(days, half_life_days)
        whole = self.weight >> min(halvings, 16)
        return int(whole - whole * rest // (2 * half_life_days))


class KnownContact(models.Model):
    """A contact that sells guides to refunds, as risk found it. Rows stay; one that was dropped is not looked for."""

    said = models.CharField(max_length=80, help_text="as it was found")
    handle = models.CharField(max_length=80, help_text="as it is compared")
    reason = models.CharField(max_length=500)
    listed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    listed_at = models.DateTimeField()
    dropped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    dropped_at = models.DateTimeField(null=True)
    dropped_because = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handle"], condition=Q(dropped_at=None), name="reputation_knowncontact_once"
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None)
                | Q(dropped_at__isnull=False, dropped_by__isnull=False) & ~Q(dropped_because=""),
                name="reputation_knowncontact_dropped_because",
            ),
        ]


class Trace(models.Model):
    """Somebody was seen with something that several accounts may share. Only a digest is kept, never the thing."""

    class Kind(models.TextChoices):
        """What it is."""

        DEVICE = "device", _("Device")
        ADDRESS = "address", _("Network address")
        PAYEE = "payee", _("Account for payouts")
        PICTURE = "picture", _("Picture")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="traces")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    digest = models.CharField(max_length=64)
    first_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "digest", "user"], name="reputation_trace_once")]
        indexes = [models.Index(fields=["user"], name="reputation_trace_of_user")]
