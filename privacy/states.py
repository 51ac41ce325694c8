"""The machines of privacy: requests to be erased, and legal holds; on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class ErasureState(models.TextChoices):
    """What a sign on a request to be erased would say."""

    WAITING = "waiting", _("Waiting for an answer")
    AGREED = "agreed", _("Answered: will be erased")
    DONE = "done", _("Erased")
    REFUSED = "refused", _("Answered: not now")
    WITHDRAWN = "withdrawn", _("Taken back")


ERASURE = Machine(
    name="erasure",
    states=ErasureState,
    first=ErasureState.WAITING,
    steps={
        ErasureState.WAITING: {ErasureState.AGREED, ErasureState.REFUSED, ErasureState.WITHDRAWN},
        ErasureState.AGREED: {ErasureState.DONE, ErasureState.WAITING, ErasureState.WITHDRAWN},
    },
    owners={ErasureState.WAITING: "lead", ErasureState.AGREED: "concerned"},
    limits={ErasureState.WAITING: "ERASURE_ANSWER", ErasureState.AGREED: "ERASURE_GRACE"},
)


class HoldState(models.TextChoices):
    """What a sign on a legal hold would say."""

    IN_FORCE = "in_force", _("In force")
    RELEASING = "releasing", _("In force; somebody wants to release it")
    RELEASED = "released", _("Released")


HOLD = Machine(
    name="hold",
    states=HoldState,
    first=HoldState.IN_FORCE,
    steps={
        HoldState.IN_FORCE: {HoldState.RELEASING},
        HoldState.RELEASING: {HoldState.IN_FORCE, HoldState.RELEASED},
    },
    owners={HoldState.IN_FORCE: "lead", HoldState.RELEASING: "lead"},
    limits={},
    patient={
        HoldState.IN_FORCE: "it lasts as long as the court or the authority needs what is held",
        HoldState.RELEASING: "until a second person signs, everything stays held",
    },
)
