"""The vault: codes (卡密) are sealed here and opened here, and nowhere else is one to be seen.

Two levels of keys. A data key of the shop seals its codes; the master key, which is never in the database, seals the
data keys. Each seal is bound to its row, its shop and its listing, so that it fits no other. A blind index under a
separate pepper finds the same code again without opening anything.
"""

import base64
import binascii
import hmac
import os
import unicodedata
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from shops.models import Card, DataKey, Listing, Shop

#: A data key seals for so long; random nonces stay far below their limit of 2³² seals.
KEY_LIVES = timedelta(days=90)
NONCE, KEY = 12, 32
#: Stands before each blind index, so that another pepper can follow.
INDEX_VERSION = b"\x01"


class SealBroken(Exception):
    """A seal does not open: the row was tampered with, moved, or belongs to another key. It names the row only."""


class SealIntact(Exception):
    """Somebody wants to read a code whose reveal is not on record: call `stock.reveal(card, at=)` first."""


@sensitive_variables()
def seal(listing: Listing, codes: Sequence[str], *, at: datetime) -> list[Card]:
    """The codes as sealed cards of `listing`, not stored yet and without a batch. The caller holds the shop's lock."""
    key = _key_for(listing.shop, at=at)
    secret = AESGCM(_unwrap(key))
    cards = []
    for code in codes:
        row, nonce = uuid.uuid4(), os.urandom(NONCE)
        sealed = secret.encrypt(nonce, code.encode(), _card_binding(row, listing.shop_id, listing.pk))
        index = fingerprint(code)
        cards.append(
            Card(
                listing=listing,
                shop=listing.shop,
                row=row,
                sealed=sealed,
                nonce=nonce,
                data_key=key,
                blind_index=index,
            )
        )
    return cards


@sensitive_variables()
def open_card(card: Card) -> str:
    """The code of a card whose reveal is on record. Raises `SealIntact` before that, `SealBroken` if it was touched."""
    if card.revealed_at is None:
        raise SealIntact(f"Card {card.pk} has not been revealed: call stock.reveal(card, at=) in the verb first.")
    try:
        code = AESGCM(_unwrap(card.data_key)).decrypt(
            bytes(card.nonce), bytes(card.sealed), _card_binding(card.row, card.shop_id, card.listing_id)
        )
    except InvalidTag:
        raise SealBroken(f"The seal of card {card.pk} is broken.") from None
    return code.decode()


@sensitive_variables()
def fingerprint(code: str) -> bytes:
    """The blind index of a code: equal for what people would call the same code, however it is typed.

    Short codes could be guessed by whoever holds the pepper, so it lives with the master key and is never shown.
    """
    same = unicodedata.normalize("NFKC", code).strip()
    return INDEX_VERSION + hmac.digest(_decoded(settings.VAULT_PEPPER, "VAULT_PEPPER"), same.encode(), "sha256")


def rewrap(key: DataKey) -> None:
    """Seal a data key with the newest master key; the codes under it stay as they are."""
    newest = len(_masters())
    if key.master_version == newest:
        return
    _wrap(key, _unwrap(key))
    key.save(update_fields=["wrapped", "nonce", "master_version"])


def _key_for(shop: Shop, *, at: datetime) -> DataKey:
    """The shop's newest data key, or a new one where that is too old."""
    newest = DataKey.objects.filter(shop=shop, made_at__gt=at - KEY_LIVES).order_by("-pk").first()
    if newest is not None:
        return newest
    key = DataKey(shop=shop, made_at=at)
    _wrap(key, AESGCM.generate_key(KEY * 8))
    key.save(force_insert=True)
    return key


@sensitive_variables()
def _wrap(key: DataKey, secret: bytes) -> None:
    masters = _masters()
    key.nonce, key.master_version = os.urandom(NONCE), len(masters)
    key.wrapped = AESGCM(masters[-1]).encrypt(key.nonce, secret, _key_binding(key))


@sensitive_variables()
def _unwrap(key: DataKey) -> bytes:
    masters = _masters()
    if not 0 < key.master_version <= len(masters):
        raise SealBroken(f"Data key {key.pk} needs master key {key.master_version}, which VAULT_KEY does not hold.")
    try:
        return AESGCM(masters[key.master_version - 1]).decrypt(bytes(key.nonce), bytes(key.wrapped), _key_binding(key))
    except InvalidTag:
        raise SealBroken(f"The seal of data key {key.pk} is broken.") from None


def _card_binding(row: uuid.UUID, shop_id: int, listing_id: int) -> bytes:
    return f"km|card|v1|{row}|{shop_id}|{listing_id}".encode()


def _key_binding(key: DataKey) -> bytes:
    return f"km|key|v1|{key.name}|{key.shop_id}".encode()


def _masters() -> list[bytes]:
    """The master keys, oldest first: a new one is added at the end, so that what the old ones sealed still opens."""
    return [_decoded(text, "VAULT_KEY") for text in settings.VAULT_KEY.split(",")]


@sensitive_variables()
def _decoded(text: str, name: str) -> bytes:
    try:
        found = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY:
        raise ImproperlyConfigured(f"{name} is not {KEY} random bytes in URL-safe base64.") from None
    return found
