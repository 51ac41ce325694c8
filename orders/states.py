"""The machine of orders, and the facts of a unit, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class OrderState(models.TextChoices):
    """What a sign on an order would say."""

    PLACED = "placed", _("Waiting for payment")
    PAID = "paid", _("Money in escrow, waiting for delivery")
    DELIVERED = "delivered", _("Inspection")
    COMPLETED = "completed", _("Completed, waiting for settlement")
    SETTLED = "settled", _("Warranty")
    ARCHIVED = "archived", _("Archived")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Not paid in time")
    REFUNDED = "refunded", _("Refunded")


ORDER = Machine(
    name="order",
    states=OrderState,
    first=OrderState.PLACED,
    steps={
        OrderState.PLACED: {OrderState.PAID, OrderState.CANCELLED, OrderState.EXPIRED},
        OrderState.PAID: {OrderState.DELIVERED, OrderState.CANCELLED, OrderState.REFUNDED},
        OrderState.DELIVERED: {OrderState.COMPLETED, OrderState.REFUNDED},
        OrderState.COMPLETED: {OrderState.SETTLED, OrderState.REFUNDED},
        OrderState.SETTLED: {OrderState.ARCHIVED, OrderState.REFUNDED},
    },
    owners={
        OrderState.PLACED: "buyer",
        OrderState.PAID: "shop",
        OrderState.DELIVERED: "buyer",
        OrderState.COMPLETED: "system",
        OrderState.SETTLED: "system",
    },
    limits={
        OrderState.PLACED: "ORDER_PAY",
        OrderState.PAID: "HARD",
        OrderState.DELIVERED: "INSPECT",
        OrderState.COMPLETED: "SETTLE",
        OrderState.SETTLED: "WARRANTY",
    },
)


class CouponState(models.TextChoices):
    """What a sign on a coupon would say."""

    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


COUPON = Machine(
    name="coupon",
    states=CouponState,
    first=CouponState.DRAFT,
    steps={
        CouponState.DRAFT: {CouponState.RUNNING, CouponState.ENDED},
        CouponState.RUNNING: {CouponState.PAUSED, CouponState.ENDED},
        CouponState.PAUSED: {CouponState.RUNNING, CouponState.ENDED},
    },
    owners={
        CouponState.DRAFT: "issuer",
        CouponState.RUNNING: "system",
        CouponState.PAUSED: "issuer",
    },
    limits={CouponState.RUNNING: "COUPON_TERM"},
    patient={
        CouponState.DRAFT: "nobody can use it until it is started",
        CouponState.PAUSED: "nobody can use it until it is resumed",
    },
)


class Delivery(models.TextChoices):
    """What is known of one unit: facts, never edited by a user."""

    UNDELIVERED = "undelivered", _("Not delivered")
    SEALED = "sealed", _("Delivered, not looked at")
    REVEALED = "revealed", _("Looked at")
    USED = "used", _("Used")
    PARTIAL = "partial", _("Partly used")
    REPLACED = "replaced", _("Replaced")
    VOIDED = "voided", _("Void")


class Grade(models.TextChoices):
    """How well a fact is proven."""

    VERIFIED = "verified", _("Platform record")
    CLAIMED = "claimed", _("One side's word")
    UNKNOWN = "unknown", _("Unknown")


class Standing(models.TextChoices):
    """How it stands with a unit that somebody else's system delivers."""

    WAITING = "waiting", _("Waiting to be handed on")
    SENT = "sent", _("Handed on; no answer yet")
    PENDING = "pending", _("Taken on, being delivered")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Could not be delivered")
    CANCELLED = "cancelled", _("Called back")
    GIVEN_UP = "given_up", _("Given up: no final answer in time")
