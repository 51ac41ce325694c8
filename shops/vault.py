"""The vault: codes (卡密) are sealed here and opened here, and nowhere else is one to be seen.

Two levels of keys. A data key of the shop seals its codes; the master key, which is never in the database, seals the
data keys. Each seal is bound to its row, its shop and its listing, so that it fits no other. A blind index under a
separate pepper finds the same code again without opening anything.
"""

import base64
import binascii
import hmac
import json
import logging
import os
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from shops.lines import BETWEEN
from shops.models import Card, DataKey, Intake, Listing, SealedWords, Shop
from timeline.refusals import Refused

log = logging.getLogger(__name__)

#: A data key seals for so long; random nonces stay far below their limit of 2³² seals.
KEY_LIVES = timedelta(days=90)
NONCE, KEY = 12, 32
#: A key of random bytes has more different ones than this, and some that no keyboard has.
FEWEST_BYTES = 16
#: Stands before each blind index, so that another pepper can follow.
INDEX_VERSION = b"\x01"


class SealBroken(Exception):
    """A seal does not open: the row was tampered with, moved, or belongs to another key. It names the row only."""


class SealIntact(Exception):
    """Somebody wants to read a code whose reveal is not on record: call `stock.reveal(card, at=)` first."""


class Erased(SealBroken):
    """The code or its key was destroyed on purpose: nobody reads it ever again."""


class VaultClosed(Refused):
    """VAULT_KEY or VAULT_PEPPER is missing or wrong: nothing is sealed or shown, everything else goes on.

    `why` is for whoever runs the mall: it names the setting, never what stands in it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            "vault_closed",
            _("The vault is closed right now: no code can be added or shown. Everything else works; try again later."),
        )
        self.why = why
        log.error("the vault is closed: %s", why)


@sensitive_variables()
def seal(listing: Listing, codes: Sequence[str], *, at: datetime) -> list[Card]:
    """The codes as sealed cards of `listing`, not stored yet and without a batch. The caller holds the shop's lock."""
    key = key_for(listing.shop, at=at)
    secret = AESGCM(_unwrap(key))
    cards = []
    for code in codes:
        card = Card(listing=listing, shop=listing.shop, row=uuid.uuid4(), blind_index=fingerprint(code))
        _seal_into(card, key, secret, code)
        cards.append(card)
    return cards


@sensitive_variables()
def open_card(card: Card) -> str:
    """The code of a card whose reveal is on record. Raises `SealIntact` before that, `SealBroken` if it was touched."""
    if card.revealed_at is None:
        raise SealIntact(f"Card {card.pk} has not been revealed: call stock.reveal(card, at=) in the verb first.")
    return _open(card, AESGCM(_unwrap(card.data_key)))


def require_key(card: Card) -> None:
    """Go on only if the key of this card opens; asked before a reveal is recorded that could show nothing.

    Raises `VaultClosed` where our own configuration is at fault; a broken seal shows itself when it is opened.
    """
    masters = _masters()
    if card.data_key.destroyed_at is None and card.data_key.master_version not in masters:
        raise VaultClosed(f"VAULT_KEY lacks master key {card.data_key.master_version}, which {card.data_key!r} needs.")
    try:
        _unwrap(card.data_key)
    except Erased:
        return
    except SealBroken as error:
        raise VaultClosed(str(error)) from None


@sensitive_variables()
def fingerprint(code: str) -> bytes:
    """The blind index of a code: equal for what people would call the same code, however it is typed.

    Of a pair only the first part counts: the same card under another PIN is the same card. Short codes could be guessed
    by whoever holds the pepper, so it lives with the master key and is never shown.
    """
    same = unicodedata.normalize("NFKC", code.partition(BETWEEN)[0]).strip()
    return INDEX_VERSION + hmac.digest(_pepper(), same.encode(), "sha256")


@sensitive_variables()
def digest(content: bytes) -> bytes:
    """Tells the same file again; keyed, because a short one could be guessed from a bare hash."""
    return INDEX_VERSION + hmac.digest(_pepper(), b"file\x00" + content, "sha256")


@sensitive_variables()
def seal_text(intake: Intake, content: bytes, *, at: datetime) -> None:
    """Seal what a shop sent in; the row is not stored here. The caller holds the shop's lock."""
    key = key_for(intake.shop, at=at)
    intake.data_key, intake.nonce = key, os.urandom(NONCE)
    intake.sealed = AESGCM(_unwrap(key)).encrypt(intake.nonce, content, _intake_binding(intake))


