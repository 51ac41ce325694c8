"""Nouns that hang on a case, or that a shop keeps for its cases: `refunds.models` names them; sums are fen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.parties import SEEING
from refunds.states import CONTEST, GUARDIAN, ContestState
from shops.models import SERVE, Shop, keeping
from timeline.models import Tracked


class Word(models.Model):
    """A shop's word in advance: claims up to `most` fen that our records do not contradict are paid at once.

    It is consent, and can be taken back at any time for what is filed later (rules: seller opt-in).
    """

    shop = models.OneToOneField("shops.Shop", on_delete=models.PROTECT, related_name="word")
    most = models.BigIntegerField(help_text="fen a case; nothing is 0")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(most__gte=0, most__lte=100_000), name="refunds_word_most")]


class Answer(models.Model):
    """An answer that a shop wrote once and uses again; each use can still be changed before it is sent."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="answers")
    title = models.CharField(max_length=40)
    text = models.TextField(max_length=2000, validators=[MaxLengthValidator(2000)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "title"], name="refunds_answer_title")]


class CreditNoteQuerySet(models.QuerySet["CreditNote"]):
    """Questions to the notes."""

    def visible_to(self, user: Any) -> CreditNoteQuerySet:
        """The notes that `user` may read: of what went back to them or by their shops; staff of cases all of them.

        A question for each way, each with an index.
        """
        if user.roles & SEEING:
            return self
        every, shops = CreditNoteQuerySet(CreditNote).order_by(), Shop.objects.filter(keeping(user, SERVE))
        ways = [every.filter(refund__buyer=user), every.filter(payout__user=user)]
        ways += [every.filter(refund__order__shop__in=shops), every.filter(order__shop__in=shops)]
        first, *others = [way.values("pk") for way in ways]
        return self.filter(pk__in=first.union(*others, all=True))


class CreditNote(models.Model):
    """The red note (红字) of money that went back: what of which sale, numbered, once and for ever.

    Of a case that was paid (`refund`); or of what went back beside a case (`payout`): a sale that was called off, what
    a channel paid on its own account, what an appeal gave on top, a charge that came twice. `body` is canonical JSON,
    the exact text that is hashed. The table takes no change and no deletion.
    """

    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, null=True, related_name="credit_note")
    payout = models.OneToOneField("ledger.Payout", on_delete=models.PROTECT, null=True, related_name="credit_note")
    order = models.ForeignKey(
        "orders.Order",
        on_delete=models.PROTECT,
        null=True,
        related_name="credit_notes",
        help_text="where it stands beside a case: the sale",
    )
    number = models.CharField(max_length=20, unique=True)
    amount = models.BigIntegerField(help_text="fen that went back, compensation included")
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects = CreditNoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refunds_creditnote_amount"),
            models.CheckConstraint(
                condition=Q(refund__isnull=False, payout=None) | Q(refund=None, payout__isnull=False),
                name="refunds_creditnote_of_one_thing",
            ),
        ]

    def get_absolute_url(self) -> str:
        """The page to print."""
        if self.refund is None:
            return reverse("refunds:note", kwargs={"number": self.number})
        return reverse("refunds:credit_note", kwargs={"number": self.refund.number})


class Relation(models.TextChoices):
    """What the guardian is to the child."""

    PARENT = "parent", _("Mother or father")
    GRANDPARENT = "grandparent", _("Grandparent")
    OTHER = "other", _("Another guardian")


class Guardian(Tracked):
    """The papers of a family in a case about a child's purchase: who the guardian is, and who operated.

    The names are sealed; the case itself stands still for nobody, but what the family cannot show nobody can weigh.
    """

    machine = GUARDIAN
    root_by = "refund__order"

    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, related_name="guardian")
    relation = models.CharField(max_length=12, choices=Relation.choices, blank=True)
    words = models.ForeignKey("shops.SealedWords", on_delete=models.PROTECT, null=True, related_name="+")
    finding = models.TextField(max_length=2000, blank=True, help_text="what the staff found, or what is missing")
    looked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [GUARDIAN.constraint("refunds_guardian_state")]

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.refund.order

    def get_absolute_url(self) -> str:
        """The family's page."""
        return reverse("refunds:guardian", kwargs={"number": self.refund.number})

    def is_of(self, user: Any) -> bool:
        """Whether `user` gives the papers: whoever filed the case."""
        return bool(self.refund.buyer_id == user.pk)


