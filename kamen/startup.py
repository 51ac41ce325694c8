"""A production process looks around before it starts: what would make the mall unsafe stops it, with a sentence."""

import os
import sys
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections

#: A secret that stands in a public file is no secret.
WELL_KNOWN = ("change-me", "changeme", "django-insecure-", "only-for-tests", "secret", "password", "kamen")
SHORTEST_SECRET, FEWEST_CHARACTERS = 40, 12
#: 32 bytes in base64url.
SHORTEST_ANCHOR_KEY = 43


class Unsafe(Exception):
    """The mall must not start like this; the text is one sentence for whoever runs it."""


def read_settings() -> None:
    """Read the settings; what is missing ends the process with one sentence instead of a traceback."""
    try:
        settings.DEBUG  # noqa: B018 - reading anything is what loads the settings
    except ImproperlyConfigured as error:
        refuse(str(error))
    except ValueError as error:  # PORT=eight
        refuse(f"A setting in the environment is not what it should be ({error}).")


def check_or_exit() -> None:
    """Look around, and end the process with a sentence (exit code 1) where the mall would be unsafe."""
    read_settings()
    try:
        check()
    except Unsafe as error:
        refuse(str(error))


def check() -> None:
    """Raise `Unsafe` for the first thing that is wrong. Only production asks; the demo may do as it likes."""
    if not settings.PRODUCTION:
        return
    for sentence in wrong_settings():
        raise Unsafe(sentence)
    try:
        for sentence in wrong_rows():
            raise Unsafe(sentence)
        for sentence in closed_vault():
            warn(sentence)
    except DatabaseError as error:
        raise Unsafe(f"The database does not answer: {str(error).strip().splitlines()[0]}") from error
    finally:
        connections.close_all()  # whoever forks after this starts with connections of its own


def wrong_settings() -> Iterator[str]:
    """What is unsafe about the settings alone."""
    if settings.DEBUG:
        yield "DEBUG is on: it shows secrets to strangers. Remove DEBUG from the environment."
    if settings.DEMO:
        yield "The demo's switches are on: use DJANGO_SETTINGS_MODULE=kamen.settings.production as it is."
    try:
        secret = settings.SECRET_KEY
    except ImproperlyConfigured:  # there, but empty
        secret = ""
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS or secret.lower().startswith(WELL_KNOWN):
        yield (
            f"SECRET_KEY is weak: it needs at least {SHORTEST_SECRET} random characters."
            " `python -c 'import secrets; print(secrets.token_urlsafe(50))'` makes one."
        )
    if settings.ANCHOR_KEY.startswith("demo-") or len(settings.ANCHOR_KEY) < SHORTEST_ANCHOR_KEY:
        yield (
            "ANCHOR_KEY is the demo's, or no key: whoever has it can sign a history that never was."
            " `python -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one."
        )
    from shops import vault

    yield from vault.weaknesses()
    if "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS allows every name: list the mall's own."


def wrong_rows() -> Iterator[str]:
    """What is unsafe about the database: found by asking it, as the role that the mall will use."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('public.timeline_event') is not null")
        if not cursor.fetchone()[0]:
            yield "The database is not prepared: run `manage.py prepare` with DATABASE_OWNER_URL first."
            return
        cursor.execute(
            "select current_setting('is_superuser') = 'on' or pg_has_role(relowner, 'usage')"
            " from pg_class where oid = 'public.timeline_event'::regclass"
        )
        if cursor.fetchone()[0]:
            yield (
                "DATABASE_URL is the owner of the tables (or a superuser): history could be rewritten."
                " Give the mall a role of its own and keep the owner's for `manage.py prepare`."
            )
    from accounts import personas
    from timeline.models import ClockOffset

    if ClockOffset.objects.exists():
        yield "This database's clock was moved by the demo panel: it is a demo's database. Use another."
    if personas.present():
        yield "There are demo logins in this database, whose passwords everybody knows. Use another database."


def closed_vault() -> Iterator[str]:
    """Why no code can be sealed or shown; no reason not to start, since everything else works."""
    from shops import vault

    yield from vault.closed_because()


def warn(sentence: str) -> None:
    """One sentence on standard error; the process goes on."""
    sys.stderr.write(f"Kamen starts with its vault closed, no code can be added or shown: {sentence}\n")
    sys.stderr.flush()


def refuse(sentence: str) -> None:
    """One sentence, and the end of this process."""
    sys.stderr.write(f"Kamen does not start: {' '.join(sentence.split())}\n")
    sys.stderr.flush()
    sys.exit(1)


def settings_module(default: str = "kamen.settings.local") -> None:
    """Name the settings unless the environment does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", default)
