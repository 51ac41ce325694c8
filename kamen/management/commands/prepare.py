from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from kamen.grants import grant
from kamen.settings.base import database, env


class Command(BaseCommand):
    help = "Bring the database up to date as its owner: migrations, then the grants of the application's role."

    def handle(self, *args: Any, **options: Any) -> None:
        """Uses DATABASE_OWNER_URL; safe to run at every start, and by several at once."""
        if not settings.DATABASE_OWNER_URL:
            raise CommandError("Set DATABASE_OWNER_URL: only the owner of the database may change its schema.")
        application = connections["default"].settings_dict["USER"]
        reader = env.str("DATABASE_READER_ROLE", default="kamen_reader")
        owner = point_default_at(settings.DATABASE_OWNER_URL)
        try:
            with owner.cursor() as cursor:
                cursor.execute("set lock_timeout = '30s'; set statement_timeout = 0")
                cursor.execute("select pg_advisory_lock(520052)")
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
                cursor.execute("select rolname from pg_roles where rolname = %s", [reader])
                known_reader = reader if cursor.fetchone() else None
                if application == owner.settings_dict["USER"]:
                    self.stderr.write(
                        "One role owns the database and runs the mall: triggers still protect history, grants cannot. "
                        "Set DATABASE_OWNER_URL and DATABASE_URL to different roles."
                    )
                else:
                    grant(cursor, application=application, reader=known_reader)
                cursor.execute("select pg_advisory_unlock(520052)")
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
        finally:
            owner.close()


def point_default_at(url: str) -> Any:
    """Point the default connection of this process at another role or server."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings({"default": database(url)})["default"]
    del connections["default"]
    return connections["default"]
