"""A copy of everything about a person: asked for by them, made by a worker, fetched once within a week, then gone.

It is made by the register (`privacy.register`): what came from them or is about them. What opens something, and what
others said or gave, is left out. Rule source: PIPL 45.
"""

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from privacy import register, sealing
from privacy.files import AWAY
from privacy.models import Export, Piece
from shops.vault import SealBroken
from timeline import events, numbers
from timeline.door import locked, require, verb

log = logging.getLogger(__name__)

#: How long a finished copy waits to be fetched.
WAITS = timedelta(days=7)
MOST_A_DAY, MOST_TRIES = 3, 5
#: Columns beside those of the register that make a row understood.
AROUND = (
    *("number", "state", "level", "stars", "joined_at", "placed_at", "paid_at"),
    *("at", "asked_at", "made_at", "entered_at"),
)
README = """Kamen 卡门: a copy of what the mall knows of you

data/   one file of JSON for each kind of data: what it is, how long and why it is kept, and every row
files/  the files that you gave

Sums are in fen, times in UTC. Codes (卡密), passwords, keys and what others said are left out.
"""


@verb
def ask(user: User, *, by: User, at: datetime) -> Export:
    """Somebody wants a copy; who asks again while one is being made or waits has that one.

    Refused: `not_your_turn`, `too_often` after three within a day.
    """
    user = locked(User, user.pk)
    require(by.pk == user.pk and user.erased_at is None, "not_your_turn", _("Only you can ask for this."))
    known = user.exports.filter(gone_at=None).order_by("-pk").first()
    if known is not None and not known.is_given_up and (known.built_at is None or known.is_ready(at)):
        return known
    recent = user.exports.filter(asked_at__gt=at - timedelta(days=1)).count()
    require(recent < MOST_A_DAY, "too_often", _("You have asked three times within a day. Come back tomorrow."))
    export = Export(number=numbers.new("X", at), user=user, asked_at=at, of=len(register.copied()) + 1)
    export.save(force_insert=True)
    _tell(export, event="user.copy_asked", by=by, at=at)
    return export


def run(*, at: datetime, most: int = 3) -> int:
    """Make the copies that are waited for, oldest first; one that fails never blocks the rest. Returns how many."""
    waiting = Export.objects.filter(built_at=None, gone_at=None, tries__lt=MOST_TRIES).order_by("asked_at", "pk")
    made = 0
    for pk in list(waiting.values_list("pk", flat=True)[:most]):
        try:
            made += build(pk, at=at)
        except Exception:
            log.exception("the copy %s could not be made", pk)
            Export.objects.filter(pk=pk).update(tries=F("tries") + 1, done=0)
    return made


def given_up() -> QuerySet[Export]:
    """Copies that could not be made however often it was tried: the person reads it, and staff see to it."""
    return Export.objects.filter(built_at=None, gone_at=None, tries__gte=MOST_TRIES)


def build(pk: int, *, at: datetime) -> bool:
    """Make one copy; whether it was this call that did. Reading takes no lock."""
    export = Export.objects.select_related("user").get(pk=pk)
    if export.built_at is not None or export.user.erased_at is not None:
        return False
    content = _packed(export, at)
    export.size, export.sha256 = len(content), hashlib.sha256(content).hexdigest()
    sealing.keep_export(export, content)
    return _finish(export, at=at)


@verb
def _finish(export: Export, *, at: datetime) -> bool:
    locked(User, export.user_id)
    names = ("file", "secret", "nonce", "master_version", "size", "sha256")
    values = {name: getattr(export, name) for name in names}
    first = Export.objects.filter(pk=export.pk, built_at=None).update(
        **values, built_at=at, expires_at=at + WAITS, done=export.of
    )
    if not first:
        name = export.file
        transaction.on_commit(lambda: sealing.files().delete(name))
        return False
    _tell(export, event="user.copy_made", by=None, at=at)
    return True


def fetch(export: Export, *, by: User, at: datetime) -> bytes:
    """The ZIP, once: with this answer the file and its key are gone. Refused: `not_your_turn`, `wrong_moment`."""
    require(export.user_id == by.pk, "not_your_turn", _("Only you can ask for this."))
    require(export.is_ready(at), "wrong_moment", _("It is not ready, was fetched already, or waited too long."))
    content = sealing.open_export(export)
    _spend(export, by=by, at=at)
    return content