@sensitive_variables()
def open_text(intake: Intake) -> bytes:
    """What a shop sent in, for reading it line by line; never for an answer."""
    try:
        return AESGCM(_unwrap(intake.data_key)).decrypt(
            bytes(intake.nonce), bytes(intake.sealed), _intake_binding(intake)
        )
    except InvalidTag:
        raise SealBroken(f"The seal of intake {intake.pk} is broken.") from None


@sensitive_variables()
def seal_words(shop: Shop, words: dict[str, str], *, hint: dict[str, str], at: datetime) -> SealedWords:
    """What a buyer gave, sealed; not stored yet. `hint` is what anybody in the order may see of it."""
    key = key_for(shop, at=at)
    found = SealedWords(shop=shop, data_key=key, nonce=os.urandom(NONCE), hint=hint, at=at)
    told = json.dumps(words, ensure_ascii=False).encode()
    found.sealed = AESGCM(_unwrap(key)).encrypt(found.nonce, told, _words_binding(found))
    return found


@sensitive_variables()
def open_words(words: SealedWords) -> dict[str, str]:
    """What the buyer gave, for whoever delivers it. Raises `SealBroken`, or `Erased` if it is gone."""
    if words.erased_at is not None:
        raise Erased(f"The words {words.pk} were erased.")
    try:
        told = AESGCM(_unwrap(words.data_key)).decrypt(bytes(words.nonce), bytes(words.sealed), _words_binding(words))
    except InvalidTag:
        raise SealBroken(f"The seal of words {words.pk} is broken.") from None
    found: dict[str, str] = json.loads(told)
    return found


@sensitive_variables()
def reseal_words(words: SealedWords, key: DataKey) -> None:
    """Give locked words a seal under another data key of their shop."""
    told = json.dumps(open_words(words), ensure_ascii=False).encode()
    words.data_key, words.nonce = key, os.urandom(NONCE)
    words.sealed = AESGCM(_unwrap(key)).encrypt(words.nonce, told, _words_binding(words))
    words.save(update_fields=["data_key", "nonce", "sealed"])


@sensitive_variables()
def reseal(cards: Sequence[Card], key: DataKey) -> set[int]:
    """Give locked cards a seal under another data key of their shop; codes pass through memory only.

    Cards whose seal is broken stay as they are: their numbers come back.
    """
    secret = AESGCM(_unwrap(key))
    old: dict[int, AESGCM] = {}
    moved, broken = [], set()
    for card in cards:
        if card.data_key_id not in old:
            old[card.data_key_id] = AESGCM(_unwrap(card.data_key))
        try:
            _seal_into(card, key, secret, _open(card, old[card.data_key_id]))
        except SealBroken:
            broken.add(card.pk)
        else:
            moved.append(card)
    Card.objects.bulk_update(moved, ["sealed", "nonce", "data_key"])
    return broken


@transaction.atomic
def rewrap(key: DataKey) -> bool:
    """Seal a data key with the newest master key; the codes under it stay as they are. Whether there was need to."""
    key.refresh_from_db(from_queryset=DataKey.objects.select_for_update(no_key=True))
    if key.destroyed_at is not None or key.master_version == max(_masters()):
        return False
    _wrap(key, _unwrap(key))
    key.save(update_fields=["wrapped", "nonce", "master_version"])
    return True


@sensitive_variables()
def wrap_secret(secret: bytes, *, binding: bytes) -> tuple[int, bytes, bytes]:
    """A data key of a room above, sealed with the newest master key: the master's number, the nonce, the seal."""
    masters, nonce = _masters(), os.urandom(NONCE)
    version = max(masters)
    return version, nonce, AESGCM(masters[version]).encrypt(nonce, secret, binding)


@sensitive_variables()
def unwrap_secret(version: int, nonce: bytes, wrapped: bytes, *, binding: bytes) -> bytes:
    """What `wrap_secret` sealed. Raises `SealBroken`."""
    masters = _masters()
    if version not in masters:
        raise SealBroken(f"A key needs master key {version}, which VAULT_KEY does not hold.")
    try:
        return AESGCM(masters[version]).decrypt(bytes(nonce), bytes(wrapped), binding)
    except InvalidTag:
        raise SealBroken("The seal of a key is broken.") from None


def key_for(shop: Shop, *, at: datetime) -> DataKey:
    """The shop's newest data key, or a new one where that is too old or retired."""
    young = DataKey.objects.filter(shop=shop, made_at__gt=at - KEY_LIVES, retired_at=None)
    newest = young.order_by("-pk").first()
    if newest is not None:
        return newest
    key = DataKey(shop=shop, made_at=at)
    _wrap(key, AESGCM.generate_key(KEY * 8))
    key.save(force_insert=True)
    return key


