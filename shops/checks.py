"""What `manage.py check --deploy` asks of the vault's keys."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import DatabaseError

from shops import vault


def vault_keys(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Each reason why the vault would not open or could be guessed, as an error."""
    found = [Error(sentence, id="shops.E001") for sentence in vault.weaknesses()]
    try:
        return [*found, *(Error(sentence, id="shops.E002") for sentence in vault.closed_because())]
    except DatabaseError:
        return found  # others say that the database is away