@verb
def _spend(export: Export, *, by: User, at: datetime) -> None:
    locked(User, export.user_id)
    export.refresh_from_db()
    require(export.is_ready(at), "wrong_moment", _("It is not ready, was fetched already, or waited too long."))
    export.fetched_at = at
    _drop(export, at)
    _tell(export, event="user.copy_fetched", by=by, at=at)


def expire(*, at: datetime) -> int:
    """Drop the copies that nobody fetched in time; returns how many."""
    late = Export.objects.filter(gone_at=None, expires_at__lte=at).order_by("pk")
    return sum(_expire(pk, at=at) for pk in list(late.values_list("pk", flat=True)))


@verb
def _expire(pk: int, *, at: datetime) -> bool:
    export = Export.objects.get(pk=pk)
    locked(User, export.user_id)
    export.refresh_from_db()
    if export.gone_at is not None:
        return False
    _drop(export, at)
    return True


def _drop(export: Export, at: datetime) -> None:
    """The file and its key are destroyed; that there was one stays."""
    name = export.file
    export.gone_at, export.file, export.secret, export.nonce = at, "", b"", b""
    export.save(update_fields=["fetched_at", "gone_at", "file", "secret", "nonce"])
    transaction.on_commit(lambda: sealing.files().delete(name))


def _packed(export: Export, at: datetime) -> bytes:
    user: Any = export.user
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("README.txt", README)
        seen: dict[str, int] = {}
        for done, entry in enumerate(register.copied(), start=1):
            about = register.TERMS[entry.term]
            told = {
                "what": entry.what,
                "kept": about.how_long,
                "why": about.why,
                "rows": [_row(entry, row) for row in register.rows_of(entry, user)],
            }
            seen[entry.table] = seen.get(entry.table, 0) + 1
            number = f"-{seen[entry.table]}" if seen[entry.table] > 1 else ""
            pack.writestr(f"data/{entry.table}{number}.json", json.dumps(told, ensure_ascii=False, indent=1))
            Export.objects.filter(pk=export.pk).update(done=done)
        for name, content in _files(user):
            pack.writestr(f"files/{name}", content)
        pack.writestr("about.json", json.dumps({"person": user.pk, "number": export.number, "made_at": at.isoformat()}))
    return store.getvalue()


def _row(entry: register.Entry, row: Any) -> dict[str, Any]:
    """One row as the person reads it: the register's columns, and what makes them understood."""
    there = {field.name for field in entry.model._meta.concrete_fields}
    names = [*(name for name in AROUND if name in there and name not in entry.fields), *entry.fields]
    found = {"id": row.pk} | {name: _plain(_value(entry, row, name)) for name in names}
    return {name: value for name, value in found.items() if name not in {"original", "viewing_copy"}}


def _value(entry: register.Entry, row: Any, name: str) -> Any:
    """What stands in a field; what was put away of it, while it can be read."""
    value = getattr(row, name)
    if value != AWAY:
        return value
    content = _stood(entry.table, row.pk, name)
    return content.decode("utf-8", "replace") if content is not None else AWAY


def _stood(table: str, row: int, field: str) -> bytes | None:
    piece = Piece.objects.filter(table=table, row=row, field=field, erased_at=None).select_related("key").first()
    try:
        return sealing.opened(piece) if piece else None
    except SealBroken:
        return None


def _files(user: User) -> Iterator[tuple[str, bytes]]:
    """The files that somebody gave, to the byte, also those that were put away."""
    entry = next(entry for entry in register.copied() if entry.table == "orders.Attachment")
    for row in register.rows_of(entry, user):
        name = str(_value(entry, row, "name")).replace("/", "_")
        if row.original:
            with sealing.files().open(row.original) as file:
                content: bytes | None = file.read()
        else:
            content = _stood("orders.Attachment", row.pk, "original")
        if content is not None:
            yield f"{row.pk}-{name}", content


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value


def _tell(export: Export, *, event: str, by: Any, at: datetime) -> None:
    address = f"user:{export.user_id}"
    events.record(root=address, subject=address, name=event, by=by, at=at, data={"copy": export.number})
