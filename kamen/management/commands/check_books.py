from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kamen import books


class Command(BaseCommand):
    help = "Prove every invariant of money, states and clocks; name the offenders and fail if one does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0: all invariants hold. Otherwise each broken one is printed with the rows that break it."""
        broken = list(books.violations())
        for violation in broken:
            self.stdout.write(self.style.ERROR(f"BROKEN  {violation.rule}"))
            for offender in violation.offenders:
                self.stdout.write(f"        {offender}")
        if broken:
            raise CommandError(f"{len(broken)} of {len(books.checks())} invariants do not hold.")
        self.stdout.write(self.style.SUCCESS(f"All {len(books.checks())} invariants hold."))
