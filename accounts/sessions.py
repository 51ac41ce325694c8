"""How long a session lives.

Sessions end by the wall clock, not by the mall's: moving the demo's time signs nobody out.
"""

import time
from datetime import timedelta

from django.http import HttpRequest

#: Buyers and sellers: 14 days idle (SESSION_COOKIE_AGE); staff: 15 minutes idle and never longer than a working day.
STAFF_IDLE, STAFF_WHOLE = timedelta(minutes=15), timedelta(hours=8)
#: How often "last seen" is written: exact enough for the limits, and reading pages stays reading for most requests.
STAFF_NOTED, OTHERS_NOTED = timedelta(seconds=30), timedelta(hours=1)

BEGAN, SEEN = "began_at", "seen_at"


def begin(request: HttpRequest) -> None:
    """A new session counts from now."""
    request.session[BEGAN] = request.session[SEEN] = time.time()


def is_over(request: HttpRequest) -> bool:
    """Whether a session of staff has been idle or open for too long."""
    now = time.time()
    idle = now - request.session.get(SEEN, now)
    whole = now - request.session.get(BEGAN, now)
    return idle >= STAFF_IDLE.total_seconds() or whole >= STAFF_WHOLE.total_seconds()


def note(request: HttpRequest, *, staff: bool) -> bool:
    """Note that the session is in use, if that has not been noted lately; whether it was noted now."""
    now = time.time()
    request.session.setdefault(BEGAN, now)
    every = STAFF_NOTED if staff else OTHERS_NOTED
    if now - request.session.get(SEEN, 0) < every.total_seconds():
        return False
    request.session[SEEN] = now
    return True
