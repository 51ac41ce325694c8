"""The machines of money with the outside world, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class PaymentState(models.TextChoices):
    """What a sign on a payment would say."""

    AWAITING = "awaiting", _("Waiting to be paid")
    CONFIRMED = "confirmed", _("Paid")
    EXPIRED = "expired", _("Not paid in time")


PAYMENT = Machine(
    name="payment",
    states=PaymentState,
    first=PaymentState.AWAITING,
    steps={PaymentState.AWAITING: {PaymentState.CONFIRMED, PaymentState.EXPIRED}},
    owners={PaymentState.AWAITING: "buyer"},
    limits={PaymentState.AWAITING: "ORDER_PAY"},
)


class PayoutState(models.TextChoices):
    """What a sign on money on its way out would say."""

    PLANNED = "planned", _("Refund planned")
    SENDING = "sending", _("Being sent")
    RETRYING = "retrying", _("Will be sent again")
    MANUAL = "manual", _("In a person's hands")
    PAID = "paid", _("Arrived")
    VOID = "void", _("Taken back")


PAYOUT = Machine(
    name="payout",
    states=PayoutState,
    first=PayoutState.PLANNED,
    steps={
        PayoutState.PLANNED: {PayoutState.SENDING, PayoutState.PAID, PayoutState.MANUAL, PayoutState.VOID},
        PayoutState.SENDING: {PayoutState.PAID, PayoutState.RETRYING, PayoutState.MANUAL, PayoutState.VOID},
        PayoutState.RETRYING: {PayoutState.SENDING, PayoutState.MANUAL},
        PayoutState.MANUAL: {PayoutState.SENDING, PayoutState.PAID, PayoutState.VOID},
    },
    owners={
        PayoutState.PLANNED: "system",
        PayoutState.SENDING: "channel",
        PayoutState.RETRYING: "system",
        PayoutState.MANUAL: "finance",
    },
    limits={PayoutState.PLANNED: "PAYOUT"},
    patient={
        PayoutState.SENDING: "the payout runner asks the channel until it knows",
        PayoutState.RETRYING: "the payout runner sends again after its back-off, then hands over to a person",
        PayoutState.MANUAL: "finance decides, with four eyes",
    },
)


class BrakeState(models.TextChoices):
    """What a sign on the payout brake would say."""

    RAISED = "raised", _("Nothing leaves the mall")
    RELEASED = "released", _("Payouts run again")


BRAKE = Machine(
    name="brake",
    states=BrakeState,
    first=BrakeState.RAISED,
    steps={BrakeState.RAISED: {BrakeState.RELEASED}},
    owners={BrakeState.RAISED: "finance"},
    limits={},
    patient={BrakeState.RAISED: "two people of finance release it once the whole books are clean"},
)


class DifferenceState(models.TextChoices):
    """What a sign on a difference between a channel and us would say."""

    OPEN = "open", _("To be explained")
    EXPLAINED = "explained", _("Explained")
    BOOKED = "booked", _("Put right in the books")


DIFFERENCE = Machine(
    name="difference",
    states=DifferenceState,
    first=DifferenceState.OPEN,
    steps={DifferenceState.OPEN: {DifferenceState.OPEN, DifferenceState.EXPLAINED, DifferenceState.BOOKED}},
    owners={DifferenceState.OPEN: "finance"},
    limits={DifferenceState.OPEN: "DIFFERENCE"},
)


class WriteOffState(models.TextChoices):
    """What a sign on a proposal to let a debt go would say."""

    PROPOSED = "proposed", _("Waiting for a second person")
    AGREED = "agreed", _("Written off")
    DECLINED = "declined", _("Not written off")
    LAPSED = "lapsed", _("Nobody agreed in time")


WRITE_OFF = Machine(
    name="writeoff",
    states=WriteOffState,
    first=WriteOffState.PROPOSED,
    steps={WriteOffState.PROPOSED: {WriteOffState.AGREED, WriteOffState.DECLINED, WriteOffState.LAPSED}},
    owners={WriteOffState.PROPOSED: "finance"},
    limits={WriteOffState.PROPOSED: "WRITE_OFF"},
)


class ContributionState(models.TextChoices):
    """What a sign on money that the mall puts into a pocket of its own would say."""

    PROPOSED = "proposed", _("Waiting for a second person")
    BOOKED = "booked", _("Put in")
    DECLINED = "declined", _("Not put in")
    LAPSED = "lapsed", _("Nobody signed in time")


CONTRIBUTION = Machine(
    name="contribution",
    states=ContributionState,
    first=ContributionState.PROPOSED,
    steps={
        ContributionState.PROPOSED: {
            ContributionState.BOOKED,
            ContributionState.DECLINED,
            ContributionState.LAPSED,
        }
    },
    owners={ContributionState.PROPOSED: "finance"},
    limits={ContributionState.PROPOSED: "CONTRIBUTION"},
)
