"""The machine of disputes, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class DisputeState(models.TextChoices):
    """What a sign on a dispute would say."""

    OPENED = "opened", _("Waiting to be assigned")
    EVIDENCE = "evidence", _("Evidence")
    REVIEW = "review", _("Under review")
    SIGNING = "signing", _("Waiting for the second signature")
    RULED = "ruled", _("Ruled, appeal open")
    ENFORCING = "enforcing", _("Being carried out")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DISPUTE = Machine(
    name="dispute",
    states=DisputeState,
    first=DisputeState.OPENED,
    steps={
        DisputeState.OPENED: {DisputeState.EVIDENCE, DisputeState.WITHDRAWN},
        DisputeState.EVIDENCE: {DisputeState.REVIEW, DisputeState.ENFORCING, DisputeState.WITHDRAWN},
        DisputeState.REVIEW: {
            DisputeState.REVIEW,
            DisputeState.SIGNING,
            DisputeState.RULED,
            DisputeState.ENFORCING,
            DisputeState.WITHDRAWN,
        },
        DisputeState.SIGNING: {DisputeState.SIGNING, DisputeState.REVIEW, DisputeState.RULED, DisputeState.WITHDRAWN},
        DisputeState.RULED: {DisputeState.ENFORCING},
        DisputeState.ENFORCING: {DisputeState.ENFORCING, DisputeState.CLOSED},
    },
    owners={
        DisputeState.OPENED: "lead",
        DisputeState.EVIDENCE: "both",
        DisputeState.REVIEW: "arbiter",
        DisputeState.SIGNING: "senior",
        DisputeState.RULED: "both",
        DisputeState.ENFORCING: "finance",
    },
    limits={
        DisputeState.OPENED: "ASSIGN",
        DisputeState.EVIDENCE: "EVIDENCE",
        DisputeState.REVIEW: "RULING",
        DisputeState.SIGNING: "SIGN",
        DisputeState.RULED: "APPEAL",
        DisputeState.ENFORCING: "ENFORCE",
    },
)
