from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import personas


class Command(BaseCommand):
    help = "The second factor of the demo's staff, right now."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints six digits; they hold for half a minute."""
        if not settings.DEMO:
            raise CommandError("Only the demo's second factor is for everybody.")
        self.stdout.write(personas.current_code())
