"""Nouns of a refund case. Amounts are integer fen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from orders.parties import SEEING
from refunds import faults, hooks
from refunds.states import REFUND, RefundState
from rulebook import clocks
from shops.models import SERVE, Deposit, keeping
from shops.states import DepositState
from timeline import spans
from timeline.models import Tracked

#: Cases in which the shop is the one to act.
SHOP_IS_NEXT = Q(state__in=[RefundState.REQUESTED, RefundState.REPLACING]) | Q(
    state=RefundState.BARGAINING, turn="shop"
)
#: Cases in which the buyer is the one to act.
BUYER_IS_NEXT = Q(state__in=[RefundState.QUESTIONED, RefundState.DECLINED, RefundState.CHECKING]) | Q(
    state=RefundState.BARGAINING, turn="buyer"
)


class RefundQuerySet(models.QuerySet["Refund"]):
    """Questions to the cases."""

    def visible_to(self, user: Any) -> RefundQuerySet:
        """The cases that `user` may see: the own ones, those of the own shops, and all of them for staff of cases."""
        if user.roles & SEEING:
            return self
        return self.filter(Q(buyer=user) | keeping(user, SERVE, shop="order__shop"))

    def asked_by(self, user: Any) -> RefundQuerySet:
        """The cases that `user` filed."""
        return self.filter(buyer=user)

    def open(self) -> RefundQuerySet:
        """Cases in which something can still happen."""
        return self.exclude(state__in=REFUND.terminal)

    def waiting_for(self, shop: Any) -> RefundQuerySet:
        """What a shop has to answer, to send or to say to an offer, the one with the least time first."""
        return self.filter(SHOP_IS_NEXT, order__shop=shop).order_by("deadline_at", "pk")


class Refund(Tracked):
    """One case over one or more units of an order: what the buyer asks, what the rules give, what became of it."""

    machine = REFUND
    root_by = "order"
    read_with = ("order",)
    scopes = {name: f"order__{path}" for name, path in Order.scopes.items()}

    class Outcome(models.TextChoices):
        """Who decided that money goes back."""

        INSTANT = "instant"
        SELLER = "seller"
        SILENCE = "silence"
        RULING = "ruling"
        SETTLEMENT = "settlement"  # an offer was taken
        STANDING = "standing"  # an offer without conditions stood when the buyer's time was over
        UNREPLACED = "unreplaced"  # a replacement was promised and did not come
        BAD_AGAIN = "bad_again"  # the replacement was bad as well, by our records
        EXTERNAL = "external"  # the channel paid it back on its own account

    class Preference(models.TextChoices):
        """What the buyer would rather have."""

        MONEY = "money", _("Money back")
        REISSUE = "reissue", _("A working replacement")
        BALANCE = "balance", _("Money to my balance, at once")

    class Route(models.TextChoices):
        """What the rulebook says on who may decide: a figure without judgment, a machine's no, or people."""

        AUTO = "AUTO"
        AUTO_PREDECISION = "AUTO_PREDECISION"
        HUMAN = "HUMAN"

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="refunds")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refunds")
    reason = models.CharField(max_length=40)
    text = models.TextField(max_length=2000, blank=True)
    asked = models.BigIntegerField(help_text="fen; never more than the rules give, may be less")
    figure = models.BigIntegerField(help_text="fen the rules give on what is claimed")
    fee = models.BigIntegerField(default=0)
    compensation = models.BigIntegerField(default=0)
    decision = models.JSONField(help_text="what the rulebook said when the buyer filed, with every line of arithmetic")
    route = models.CharField(max_length=20, choices=Route.choices)
    is_instant = models.BooleanField(default=False, help_text="paid by the instant lane: counts against the quota")
    is_predecision = models.BooleanField(default=False, help_text="a machine's no, open to one-click human review")
    is_contradicted = models.BooleanField(default=False, help_text="our records speak against the claim")
    declined_code = models.CharField(max_length=40, blank=True)
    declined_rule = models.CharField(max_length=60, blank=True, help_text="the published rule the shop cites")
    declined_text = models.TextField(max_length=2000, blank=True)
    approved = models.BigIntegerField(null=True, help_text="fen that go back, compensation included")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    prefers = models.CharField(
        max_length=10, choices=Preference.choices, default=Preference.MONEY, db_default=Preference.MONEY
    )
    turn = models.CharField(max_length=10, blank=True, default="", db_default="", help_text="while they bargain")
    version = models.PositiveIntegerField(
        default=1, db_default=1, help_text="grows with everything that happens; a form that names an older one is stale"
    )
    answered_at = models.DateTimeField(null=True, help_text="the shop's first answer")
    answer_left = models.DurationField(null=True, help_text="what the shop has left while the buyer answers a question")
    answer_used = models.DurationField(
        default=timedelta(0), db_default=timedelta(0), help_text="of the shop's time to answer, before it stood still"
    )
    extended_by = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="the supplier's ticket for which it has longer"
    )
    goodwill_at = models.DateTimeField(null=True, help_text="after a machine's no the buyer asked the shop, once")
    payout = models.OneToOneField("ledger.Payout", on_delete=models.PROTECT, null=True, related_name="refund")
    attachments = models.ManyToManyField("orders.Attachment", related_name="refunds")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [
            REFUND.constraint("refunds_refund_state"),
            models.CheckConstraint(
                condition=Q(asked__gte=0, asked__lte=F("figure"), fee__gte=0, compensation__gte=0),
                name="refunds_refund_never_more_than_the_rules",
            ),
        ]
        indexes = [
            models.Index(fields=["buyer", "-id"], name="refunds_refund_buyer"),
            models.Index(fields=["deadline_at"], condition=Q(state=RefundState.REQUESTED), name="refunds_refund_queue"),
            models.Index(
                fields=["order"],
                condition=Q(state__in=[RefundState.BARGAINING, RefundState.REPLACING]),
                name="refunds_refund_underway",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The page of the case, the same for both sides."""
        return reverse("refunds:case", kwargs={"number": self.number})

    def get_paper_url(self) -> str:
        """The page of its credit note, which is there once the money is; else nothing."""
        is_paid = self.state == RefundState.REFUNDED and self.payout_id is not None
        return reverse("refunds:credit_note", kwargs={"number": self.number}) if is_paid else ""

    def root(self) -> models.Model:
        """Everything about a sale is under the order's lock."""
        return self.order

    @property
    def owner(self) -> str:
        """Whose turn it is; while they bargain, whoever did not make the last offer."""
        if self.waits_for_supplier:
            return "supplier"
        return self.turn if self.state == RefundState.BARGAINING else super().owner

    def is_of_buyer(self, user: Any) -> bool:
        """Whether `user` asked."""
        return bool(self.buyer_id == user.pk)

    def is_of_shop(self, user: Any) -> bool:
        """Whether `user` answers for the shop."""
        return self.order.shop.may(user, SERVE)

    def is_proven(self) -> bool:
        """Whether our own records prove the claim for every unit."""
        return bool(self.decision["is_proven"])

    def decision_for_both(self) -> dict[str, Any]:
        """What the rulebook said, as both sides may read it: the buyer's score is no business of the shop's."""
        parts = [
            part | {"facts": {name: value for name, value in part["facts"].items() if name != "buyer_risk"}}
            for part in self.decision.get("parts", [])
        ]
        return {name: value for name, value in self.decision.items() if name != "is_people_only"} | {"parts": parts}

    @property
    def waits_for_supplier(self) -> bool:
        """Whether the supplier has to say first what became of it, before anybody else answers."""
        return self.state == RefundState.REQUESTED and self.decision.get("lane") == "wait"

    @property
    def is_threefold(self) -> bool:
        """Whether compensation here is what the law gives for fraud (消保法 55): the guarantee fund never pays that."""
        return self.reason == "FRAUD"

    def needs_a_person(self) -> bool:
        """Whether people decide, by the rules, because of the buyer's score, or because only our own books know:
        then nothing is ever paid by silence."""
        is_of_people = bool(self.decision.get("is_people_only")) or self.reason in OWN_TILL
        is_of_people = is_of_people or any(faults.is_mere_word(part) for part in self.decision.get("parts", []))
        return self.route == self.Route.HUMAN or is_of_people

    def is_paid_by_silence(self) -> bool:
        """What happens if the shop stays silent: paid, or over to the platform."""
        return self.asked + self.compensation > 0 and not self.is_contradicted and not self.needs_a_person()

    def is_left_to_the_buyer(self) -> bool:
        """What happens if the shop stays silent where the rules give nothing: silence has no price, nor a judge (R52).

        That is asked as goodwill, or bargained over; a machine's no was there before, and a person still is after.
        """
        is_asked_freely = self.goodwill_at is not None or self.state == RefundState.BARGAINING
        return is_asked_freely and self.figure + self.compensation == 0 and not self.is_contradicted

    def may_be_escalated(self) -> bool:
        """Whether the buyer may call the platform: after the shop's first answer, or after a machine's no.

        Nobody waits for a shop that is not there any more (R20).
        """
        if self.state == RefundState.DECLINED:
            return True
        if self.answered_at is not None and self.state in ANSWERED:
            return True
        return self.state == RefundState.REQUESTED and not self.waits_for_supplier and self.is_shop_away()

    def may_be_extended(self) -> bool:
        """Whether the shop can have more time for its supplier: once, and where its time is not the longest already."""
        if self.state != RefundState.REQUESTED or self.deadline_at is None or self.extended_by:
            return False
        return self.longer_until() > self.deadline_at

    def longer_until(self) -> datetime:
        """Until when the shop would have time: 24 hours longer, and no more than 72 in all (R17)."""
        assert self.deadline_at is not None  # noqa: S101 - only asked while the shop's clock runs
        return min(self.deadline_at + LONGER, self.entered_at + IN_ALL - self.answer_used)

    def is_shop_away(self) -> bool:
        """Whether the shop's sales are suspended, or it has closed for good."""
        return bool(Deposit.objects.filter(shop=self.order.shop_id, state__in=AWAY).exists())

    def may_be_withdrawn(self) -> bool:
        """Whether the buyer may take it back: while nothing is decided and nothing agreed on is carried out."""
        if self.state == RefundState.DISPUTED:
            return bool(hooks.undecided(self))
        if self.state == RefundState.REPLACING:
            return not self.offers.filter(fate=Offer.Fate.TAKEN).exists()
        return self.state in WITHDRAWABLE

    def actions_for(self, user: Any, at: datetime) -> list[str]:
        """What `user` can do in this case at `at`, by the names of the verbs. Nothing else is offered."""
        if self.is_overdue(at):
            return []
        found = self._actions_of_shop(at) if self.is_of_shop(user) else []
        if self.is_of_buyer(user):
            found += self._actions_of_buyer()
        return found

    def contest_until(self) -> datetime | None:
        """Until when the shop may contest it, once it was paid by the instant lane; else nothing.

        As long as both sides have to appeal against a ruling (APPEAL).
        """
        if self.outcome != self.Outcome.INSTANT or self.state != RefundState.REFUNDED or self.closed_at is None:
            return None
        return spans.deadline(clocks.span("APPEAL", version=self.order.rulebook_version), self.closed_at)

    def may_be_contested(self, at: datetime) -> bool:
        """Whether the shop may still say that an instant payment was not owed: in time, and once."""
        until = self.contest_until()
        return until is not None and at < until and not Contest.objects.filter(refund=self.pk).exists()

    def _actions_of_shop(self, at: datetime) -> list[str]:
        is_mine = self.owner == "shop"
        offered = {
            "accept": self.state in ACCEPTABLE and self.asked + self.compensation > 0,
            "replace": self.state == RefundState.REPLACING or self._may_replace(),
            "promise": self._may_replace(),
            "cannot_supply": self.state == RefundState.REPLACING,
            "take": self._may_take("shop"),
            "offer": self.state in {RefundState.REQUESTED, RefundState.DISPUTED} and self._may_offer("shop"),
            "counter": self.state == RefundState.BARGAINING and is_mine and self._may_offer("shop"),
            "question": self.state == RefundState.REQUESTED and self.questions.count() < MOST_QUESTIONS,
            "extend": self.may_be_extended(),
            "decline": self.state == RefundState.REQUESTED,
            "end_talks": self.state == RefundState.BARGAINING,
            "contest": self.may_be_contested(at),
        }
        return [name for name, is_offered in offered.items() if is_offered]

    def _actions_of_buyer(self) -> list[str]:
        is_mine = self.owner == "buyer"
        offered = {
            "answer": self.state == RefundState.QUESTIONED,
            "confirm_replacement": self.state == RefundState.CHECKING,
            "bad_again": self.state == RefundState.CHECKING,
            "take": self._may_take("buyer"),
            "offer": self.state == RefundState.DISPUTED and self._may_offer("buyer"),
            "counter": self.state == RefundState.BARGAINING and is_mine and self._may_offer("buyer"),
            "escalate": self.may_be_escalated(),
            "goodwill": self.state == RefundState.DECLINED and self.is_predecision and self.goodwill_at is None,
            "withdraw": self.may_be_withdrawn(),
        }
        return [name for name, is_offered in offered.items() if is_offered]

    def _may_replace(self) -> bool:
        return self.state == RefundState.REQUESTED and self.prefers == self.Preference.REISSUE

    def _may_take(self, side: str) -> bool:
        """Whether the other side's offer is on the table for `side` to take."""
        if self.state not in {RefundState.BARGAINING, RefundState.DECLINED, RefundState.DISPUTED}:
            return False
        return self.offers.filter(fate=Offer.Fate.OPEN).exclude(side=side).exists()

    def _may_offer(self, side: str) -> bool:
        in_dispute = self.state == RefundState.DISPUTED
        return self.offers.filter(side=side, in_dispute=in_dispute).count() < MOST_OFFERS


#: Reasons about the mall's own till: a charge that came twice goes back out of suspense by itself and never out of the
#: escrow of a sale, so a claim of one is for people to hold against the books, and no shop answers it (money).
OWN_TILL = frozenset({"DUPLICATE_CHARGE"})
#: In these states of its deposit a shop is not there: its sales are suspended, or it has closed for good.
AWAY = frozenset({DepositState.SUSPENDED, DepositState.RETURNED})
#: Where the buyer may still take a case back.
WITHDRAWABLE = frozenset(
    {
        RefundState.REQUESTED,
        RefundState.QUESTIONED,
        RefundState.BARGAINING,
        RefundState.DECLINED,
        RefundState.REPLACING,
        RefundState.DISPUTED,
    }
)
#: Where the shop may still say yes to all that was asked.
ACCEPTABLE = frozenset({RefundState.REQUESTED, RefundState.QUESTIONED, RefundState.BARGAINING, RefundState.DECLINED})
#: Where the platform can be called, once the shop has answered.
ANSWERED = frozenset({RefundState.REQUESTED, RefundState.QUESTIONED, RefundState.BARGAINING})
#: So much longer a shop that waits for its supplier may have, once; and so long in all at most (R17).
LONGER, IN_ALL = timedelta(hours=24), timedelta(hours=72)
#: Offers of each side in one case (while the platform has it, as many again), and questions of the shop.
MOST_OFFERS, MOST_QUESTIONS = 3, 2


class RefundItem(models.Model):
    """What a case says of one unit."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="items")
    unit = models.ForeignKey("orders.Unit", on_delete=models.PROTECT, related_name="refund_items")
    asked = models.BigIntegerField(help_text="fen")
    entitled = models.BigIntegerField(help_text="fen, by the rules")
    fee = models.BigIntegerField(default=0, help_text="fen that stay with the shop of it, by the rules")
    granted = models.BigIntegerField(null=True, help_text="fen, once decided")
    is_open = models.BooleanField(default=True)

    #: fen of it that a ruling paid on top, and that nobody has paid yet; `disputes.rulings.items_of` fills them.
    supplemented = 0
    still_owed = 0

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(is_open=True), name="refunds_item_one_open_case_per_unit"
            ),
            models.UniqueConstraint(fields=["refund", "unit"], name="refunds_item_once_per_case"),
            models.CheckConstraint(
                condition=Q(asked__gte=0, asked__lte=F("entitled"), fee__gte=0), name="refunds_item_amounts"
            ),
        ]


class Offer(models.Model):
    """What one side offers the other to end a case: money, a replacement, or both. At most one is open in a case.

    `amount` is what goes back in fen over all units, `places` the units that are replaced, `listing` what they are
    exchanged for. A standing offer can still be taken when its turn is over; an unconditional one is paid if the buyer
    stays silent.
    """

    class Side(models.TextChoices):
        """Who offers."""

        BUYER = "buyer", _("Buyer")
        SHOP = "shop", _("Shop")

    class Kind(models.TextChoices):
        """What is offered."""

        FULL = "full", _("Everything that was asked")
        PARTIAL = "partial", _("A part of the price")
        LESS_FEE = "less_fee", _("The price less a fee")
        REISSUE = "reissue", _("The same again")
        EXCHANGE = "exchange", _("Something else instead")
        TOP_UP = "top_up", _("The rest of what is missing")
        EXTEND = "extend", _("A longer term")
        MIXED = "mixed", _("A replacement and money")

    class Fate(models.TextChoices):
        """What became of it."""

        OPEN = "open"
        TAKEN = "taken"
        COUNTERED = "countered"
        EXPIRED = "expired"
        CLOSED = "closed"  # the case went on without it

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="offers")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the case")
    side = models.CharField(max_length=10, choices=Side.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.BigIntegerField(default=0, help_text="fen that go back, over all units")
    places = models.JSONField(default=list, help_text="places of the units that are replaced")
    listing = models.ForeignKey("shops.Listing", on_delete=models.PROTECT, null=True, related_name="+")
    is_standing = models.BooleanField(default=False)
    is_unconditional = models.BooleanField(default=False)
    in_dispute = models.BooleanField(default=False, help_text="made while the platform had the case")
    text = models.TextField(max_length=2000, blank=True)
    fate = models.CharField(max_length=10, choices=Fate.choices, default=Fate.OPEN)
    at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="nothing: as long as the case waits for the buyer")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund"], condition=Q(fate="open"), name="refunds_offer_one_open"),
            models.UniqueConstraint(fields=["refund", "number"], name="refunds_offer_number"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="refunds_offer_amount"),
            models.CheckConstraint(
                condition=Q(is_unconditional=False) | Q(is_standing=True, side="shop"),
                name="refunds_offer_unconditional_stands",
            ),
        ]

    @property
    def replaces(self) -> bool:
        """Whether something is delivered anew."""
        return bool(self.places)


class Question(models.Model):
    """One thing that the shop asks the buyer for, by name; twice in a case at most."""

    class Item(models.TextChoices):
        """What is asked for. What our own records show is not the buyer's to prove."""

        ERROR = "error", _("A picture of the error message")
        RECORDING = "recording", _("A recording of how it is redeemed")
        ISSUER = "issuer", _("What the issuer's support answered")
        ACCOUNT = "account", _("The account or region it was redeemed for")
        BALANCE = "balance", _("A picture of the account's balance or term")
        OTHER = "other", _("Something else, named below")
        PAYMENT = "payment", _("Proof of the payment")
        DELIVERY = "delivery", _("Proof of when it was delivered")
        REVEAL = "reveal", _("Proof of when the code was looked at")
        TALK = "talk", _("What was said in the order's conversation")

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="questions")
    number = models.PositiveSmallIntegerField()
    item = models.CharField(max_length=12, choices=Item.choices)
    text = models.TextField(max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    has_nothing = models.BooleanField(default=False, help_text="the buyer has nothing to add")
    answer = models.TextField(max_length=2000, blank=True)
    attachments = models.ManyToManyField("orders.Attachment", related_name="answers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "number"], name="refunds_question_number"),
            models.UniqueConstraint(fields=["refund"], condition=Q(answered_at=None), name="refunds_question_one_open"),
        ]


class Replacement(models.Model):
    """A unit of a case was delivered anew: the old code is void, the new one is the unit's own."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="replacements")
    unit = models.ForeignKey("orders.Unit", on_delete=models.PROTECT, related_name="replacements")
    listing = models.ForeignKey("shops.Listing", on_delete=models.PROTECT, related_name="+")
    old_card = models.ForeignKey("shops.Card", on_delete=models.PROTECT, null=True, related_name="+")
    card = models.ForeignKey("shops.Card", on_delete=models.PROTECT, null=True, related_name="+")
    handover = models.ForeignKey("orders.Handover", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, help_text="when the buyer said that it is bad as well")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "unit"], name="refunds_replacement_once_per_case"),
            models.UniqueConstraint(
                fields=["old_card"], condition=Q(old_card__isnull=False), name="refunds_replacement_old_card_once"
            ),
        ]


class ClaimDraft(models.Model):
    """What a buyer has told so far of what is wrong with an order: kept until it is filed, seen by nobody else."""

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="claim_drafts")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claim_drafts")
    reason = models.CharField(max_length=40, blank=True)
    places = models.JSONField(default=list, help_text="places of the units within the order")
    text = models.TextField(max_length=2000, blank=True)
    attachments = models.ManyToManyField("orders.Attachment", related_name="claim_drafts")
    stated = models.JSONField(default=dict, db_default={}, help_text="facts, error and day, by the buyer's word")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "buyer"], name="refunds_claimdraft_one_per_buyer_and_order")
        ]


# What hangs on a case stands in a file of its own; Django knows models by this one.
from refunds.papers import Answer, Contest, CreditNote, Guardian, Proof, Report, Word  # noqa: E402, F401