class Proof(models.Model):
    """A sealed paper: the file lies encrypted in the private storage, its key sealed in the vault.

    Neither the shop nor the conversation ever shows it; of the staff it is opened with a reason, on record.
    """

    class What(models.TextChoices):
        """What it shows."""

        IDENTITY = "identity", _("Who the guardian is")
        CUSTODY = "custody", _("That the child is theirs to care for")
        OPERATION = "operation", _("Who operated the purchase")

    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="proofs")
    what = models.CharField(max_length=12, choices=What.choices)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="bytes of the original")
    sha256 = models.CharField(max_length=64, help_text="of the original")
    sealed = models.CharField(max_length=200, help_text="name in the private storage")
    key = models.ForeignKey("shops.SealedWords", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["guardian", "sha256"], name="refunds_proof_once")]


class Report(models.Model):
    """Somebody says that a listing may not be sold at all (举报). It lives apart from the case that brought it.

    While it is open the listing is off sale; people of risk decide it and say why.
    """

    number = models.CharField(max_length=20, unique=True)
    listing = models.ForeignKey("shops.Listing", on_delete=models.PROTECT, related_name="reports")
    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, null=True, related_name="report")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField()
    took_down = models.BooleanField(default=False, help_text="the listing was on sale until then")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    is_upheld = models.BooleanField(null=True)
    finding = models.TextField(max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, is_upheld=None) | Q(decided_at__isnull=False, is_upheld__isnull=False),
                name="refunds_report_decided",
            )
        ]
        indexes = [models.Index(fields=["listing"], condition=Q(decided_at=None), name="refunds_report_open")]


class Contest(Tracked):
    """A shop says that an instant payment was not owed. Whatever is decided, the buyer keeps what was paid.

    Sums are fen. `lost` is what the payment took from the shop, nothing where nobody had any of it yet; `made_whole`
    what the guarantee fund gave it back of that; `recourse` at whose expense it is in the end, booked as a claim and
    never taken by a machine.
    """

    class Ground(models.TextChoices):
        """What is wrong with the payment, in a word."""

        CODE_WAS_GOOD = "code_was_good", _("The code was good when it was sold")
        DELIVERED = "delivered", _("It was delivered as promised")
        USED = "used", _("The buyer has used it")
        RECORD_WRONG = "record_wrong", _("The record it was paid on is wrong")

    class Recourse(models.TextChoices):
        """At whose expense the fund made the shop whole."""

        FUND = "fund", _("Nobody's: the fund bears it")
        SUPPLIER = "supplier", _("The supplier's: a claim on it is booked")
        BUYER = "buyer", _("The buyer's: fraud is proven, and a claim is booked")

    machine = CONTEST
    root_by = "refund__order"

    refund = models.OneToOneField("refunds.Refund", on_delete=models.PROTECT, related_name="contest")
    ground = models.CharField(max_length=16, choices=Ground.choices)
    text = models.TextField(max_length=2000)
    attachments = models.ManyToManyField("orders.Attachment", related_name="contests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    lost = models.BigIntegerField(help_text="fen")
    finding = models.TextField(max_length=2000, blank=True, help_text="why it was decided so")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    recourse = models.CharField(max_length=10, choices=Recourse.choices, blank=True)
    recourse_text = models.TextField(max_length=2000, blank=True, help_text="what the claim rests on")
    made_whole = models.BigIntegerField(default=0, help_text="fen out of the guarantee fund")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CONTEST.constraint("refunds_contest_state"),
            models.CheckConstraint(
                condition=Q(lost__gte=0, made_whole__gte=0, made_whole__lte=F("lost")), name="refunds_contest_sums"
            ),
            models.CheckConstraint(
                condition=(Q(state="overturned") & ~Q(recourse="")) | (~Q(state="overturned") & Q(recourse="")),
                name="refunds_contest_recourse_if_overturned",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["upheld", "overturned"], decided_by__isnull=False)
                | (~Q(state__in=["upheld", "overturned"]) & Q(decided_by=None)),
                name="refunds_contest_decided_by_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(state__in=["filed", "late"]), name="refunds_contest_open")
        ]

    @property
    def sign(self) -> str:
        """What stands on its door."""
        return str(ContestState(self.state).label)

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.refund.order

    def get_absolute_url(self) -> str:
        """Its page, the same for both sides and the staff."""
        return reverse("refunds:contest", kwargs={"number": self.refund.number})
