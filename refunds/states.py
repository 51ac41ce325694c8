"""The machine of refunds, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class RefundState(models.TextChoices):
    """What a sign on a refund case would say."""

    REQUESTED = "requested", _("Waiting for the shop")
    DECLINED = "declined", _("Waiting for the buyer's decision")
    DISPUTED = "disputed", _("With the platform")
    APPROVED = "approved", _("Being paid back")
    REFUNDED = "refunded", _("Paid back")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")
    REJECTED = "rejected", _("Not supported")


REFUND = Machine(
    name="refund",
    states=RefundState,
    first=RefundState.REQUESTED,
    steps={
        RefundState.REQUESTED: {
            RefundState.APPROVED,
            RefundState.DECLINED,
            RefundState.DISPUTED,
            RefundState.WITHDRAWN,
        },
        RefundState.DECLINED: {RefundState.DISPUTED, RefundState.WITHDRAWN, RefundState.LAPSED},
        RefundState.DISPUTED: {RefundState.APPROVED, RefundState.REJECTED, RefundState.WITHDRAWN},
        RefundState.APPROVED: {RefundState.REFUNDED},
    },
    owners={
        RefundState.REQUESTED: "shop",
        RefundState.DECLINED: "buyer",
        RefundState.DISPUTED: "platform",
        RefundState.APPROVED: "system",
    },
    limits={
        RefundState.REQUESTED: "SELLER_RESPONSE",
        RefundState.DECLINED: "ESCALATE",
        RefundState.APPROVED: "PAYOUT",
    },
    patient={RefundState.DISPUTED: "the dispute has its own clocks"},
)
