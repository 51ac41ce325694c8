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
        DepositState.CLOSING: {DepositState.ACTIVE, DepositState.SUSPENDED, DepositState.RETURNED},
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
    WAITING = "waiting", _("Looked at by the mall")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("No longer offered")


LISTING = Machine(
    name="listing",
    states=ListingState,
    first=ListingState.DRAFT,
    steps={
        ListingState.DRAFT: {ListingState.ON_SALE, ListingState.WAITING, ListingState.CLOSED},
        ListingState.WAITING: {ListingState.ON_SALE, ListingState.DRAFT, ListingState.CLOSED},
        ListingState.ON_SALE: {ListingState.PAUSED, ListingState.DRAFT, ListingState.CLOSED},
        ListingState.PAUSED: {ListingState.ON_SALE, ListingState.WAITING, ListingState.DRAFT, ListingState.CLOSED},
    },
    owners={
        ListingState.DRAFT: "shop",
        ListingState.WAITING: "risk",
        ListingState.ON_SALE: "shop",
        ListingState.PAUSED: "shop",
    },
    limits={ListingState.WAITING: "LISTING_REVIEW"},
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


class ApplicationState(models.TextChoices):
    """What a sign on an application to open a shop would say."""

    DRAFT = "draft", _("Being written")
    APPLIED = "applied", _("Handed in")
    REVIEWING = "reviewing", _("Being read by a person")
    SENT_BACK = "sent_back", _("Something is missing")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    APPEALED = "appealed", _("Looked at again")
    CLOSED = "closed", _("Refused for good")
    WITHDRAWN = "withdrawn", _("Withdrawn")


APPLICATION = Machine(
    name="application",
    states=ApplicationState,
    first=ApplicationState.DRAFT,
    steps={
        ApplicationState.DRAFT: {ApplicationState.APPLIED, ApplicationState.WITHDRAWN},
        ApplicationState.APPLIED: {ApplicationState.REVIEWING, ApplicationState.WITHDRAWN},
        ApplicationState.REVIEWING: {
            ApplicationState.APPLIED,
            ApplicationState.APPROVED,
            ApplicationState.SENT_BACK,
            ApplicationState.REFUSED,
            ApplicationState.WITHDRAWN,
        },
        ApplicationState.SENT_BACK: {ApplicationState.APPLIED, ApplicationState.WITHDRAWN},
        ApplicationState.REFUSED: {ApplicationState.APPEALED, ApplicationState.CLOSED},
        ApplicationState.APPEALED: {ApplicationState.APPROVED, ApplicationState.SENT_BACK, ApplicationState.CLOSED},
    },
    owners={
        ApplicationState.DRAFT: "applicant",
        ApplicationState.APPLIED: "risk",
        ApplicationState.REVIEWING: "risk",
        ApplicationState.SENT_BACK: "applicant",
        ApplicationState.REFUSED: "applicant",
        ApplicationState.APPEALED: "risk",
    },
    limits={
        ApplicationState.APPLIED: "SHOP_REVIEW",
        ApplicationState.REVIEWING: "SHOP_REVIEW",
        ApplicationState.SENT_BACK: "SHOP_ANSWER",
        ApplicationState.REFUSED: "SHOP_APPEAL",
        ApplicationState.APPEALED: "SHOP_REVIEW",
    },
    patient={ApplicationState.DRAFT: "whoever wants to open a shop finishes it when they like"},
)


class LicenceState(models.TextChoices):
    """What a sign on a licence would say."""

    GIVEN = "given", _("Not checked yet")
    VALID = "valid", _("Valid")
    LASTING = "lasting", _("Valid without an end")
    ENDED = "ended", _("Ran out")
    REPLACED = "replaced", _("Replaced by a newer one")
    REFUSED = "refused", _("Not taken")


LICENCE = Machine(
    name="licence",
    states=LicenceState,
    first=LicenceState.GIVEN,
    steps={
        LicenceState.GIVEN: {
            LicenceState.VALID,
            LicenceState.LASTING,
            LicenceState.REFUSED,
            LicenceState.REPLACED,
        },
        LicenceState.VALID: {LicenceState.ENDED, LicenceState.REPLACED},
        LicenceState.LASTING: {LicenceState.REPLACED},
        LicenceState.ENDED: {LicenceState.REPLACED},
    },
    owners={
        LicenceState.GIVEN: "risk",
        LicenceState.VALID: "system",
        LicenceState.LASTING: "system",
        LicenceState.ENDED: "shop",
    },
    limits={LicenceState.VALID: "LICENCE_END"},
    patient={
        LicenceState.GIVEN: "looked at with its application, or by whoever of risk sees the list of papers",
        LicenceState.LASTING: "has no end",
        LicenceState.ENDED: "sales stand still until the shop gives a new one",
    },
)


class SanctionState(models.TextChoices):
    """What a sign on a step against a shop would say."""

    IN_FORCE = "in_force", _("In force")
    APPEALED = "appealed", _("In force, looked at again by a person")
    UPHELD = "upheld", _("In force, upheld on appeal")
    LIFTED = "lifted", _("Lifted")
    OVER = "over", _("Over")


SANCTION = Machine(
    name="sanction",
    states=SanctionState,
    first=SanctionState.IN_FORCE,
    steps={
        SanctionState.IN_FORCE: {SanctionState.APPEALED, SanctionState.LIFTED, SanctionState.OVER},
        SanctionState.APPEALED: {SanctionState.UPHELD, SanctionState.LIFTED, SanctionState.OVER},
        SanctionState.UPHELD: {SanctionState.LIFTED, SanctionState.OVER},
    },
    owners={SanctionState.IN_FORCE: "shop", SanctionState.APPEALED: "risk", SanctionState.UPHELD: "system"},
    limits={
        SanctionState.IN_FORCE: "SANCTION_TERM",
        SanctionState.APPEALED: "SANCTION_APPEAL",
        SanctionState.UPHELD: "SANCTION_TERM",
    },
)
