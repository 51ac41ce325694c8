"""What a clock of reputation does when it runs out: of a level that falls, for buyers and for shops alike."""

from datetime import datetime

from reputation import membership, shop_levels
from reputation.models import Downgrade
from timeline.door import lock, verb


@verb
def lapse(downgrade: Downgrade, *, limit: str, at: datetime) -> None:
    """The notice is over; who has reached the level again meanwhile keeps it."""
    lock(downgrade)
    if downgrade.machine.limits.get(downgrade.state) != limit or not downgrade.is_overdue(at):
        return
    if downgrade.user_id is not None:
        membership.fall(downgrade, at=at)
    else:
        shop_levels.fall(downgrade, at=at)
