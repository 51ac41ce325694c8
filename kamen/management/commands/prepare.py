from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.utils import CursorWrapper

from kamen.grants import grant, take_views_away
from kamen.settings.base import database, env
from rulebook import lifecycle as rulebook
from timeline import clock


class Command(BaseCommand):
    help = "Bring the database up to date as its owner: roles, migrations, then the grants of the application's role."

    def handle(self, *args: Any, **options: Any) -> None:
        """Uses DATABASE_OWNER_URL; safe to run at every start, and by several at once."""
        if not settings.DATABASE_OWNER_URL:
            raise CommandError("Set DATABASE_OWNER_URL: only the owner of the database may change its schema.")
        application = connections["default"].settings_dict
        role, password = application["USER"], application["PASSWORD"]
        reader = env.str("DATABASE_READER_ROLE", default="")
        owner = point_default_at(settings.DATABASE_OWNER_URL)
        try:
            with owner.cursor() as cursor:
                cursor.execute("set lock_timeout = '30s'; set statement_timeout = 0")
                cursor.execute("select pg_advisory_lock(520052)")
                take_views_away(cursor)
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
                rulebook.install(at=clock.now())
                if role == owner.settings_dict["USER"]:
                    self.stderr.write(
                        "One role owns the database and runs the mall: triggers still protect history, grants cannot. "
                        "Set DATABASE_OWNER_URL and DATABASE_URL to different roles."
                    )
                else:
                    ensure_role(cursor, role, password)
                    if reader:
                        ensure_role(cursor, reader, "")
                    known_reader = next((name for name in (reader, "kamen_reader") if exists(cursor, name)), None)
                    grant(cursor, application=role, reader=known_reader)
                cursor.execute("select pg_advisory_unlock(520052)")
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
        finally:
            owner.close()


def exists(cursor: CursorWrapper, role: str) -> bool:
    """Whether the server knows the role."""
    cursor.execute("select exists (select from pg_roles where rolname = %s)", [role])
    return bool(cursor.fetchone()[0])


def ensure_role(cursor: CursorWrapper, role: str, password: str) -> None:
    """Make a login role that is missing; one that is there keeps the password it has."""
    if exists(cursor, role):
        return
    quoted = cursor.db.ops.quote_name(role)
    try:
        if password:
            cursor.execute(f"create role {quoted} login password %s", [password])
        else:
            cursor.execute(f"create role {quoted} login")
    except DatabaseError as error:
        raise CommandError(
            f"The role {role} does not exist and the owner may not make it ({str(error).splitlines()[0]}): "
            "make it by hand, or let the owner create roles."
        ) from error


def point_default_at(url: str) -> Any:
    """Point the default connection of this process at another role or server."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings({"default": database(url)})["default"]
    del connections["default"]
    return connections["default"]