def closed_because() -> Iterator[str]:
    """Why the vault would not open, for whoever runs the mall: a key that is missing, malformed, or not the right one.

    One data key of each master key is tried, so that this costs the same for one shop and for ten thousand.
    """
    try:
        masters = _masters()
        _pepper()
    except VaultClosed as closed:
        yield closed.why
        return
    live = DataKey.objects.filter(destroyed_at=None).order_by("master_version", "-pk").distinct("master_version")
    for key in live:
        if key.master_version not in masters:
            yield f"VAULT_KEY lacks master key {key.master_version}, which data keys in the database need."
            continue
        try:
            _unwrap(key)
        except SealBroken:
            yield f"Master key {key.master_version} in VAULT_KEY is not the one that sealed the data keys."


@sensitive_variables()
def weaknesses() -> Iterator[str]:
    """What makes the vault's keys guessable: what they seal would not be safe, so the mall must not start with them."""
    try:
        keys = {f"Master key {version} in VAULT_KEY": key for version, key in _masters().items()}
        keys["VAULT_PEPPER"] = _pepper()
    except VaultClosed:
        return  # `closed_because` tells of it; what seals nothing gives nothing away
    for name, key in keys.items():
        if len(set(key)) < FEWEST_BYTES or all(32 <= byte < 127 for byte in key):
            yield (
                f"{name} is weak: it is no random key."
                " `python -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one."
            )
    if len(set(keys.values())) < len(keys):
        yield "VAULT_KEY and VAULT_PEPPER repeat each other: each key must be one of its own."


def newest_master() -> int:
    """The number of the master key that seals now. Raises `VaultClosed` where there is none."""
    return max(_masters())


@sensitive_variables()
def _seal_into(card: Card, key: DataKey, secret: AESGCM, code: str) -> None:
    card.data_key, card.nonce = key, os.urandom(NONCE)
    card.sealed = secret.encrypt(card.nonce, code.encode(), _card_binding(card))


@sensitive_variables()
def _open(card: Card, secret: AESGCM) -> str:
    if card.erased_at is not None:
        raise Erased(f"The code of card {card.pk} was erased.")
    try:
        return secret.decrypt(bytes(card.nonce), bytes(card.sealed), _card_binding(card)).decode()
    except InvalidTag:
        raise SealBroken(f"The seal of card {card.pk} is broken.") from None


@sensitive_variables()
def _wrap(key: DataKey, secret: bytes) -> None:
    masters = _masters()
    key.nonce, key.master_version = os.urandom(NONCE), max(masters)
    key.wrapped = AESGCM(masters[key.master_version]).encrypt(key.nonce, secret, _key_binding(key))


@sensitive_variables()
def _unwrap(key: DataKey) -> bytes:
    if key.destroyed_at is not None:
        raise Erased(f"Data key {key.pk} was destroyed.")
    masters = _masters()
    if key.master_version not in masters:
        raise SealBroken(f"Data key {key.pk} needs master key {key.master_version}, which VAULT_KEY does not hold.")
    try:
        return AESGCM(masters[key.master_version]).decrypt(bytes(key.nonce), bytes(key.wrapped), _key_binding(key))
    except InvalidTag:
        raise SealBroken(f"The seal of data key {key.pk} is broken.") from None


def _card_binding(card: Card) -> bytes:
    return f"km|card|v1|{card.row}|{card.shop_id}|{card.listing_id}".encode()


def _intake_binding(intake: Intake) -> bytes:
    return f"km|intake|v1|{intake.row}|{intake.shop_id}|{intake.listing_id}".encode()


def _words_binding(words: SealedWords) -> bytes:
    return f"km|words|v1|{words.row}|{words.shop_id}".encode()


def _key_binding(key: DataKey) -> bytes:
    return f"km|key|v1|{key.name}|{key.shop_id}".encode()


@sensitive_variables()
def _masters() -> dict[int, bytes]:
    """The master keys by number. A new one goes to the end; once the first is gone, the next says its own: `2:…`."""
    found: dict[int, bytes] = {}
    number = 0
    for text in settings.VAULT_KEY.split(","):
        named, colon, rest = text.strip().rpartition(":")
        if colon and not (named.isascii() and named.isdecimal() and number < int(named) < 32_767):
            raise VaultClosed("VAULT_KEY numbers its keys with whole numbers that rise.")
        number = int(named) if colon else number + 1
        found[number] = _decoded(rest, "VAULT_KEY")
    return found


def _pepper() -> bytes:
    return _decoded(settings.VAULT_PEPPER, "VAULT_PEPPER")


@sensitive_variables()
def _decoded(text: str, name: str) -> bytes:
    if not text.strip():
        raise VaultClosed(f"{name} is missing.")
    try:
        found = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY:
        raise VaultClosed(f"{name} is not {KEY} random bytes in URL-safe base64.") from None
    return found
