from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamen import books
from ledger import brake
from timeline import clock


class Command(BaseCommand):
    help = "Prove every invariant of money, states and clocks; name the offenders, raise the payout brake, and fail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recent", action="store_true", help="only what moved since the last looks, as every minute"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0: all invariants hold. Otherwise each broken one is printed with the rows that break it.

        The look is written down: a clean one of the whole books is what lets two people release the payout brake.
        """
        scope = books.Scope.RECENT if options["recent"] else books.Scope.WHOLE
        broken = books.look(scope=scope, at=clock.now())
        asked = len(books.recent_checks() if options["recent"] else books.checks())
        for violation in broken:
            self.stdout.write(self.style.ERROR(f"BROKEN  {violation.rule}"))
            for offender in violation.offenders:
                self.stdout.write(f"        {offender}")
        if on := brake.current():
            self.stdout.write(self.style.WARNING(f"The payout brake is on since {on.raised_at.isoformat()}: {on.why}"))
        if broken:
            raise CommandError(f"{len(broken)} of {asked} invariants do not hold.")
        self.stdout.write(self.style.SUCCESS(f"All {asked} invariants hold."))
