import contextlib
import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from kamen.servers import ServerDied, postgres_binaries


class Command(BaseCommand):
    help = "A psql on the mall's database as the application, with the embedded client where the machine has none."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """The demo must be open, unless DATABASE_URL names a server."""
        with contextlib.suppress(ServerDied):  # a psql on PATH will do
            os.environ["PATH"] += f"{os.pathsep}{postgres_binaries()}"
        call_command("dbshell")
