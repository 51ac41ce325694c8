"""The machines of shops, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class DepositState(models.TextChoices):
    """What a sign on a shop's deposit would say."""

    UNPAID = "unpaid", _("Deposit not paid")
    ACTIVE = "active", _("Deposit in place")
    SHORT = "short", _("Deposit short")
    SUSPENDED = "suspended", _("Sales suspended")
    CLOSING = "closing", _("Shop closing")
    RETURNED = "returned", _("Deposit returned")


DEPOSIT = Machine(
    name="deposit",
    states=DepositState,
    first=DepositState.UNPAID,
    steps={
        DepositState.UNPAID: {DepositState.ACTIVE},
        DepositState.ACTIVE: {DepositState.SHORT, DepositState.CLOSING},
        DepositState.SHORT: {DepositState.ACTIVE, DepositState.SUSPENDED, DepositState.CLOSING},
        DepositState.SUSPENDED: {DepositState.ACTIVE, DepositState.SUSPENDED, DepositState.CLOSING},
        DepositState.CLOSING: {DepositState.RETURNED},
    },
    owners={
        DepositState.UNPAID: "shop",
        DepositState.ACTIVE: "system",
        DepositState.SHORT: "shop",
        DepositState.SUSPENDED: "risk",
        DepositState.CLOSING: "system",
    },
    limits={
        DepositState.SHORT: "DEPOSIT_TOP_UP",
        DepositState.SUSPENDED: "SUSPEND",
        DepositState.CLOSING: "DEPOSIT_QUIET",
    },
    patient={
        DepositState.UNPAID: "the shop may not list anything until it pays",
        DepositState.ACTIVE: "ends as soon as the deposit falls short or the shop closes",
    },
)


class ListingState(models.TextChoices):
    """What a sign on a listing would say."""

    DRAFT = "draft", _("Draft")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("No longer offered")


LISTING = Machine(
    name="listing",
    states=ListingState,
    first=ListingState.DRAFT,
    steps={
        ListingState.DRAFT: {ListingState.ON_SALE, ListingState.CLOSED},
        ListingState.ON_SALE: {ListingState.PAUSED, ListingState.CLOSED},
        ListingState.PAUSED: {ListingState.ON_SALE, ListingState.CLOSED},
    },
    owners={ListingState.DRAFT: "shop", ListingState.ON_SALE: "shop", ListingState.PAUSED: "shop"},
    limits={},
    patient={
        ListingState.DRAFT: "the shop finishes it when it likes",
        ListingState.ON_SALE: "stays on sale until the shop pauses it or its stock is gone",
        ListingState.PAUSED: "the shop goes on when it likes",
    },
)


class MemberState(models.TextChoices):
    """What a sign on somebody of a shop's staff would say."""

    INVITED = "invited", _("Invited")
    WORKING = "working", _("Works here")
    DECLINED = "declined", _("Did not accept")
    LEFT = "left", _("Works here no more")


MEMBER = Machine(
    name="member",
    states=MemberState,
    first=MemberState.INVITED,
    steps={
        MemberState.INVITED: {MemberState.WORKING, MemberState.DECLINED},
        MemberState.WORKING: {MemberState.LEFT},
    },
    owners={MemberState.INVITED: "invited", MemberState.WORKING: "shop"},
    limits={MemberState.INVITED: "INVITATION"},
    patient={MemberState.WORKING: "ends when the owner or the person says so"},
)


class PayeeState(models.TextChoices):
    """What a sign on the account to which a shop withdraws would say."""

    COOLING = "cooling", _("New: usable in a day")
    USABLE = "usable", _("In use")
    ENDED = "ended", _("Not in use any more")


PAYEE = Machine(
    name="payee",
    states=PayeeState,
    first=PayeeState.COOLING,
    steps={
        PayeeState.COOLING: {PayeeState.USABLE, PayeeState.ENDED},
        PayeeState.USABLE: {PayeeState.ENDED},
    },
    owners={PayeeState.COOLING: "system", PayeeState.USABLE: "shop"},
    limits={PayeeState.COOLING: "PAYEE_COOLING"},
    patient={PayeeState.USABLE: "ends when the shop names another account"},
)
