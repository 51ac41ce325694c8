"""Keys of persons: what was put away is sealed under one, and dies with it. The vault's manner, and its master keys."""

import os
import uuid
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from privacy.models import Export, PersonKey, Piece
from shops import vault
from shops.vault import Erased, SealBroken

#: What is larger than this lies in a file of its own.
IN_A_ROW = 64 * 1024


def key_for(user_id: int, *, ends_on: date, at: datetime) -> PersonKey:
    """The person's key for what ends on a day, made if there is none. The caller holds the person's lock."""
    known = PersonKey.objects.filter(user_id=user_id, ends_on=ends_on, destroyed_at=None).first()
    if known is not None:
        return known
    key = PersonKey(user_id=user_id, ends_on=ends_on, made_at=at)
    _wrap(key, AESGCM.generate_key(256))
    key.save(force_insert=True)
    return key


@sensitive_variables()
def sealed(key: PersonKey, content: bytes, *, table: str, row: int, field: str, order: Any, at: datetime) -> Piece:
    """What stands in a field, as a piece under the key; not stored yet, but for a file that is too large for a row."""
    piece = Piece(key=key, order=order, table=table, row=row, field=field, nonce=os.urandom(vault.NONCE), at=at)
    _fill(piece, AESGCM(_unwrap(key)).encrypt(piece.nonce, content, _binding(piece)))
    return piece


@sensitive_variables()
def opened(piece: Piece) -> bytes:
    """What stood in the field. Raises `Erased` once the key is destroyed, `SealBroken` if it was touched."""
    if piece.erased_at is not None:
        raise Erased(f"{piece!r} was erased.")
    try:
        return AESGCM(_unwrap(piece.key)).decrypt(bytes(piece.nonce), _content(piece), _binding(piece))
    except InvalidTag:
        raise SealBroken(f"The seal of {piece!r} is broken.") from None


@sensitive_variables()
def move(piece: Piece, key: PersonKey) -> None:
    """Give a piece a seal under another key of the same person."""
    content, old = opened(piece), piece.file
    piece.key, piece.nonce = key, os.urandom(vault.NONCE)
    piece.file, piece.sealed = "", b""
    _fill(piece, AESGCM(_unwrap(key)).encrypt(piece.nonce, content, _binding(piece)))
    piece.save(update_fields=["key", "nonce", "sealed", "file"])
    if old:
        transaction.on_commit(lambda: files().delete(old))


@transaction.atomic
def rewrap(key: PersonKey) -> bool:
    """Seal a person's key with the newest master key; whether there was need to."""
    key.refresh_from_db(from_queryset=PersonKey.objects.select_for_update(no_key=True))
    if key.destroyed_at is not None or key.master_version == vault.newest_master():
        return False
    _wrap(key, _unwrap(key))
    key.save(update_fields=["wrapped", "nonce", "master_version"])
    return True


def rewrap_all() -> int:
    """Every person's key that lies under an older master key, each in a transaction of its own."""
    old = PersonKey.objects.filter(destroyed_at=None).exclude(master_version=vault.newest_master()).order_by("pk")
    return sum(rewrap(key) for key in old)


@sensitive_variables()
def keep_export(export: Export, content: bytes) -> None:
    """Seal a finished copy under a key of its own; the row is not stored here."""
    secret = AESGCM.generate_key(256)
    binding = f"km|export|v1|{export.number}".encode()
    export.master_version, export.nonce, export.secret = vault.wrap_secret(secret, binding=binding)
    nonce = os.urandom(vault.NONCE)
    body = nonce + AESGCM(secret).encrypt(nonce, content, binding)
    export.file = files().save(f"exports/{uuid.uuid4().hex}", ContentFile(body))


@sensitive_variables()
def open_export(export: Export) -> bytes:
    """The ZIP of a copy that was made."""
    binding = f"km|export|v1|{export.number}".encode()
    secret = vault.unwrap_secret(export.master_version, bytes(export.nonce), bytes(export.secret), binding=binding)
    with files().open(export.file) as file:
        body: bytes = file.read()
    try:
        return AESGCM(secret).decrypt(body[: vault.NONCE], body[vault.NONCE :], binding)
    except InvalidTag:
        raise SealBroken(f"The seal of export {export.number} is broken.") from None


def files() -> Storage:
    """The private storage: nothing in it has an address."""
    return storages["files"]


def _fill(piece: Piece, body: bytes) -> None:
    if len(body) > IN_A_ROW:
        piece.file = files().save(f"away/{uuid.uuid4().hex}", ContentFile(body))
    else:
        piece.sealed = body


def _content(piece: Piece) -> bytes:
    if not piece.file:
        return bytes(piece.sealed)
    with files().open(piece.file) as file:
        content: bytes = file.read()
    return content


@sensitive_variables()
def _wrap(key: PersonKey, secret: bytes) -> None:
    key.master_version, key.nonce, key.wrapped = vault.wrap_secret(secret, binding=_key_binding(key))


@sensitive_variables()
def _unwrap(key: PersonKey) -> bytes:
    if key.destroyed_at is not None:
        raise Erased(f"{key!r} was destroyed.")
    return vault.unwrap_secret(key.master_version, bytes(key.nonce), bytes(key.wrapped), binding=_key_binding(key))


def _key_binding(key: PersonKey) -> bytes:
    return f"km|person|v1|{key.name}|{key.user_id}".encode()


def _binding(piece: Piece) -> bytes:
    return f"km|piece|v1|{piece.table}|{piece.row}|{piece.field}".encode()
