"""The machine of a complaint that was made outside, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class ComplaintState(models.TextChoices):
    """What a sign on a complaint would say."""

    ARRIVED = "arrived", _("Waiting for a first word")
    WORKING = "working", _("Being settled")
    ANSWERED = "answered", _("Answered with the result")
    CLOSED = "closed", _("Closed outside")
    WITHDRAWN = "withdrawn", _("Taken back outside")


S = ComplaintState

COMPLAINT = Machine(
    name="complaint",
    states=ComplaintState,
    first=S.ARRIVED,
    # Whoever complained may add something after our answer: then it is to be settled again.
    steps={
        S.ARRIVED: {S.WORKING, S.ANSWERED, S.CLOSED, S.WITHDRAWN},
        S.WORKING: {S.ANSWERED, S.CLOSED, S.WITHDRAWN},
        S.ANSWERED: {S.WORKING, S.CLOSED, S.WITHDRAWN},
    },
    owners={S.ARRIVED: "agent", S.WORKING: "agent", S.ANSWERED: "outside"},
    # The first two are the outside's own clocks (WeChat Pay: 24 and 72 hours), the third is how long we listen.
    limits={S.ARRIVED: "COMPLAINT_FIRST", S.WORKING: "COMPLAINT_DONE", S.ANSWERED: "COMPLAINT_QUIET"},
)
