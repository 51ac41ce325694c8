from typing import Any

from django.core.management.base import BaseCommand, CommandError

from desks import house
from kamen import books
from timeline import clock


class Command(BaseCommand):
    help = "Ask whether the house is in order: clocks, owners, post, books, chains, money; name what is not, and fail."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0: everything is in order. Otherwise each finding is named, and the code is 1.

        The whole books are looked at now, as by `check_books`, so that an old look hides nothing.
        """
        at = clock.now()
        books.look(scope=books.Scope.WHOLE, at=at)
        found = house.look(at)
        for name, findings in found.items():
            if findings:
                self.stdout.write(self.style.ERROR(f"{name}: {len(findings)}"))
            for each in findings[: house.NAMED]:
                since = f" since {each.since:%Y-%m-%d %H:%M}" if each.since else ""
                self.stdout.write(f"        {each.subject}: {each.what}{since}")
        number = sum(len(findings) for findings in found.values())
        if number:
            raise CommandError(f"{number} findings: the house is not in order.")
        self.stdout.write(self.style.SUCCESS(f"The house is in order: {len(found)} questions, no finding."))
