"""The machine of a talk with a person, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class TalkState(models.TextChoices):
    """What a sign on a talk would say."""

    WAITING = "waiting", _("Waiting for a person")
    TAKEN = "taken", _("A person is reading")
    TALKING = "talking", _("In talk with a person")
    CLOSED = "closed", _("Talk over")


TALK = Machine(
    name="talk",
    states=TalkState,
    first=TalkState.WAITING,
    steps={
        TalkState.WAITING: {TalkState.TAKEN, TalkState.CLOSED},
        TalkState.TAKEN: {TalkState.WAITING, TalkState.TALKING, TalkState.CLOSED},
        TalkState.TALKING: {TalkState.WAITING, TalkState.CLOSED},
    },
    owners={TalkState.WAITING: "agent", TalkState.TAKEN: "agent", TalkState.TALKING: "buyer"},
    limits={
        TalkState.WAITING: "FIRST_ANSWER",
        TalkState.TAKEN: "FIRST_ANSWER",
        TalkState.TALKING: "TALK_QUIET",
    },
)
