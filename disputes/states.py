"""The machines of disputes and of appeals against what was ruled in them, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class DisputeState(models.TextChoices):
    """What a sign on a dispute would say."""

    OPENED = "opened", _("Waiting to be assigned")
    EVIDENCE = "evidence", _("Evidence")
    REVIEW = "review", _("Under review")
    QUESTIONED = "questioned", _("One thing is asked for")
    PROPOSED = "proposed", _("Proposal to both sides")
    SIGNING = "signing", _("Waiting for the second signature")
    RULED = "ruled", _("Ruled, appeal open")
    APPEALED = "appealed", _("Appealed")
    SUSPENDED = "suspended", _("Suspended")
    ENFORCING = "enforcing", _("Being carried out")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AppealState(models.TextChoices):
    """What a sign on an appeal would say."""

    FILED = "filed", _("Waiting to be admitted")
    ANSWERING = "answering", _("Waiting for the other side's answer")
    PANEL = "panel", _("Before the panel")
    UPHELD = "upheld", _("Upheld")
    MODIFIED = "modified", _("Changed")
    REMANDED = "remanded", _("Sent back")
    INADMISSIBLE = "inadmissible", _("Not admitted")
    WITHDRAWN = "withdrawn", _("Withdrawn")


S, A = DisputeState, AppealState

#: Whatever people agree on, or a channel did, ends a case from wherever it stands; an authority may stop it there.
ANYWHERE = {S.ENFORCING, S.SUSPENDED, S.CLOSED}

DISPUTE = Machine(
    name="dispute",
    states=DisputeState,
    first=S.OPENED,
    steps={
        S.OPENED: {S.EVIDENCE, S.SIGNING, S.RULED, S.WITHDRAWN, *ANYWHERE},
        S.EVIDENCE: {S.REVIEW, S.SIGNING, S.RULED, S.WITHDRAWN, *ANYWHERE},
        S.REVIEW: {S.REVIEW, S.QUESTIONED, S.PROPOSED, S.SIGNING, S.RULED, S.WITHDRAWN, *ANYWHERE},
        S.QUESTIONED: {S.REVIEW, S.WITHDRAWN, *ANYWHERE},
        S.PROPOSED: {S.REVIEW, S.WITHDRAWN, *ANYWHERE},
        S.SIGNING: {S.SIGNING, S.REVIEW, S.RULED, S.WITHDRAWN, *ANYWHERE},
        S.RULED: {S.APPEALED, *ANYWHERE},
        S.APPEALED: {S.RULED, S.REVIEW, *ANYWHERE},
        S.SUSPENDED: {
            *(S.OPENED, S.EVIDENCE, S.REVIEW, S.QUESTIONED, S.PROPOSED, S.SIGNING, S.RULED, S.APPEALED),
            *(S.WITHDRAWN, *ANYWHERE),
        },
        S.ENFORCING: {S.ENFORCING, S.EVIDENCE, S.CLOSED},  # EVIDENCE: what was agreed on did not happen
    },
    owners={
        S.OPENED: "lead",
        S.EVIDENCE: "both",
        S.REVIEW: "arbiter",
        S.QUESTIONED: "asked",
        S.PROPOSED: "both",
        S.SIGNING: "senior",
        S.RULED: "both",
        S.APPEALED: "panel",
        S.SUSPENDED: "lead",
        S.ENFORCING: "finance",
    },
    limits={
        S.OPENED: "ASSIGN",
        S.EVIDENCE: "EVIDENCE",
        S.REVIEW: "RULING",
        S.QUESTIONED: "ITEM",
        S.PROPOSED: "PROPOSAL",
        S.SIGNING: "SIGN",
        S.RULED: "APPEAL",
        S.SUSPENDED: "SUSPEND",
        S.ENFORCING: "ENFORCE",
    },
    patient={S.APPEALED: "the appeal has its own clocks"},
)

APPEAL = Machine(
    name="appeal",
    states=AppealState,
    first=A.FILED,
    steps={
        A.FILED: {A.ANSWERING, A.INADMISSIBLE, A.WITHDRAWN},
        A.ANSWERING: {A.PANEL, A.WITHDRAWN},
        A.PANEL: {A.PANEL, A.UPHELD, A.MODIFIED, A.REMANDED, A.WITHDRAWN},
    },
    owners={A.FILED: "lead", A.ANSWERING: "respondent", A.PANEL: "panel"},
    limits={A.FILED: "ADMIT", A.ANSWERING: "ANSWER", A.PANEL: "PANEL"},
)
