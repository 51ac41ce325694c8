"""The machines of reputation: levels that fall, measures, alarms over batches, a fund that is low; on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class DowngradeState(models.TextChoices):
    """What a sign on a level that is about to fall would say."""

    ANNOUNCED = "announced", _("Announced")
    SPARED = "spared", _("Not needed: the level was reached again")
    DONE = "done", _("The level fell")


DOWNGRADE = Machine(
    name="downgrade",
    states=DowngradeState,
    first=DowngradeState.ANNOUNCED,
    steps={DowngradeState.ANNOUNCED: {DowngradeState.SPARED, DowngradeState.DONE}},
    owners={DowngradeState.ANNOUNCED: "concerned"},
    limits={DowngradeState.ANNOUNCED: "LEVEL_NOTICE"},
)


class MeasureState(models.TextChoices):
    """What a sign on a measure against a buyer would say."""

    IN_FORCE = "in_force", _("In force")
    APPEALED = "appealed", _("In force, looked at again by a person")
    UPHELD = "upheld", _("In force, upheld on appeal")
    LIFTED = "lifted", _("Lifted")
    OVER = "over", _("Over")


MEASURE = Machine(
    name="measure",
    states=MeasureState,
    first=MeasureState.IN_FORCE,
    steps={
        MeasureState.IN_FORCE: {MeasureState.APPEALED, MeasureState.LIFTED, MeasureState.OVER},
        MeasureState.APPEALED: {MeasureState.UPHELD, MeasureState.LIFTED, MeasureState.OVER},
        MeasureState.UPHELD: {MeasureState.LIFTED, MeasureState.OVER},
    },
    owners={MeasureState.IN_FORCE: "concerned", MeasureState.APPEALED: "risk", MeasureState.UPHELD: "system"},
    limits={
        MeasureState.IN_FORCE: "MEASURE_TERM",
        MeasureState.APPEALED: "MEASURE_APPEAL",
        MeasureState.UPHELD: "MEASURE_TERM",
    },
)


class AlarmState(models.TextChoices):
    """What a sign on an alarm over a batch would say."""

    RAISED = "raised", _("Sale stopped, being looked into")
    CONFIRMED = "confirmed", _("Recalled")
    LIFTED = "lifted", _("Lifted: the batch is sold again")
    CLOSED = "closed", _("Closed")


ALARM = Machine(
    name="alarm",
    states=AlarmState,
    first=AlarmState.RAISED,
    steps={
        AlarmState.RAISED: {AlarmState.CONFIRMED, AlarmState.LIFTED},
        AlarmState.CONFIRMED: {AlarmState.LIFTED, AlarmState.CLOSED},
    },
    owners={AlarmState.RAISED: "risk", AlarmState.CONFIRMED: "shop"},
    limits={AlarmState.RAISED: "ALARM_REVIEW", AlarmState.CONFIRMED: "ALARM_OFFER"},
)


class BatchAnswerState(models.TextChoices):
    """What a sign on what a shop has to say about a bad batch would say."""

    AWAITED = "awaited", _("The shop has to answer")
    GIVEN = "given", _("The shop has answered")
    MISSED = "missed", _("The shop did not answer in time")
    SPARED = "spared", _("No answer needed: the alarm was lifted")


BATCH_ANSWER = Machine(
    name="batchanswer",
    states=BatchAnswerState,
    first=BatchAnswerState.AWAITED,
    steps={
        BatchAnswerState.AWAITED: {BatchAnswerState.GIVEN, BatchAnswerState.MISSED, BatchAnswerState.SPARED},
    },
    owners={BatchAnswerState.AWAITED: "shop"},
    limits={BatchAnswerState.AWAITED: "BATCH_ANSWER"},
)


class ShortfallState(models.TextChoices):
    """What a sign on the guarantee fund would say while it holds too little."""

    LOW = "low", _("Below 60 percent of its aim")
    STOPPED = "stopped", _("Below 40 percent of its aim: instant caps do not rise")
    OVER = "over", _("Filled again")


SHORTFALL = Machine(
    name="shortfall",
    states=ShortfallState,
    first=ShortfallState.LOW,
    steps={
        ShortfallState.LOW: {ShortfallState.STOPPED, ShortfallState.OVER},
        ShortfallState.STOPPED: {ShortfallState.OVER},
    },
    owners={ShortfallState.LOW: "finance", ShortfallState.STOPPED: "finance"},
    limits={ShortfallState.LOW: "FUND_LOOK", ShortfallState.STOPPED: "FUND_LOOK"},
)
