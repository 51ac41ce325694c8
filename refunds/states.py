"""The machine of refunds, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class RefundState(models.TextChoices):
    """What a sign on a refund case would say."""

    REQUESTED = "requested", _("Waiting for the shop")
    QUESTIONED = "questioned", _("Waiting for the buyer's answer")
    BARGAINING = "bargaining", _("Bargaining")
    DECLINED = "declined", _("Waiting for the buyer's decision")
    REPLACING = "replacing", _("Waiting for the replacement")
    CHECKING = "checking", _("Replacement being checked")
    DISPUTED = "disputed", _("With the platform")
    APPROVED = "approved", _("Being paid back")
    REFUNDED = "refunded", _("Paid back")
    EXCHANGED = "exchanged", _("Replaced")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")
    REJECTED = "rejected", _("Not supported")


REFUND = Machine(
    name="refund",
    states=RefundState,
    first=RefundState.REQUESTED,
    # A channel may pay a buyer on its own account at any time: then the case ends as refunded, whatever it waited for.
    steps={
        RefundState.REQUESTED: {
            RefundState.QUESTIONED,
            RefundState.BARGAINING,
            RefundState.DECLINED,
            RefundState.REPLACING,
            RefundState.DISPUTED,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.WITHDRAWN,
        },
        RefundState.QUESTIONED: {
            RefundState.REQUESTED,
            RefundState.DISPUTED,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.WITHDRAWN,
            RefundState.LAPSED,
        },
        RefundState.BARGAINING: {
            RefundState.BARGAINING,
            RefundState.DECLINED,
            RefundState.REPLACING,
            RefundState.DISPUTED,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.WITHDRAWN,
        },
        RefundState.DECLINED: {
            RefundState.REQUESTED,
            RefundState.REPLACING,
            RefundState.DISPUTED,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.WITHDRAWN,
            RefundState.LAPSED,
        },
        RefundState.REPLACING: {
            RefundState.CHECKING,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.WITHDRAWN,
        },
        RefundState.CHECKING: {
            RefundState.DISPUTED,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.EXCHANGED,
        },
        RefundState.DISPUTED: {
            RefundState.REPLACING,
            RefundState.APPROVED,
            RefundState.REFUNDED,
            RefundState.REJECTED,
            RefundState.WITHDRAWN,
        },
        RefundState.APPROVED: {RefundState.REFUNDED},
    },
    owners={
        RefundState.REQUESTED: "shop",
        RefundState.QUESTIONED: "buyer",
        # Whose turn it is stands in the case (`Refund.turn`).
        RefundState.BARGAINING: "both",
        RefundState.DECLINED: "buyer",
        RefundState.REPLACING: "shop",
        RefundState.CHECKING: "buyer",
        RefundState.DISPUTED: "platform",
        RefundState.APPROVED: "system",
    },
    limits={
        RefundState.REQUESTED: "SELLER_RESPONSE",
        RefundState.QUESTIONED: "BUYER_ANSWER",
        # Beside it NEGOTIATE runs, over all turns together.
        RefundState.BARGAINING: "OFFER",
        RefundState.DECLINED: "ESCALATE",
        RefundState.REPLACING: "REPLACE",
        RefundState.CHECKING: "CHECK",
        RefundState.APPROVED: "PAYOUT",
    },
    patient={RefundState.DISPUTED: "the dispute has its own clocks"},
)


class GuardianState(models.TextChoices):
    """What a sign on a guardian's papers would say."""

    AWAITED = "awaited", _("Papers of the guardian are awaited")
    GIVEN = "given", _("Papers being looked at")
    ACCEPTED = "accepted", _("Papers accepted")
    REFUSED = "refused", _("Papers do not show it")
    CLOSED = "closed", _("Closed without a decision")


GUARDIAN = Machine(
    name="guardian",
    states=GuardianState,
    first=GuardianState.AWAITED,
    steps={
        GuardianState.AWAITED: {GuardianState.GIVEN, GuardianState.CLOSED},
        GuardianState.GIVEN: {
            GuardianState.AWAITED,
            GuardianState.ACCEPTED,
            GuardianState.REFUSED,
            GuardianState.CLOSED,
        },
    },
    owners={GuardianState.AWAITED: "guardian", GuardianState.GIVEN: "lead"},
    limits={GuardianState.AWAITED: "MINOR_MATERIALS", GuardianState.GIVEN: "MINOR_REVIEW"},
)


class ContestState(models.TextChoices):
    """What a sign on a contested instant payment would say."""

    FILED = "filed", _("Waiting for somebody to decide")
    LATE = "late", _("Overdue, waiting for a lead")
    UPHELD = "upheld", _("The payment was right")
    OVERTURNED = "overturned", _("The shop was made whole")
    WITHDRAWN = "withdrawn", _("Taken back by the shop")


CONTEST = Machine(
    name="contest",
    states=ContestState,
    first=ContestState.FILED,
    steps={
        ContestState.FILED: {
            ContestState.LATE,
            ContestState.UPHELD,
            ContestState.OVERTURNED,
            ContestState.WITHDRAWN,
        },
        ContestState.LATE: {
            ContestState.UPHELD,
            ContestState.OVERTURNED,
            ContestState.WITHDRAWN,
        },
    },
    owners={ContestState.FILED: "lead", ContestState.LATE: "lead"},
    # A person looks again at what a machine decided. The clock only calls, again and again: a machine says no last no.
    limits={ContestState.FILED: "HUMAN_REVIEW", ContestState.LATE: "HUMAN_REVIEW"},
)
