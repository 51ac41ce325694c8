"""A listing of which somebody says that it may not be sold at all: withheld · given back · forbidden.

Who decides that stands above (`refunds.reports`); here is what it does to the listing, and that its shop cannot undo.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from shops import hooks
from shops.models import Listing
from shops.states import ListingState
from timeline.door import enter, lock, require, verb


@verb
def withhold(listing: Listing, *, at: datetime, data: dict[str, Any]) -> bool:
    """The mall takes it off sale while a report is looked at; says whether it was on sale until now."""
    lock(listing)
    if listing.state != ListingState.ON_SALE:
        return False
    enter(listing, ListingState.PAUSED, by=None, at=at, event="listing.withheld", data=data)
    return True


@verb
def give_back(listing: Listing, *, by: Any, at: datetime, data: dict[str, Any]) -> None:
    """The report was unfounded: what the mall took off sale is on sale again."""
    lock(listing)
    if listing.state == ListingState.PAUSED:
        enter(listing, ListingState.ON_SALE, by=by, at=at, event="listing.given_back", data=data)


@verb
def forbid(listing: Listing, *, by: Any, at: datetime, data: dict[str, Any]) -> None:
    """The report was right: it is never offered again."""
    lock(listing)
    if listing.machine.allows(listing.state, ListingState.CLOSED):
        enter(listing, ListingState.CLOSED, by=by, at=at, event="listing.forbidden", data=data)


def require_free(listing: Listing) -> None:
    """Refuse with `reported` while an open report keeps it off sale."""
    require(
        not hooks.reported(listing),
        "reported",
        _("Somebody reported that this may not be sold. It stays off sale until the platform has looked at it."),
    )
