"""Wake-up calls of the frame. A task that is lost or runs twice changes nothing."""

from celery import shared_task

from kamen import books
from timeline import clock


@shared_task(name="kamen.check_recent_books")
def check_recent_books() -> None:
    """Look at the books where money moved lately; at all of them while the payout brake waits for that."""
    at = clock.now()
    books.look(scope=books.scope_of_the_minute(at=at), at=at)


@shared_task(name="kamen.check_whole_books", time_limit=3600)
def check_whole_books() -> None:
    """Look at the whole books."""
    books.look(scope=books.Scope.WHOLE, at=clock.now())
