"""What to try before a claim: where most cases of a reason are a slip of the hand, the way out is told first.

Nobody has to: the hint costs one glance, and a claim is filed all the same.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HINTS: Mapping[str, tuple[Promise, ...]] = {
    "NOT_DELIVERED": (
        _("Codes wait on the order's page until you look at them: nothing is sent by mail or message."),
        _("Compare the account that you gave with your own, sign by sign."),
        _("Look at the promised time: before it is over, nothing is late."),
    ),
    "CODE_INVALID": (
        _("Copy the code with the button instead of typing it: 0 and O, 1 and I look alike."),
        _("Is it redeemed where the usage notice says, and for the right goods?"),
        _("Sign in to the account and region that the code is for, then try once more."),
    ),
    "CODE_ALREADY_USED": (
        _("Look at the balance and the list of redeemed codes: perhaps it was credited the first time."),
        _("Are you signed in to the account with which you redeemed it?"),
    ),
    "REGION_MISMATCH": (
        _("Compare the region in the listing with that of your account; the store shows the one it is in."),
    ),
    "FACE_VALUE_SHORT": (
        _("A credit can come in parts, and fees of the issuer are shown in its own list. Wait until it is complete."),
    ),
    "MEMBERSHIP_NOT_ACTIVATED": (
        _("Sign out and in again, and look at the list of your memberships: the icon can lag behind."),
        _("Compare the account that you gave with the one you look at."),
    ),
    "MEMBERSHIP_INTERRUPTED": (_("Sign in again on one device: too many devices at once can lock a membership."),),
    "BUYER_DEVICE": (
        _("Update the app, restart the device, and try another network."),
        _("Follow the usage notice on the order's page step by step."),
    ),
    "DUPLICATE_CHARGE": (
        _("A reserved sum looks like a second charge and disappears within a day; a real one has a number of its own."),
    ),
    "UPSTREAM_OUTAGE": (_("Look at the issuer's own page for disturbances: most of them are over within hours."),),
}
