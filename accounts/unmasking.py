"""The one verb by which somebody sees what is masked: with a reason, on record, for whom it is about, too.

Rooms above ask their own questions first (who may, is the file open); this one keeps the record. Rule source: PIPL 51,
rules 7: who looked, at what and why, is itself a fact.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Unmasking
from timeline import page
from timeline.door import require, verb

What = Unmasking.What
LONGEST = 200


@verb
def unmask(people: Iterable[int], *, what: str, subject: str, reason: str, by: Any, at: datetime) -> None:
    """Keep on record that `by` sees what is masked of these people (their ids). Refused: `reason_missing`."""
    why = " ".join(reason.split())
    require(bool(why), "reason_missing", _("Say what you need it for."))
    page.insert(
        [
            Unmasking(whom_id=whom, by=by, what=What(what), subject=subject, reason=why[:LONGEST], at=at)
            for whom in sorted(set(people))
        ]
    )
