"""The keys of the vault are renewed while the mall is open, and destroyed when nothing may be read any more.

Order of a rotation (docs/operations.md): the new master key joins the old one in VAULT_KEY everywhere; data keys are
wrapped anew; then the old one can go. Every step is a small transaction, can be repeated, and goes on where it stopped.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops import vault
from shops.models import Card, DataKey, Intake, SealedWords, Shop
from timeline import events
from timeline.door import lock_root, require

#: Cards that get another seal in one transaction.
AT_ONCE = 500


def to_rewrap() -> list[int]:
    """The data keys that the newest master key does not wrap yet."""
    newest = vault.newest_master()
    behind = DataKey.objects.filter(destroyed_at=None).exclude(master_version=newest)
    return list(behind.order_by("pk").values_list("pk", flat=True))


def masters_in_use() -> dict[int, int]:
    """How many data keys each master key wraps: one that wraps none can be dropped."""
    found: dict[int, int] = {}
    for version in DataKey.objects.filter(destroyed_at=None).order_by("pk").values_list("master_version", flat=True):
        found[version] = found.get(version, 0) + 1
    return found


@transaction.atomic
def retire(shop: Shop, *, at: datetime) -> bool:
    """The shop's data keys seal nothing new from here on. Nothing happens while cards of an earlier time still move.

    What is being added at this moment is added before or after: both hold the shop's lock.
    """
    lock_root(shop)
    if left_to_move(shop):
        return False
    live = DataKey.objects.filter(shop=shop, retired_at=None, destroyed_at=None)
    if not live.update(retired_at=at):
        return False
    events.record(root=shop.address, subject=shop.address, name="shop.keys_retired", by=None, at=at)
    return True


def left_to_move(shop: Shop) -> int:
    """How many of the shop's cards are under a retired key and can still be read."""
    return int(_old(shop).count()) + int(_old_words(shop).count())


@transaction.atomic
def move(
    shop: Shop, *, limit: int = AT_ONCE, without: AbstractSet[int] = frozenset(), at: datetime
) -> tuple[int, set[int]]:
    """Give up to `limit` of the shop's cards, and of what its buyers gave, a seal under its newest data key.

    Says how many, and which cards are broken.

    Cards that an order is taking at this moment are passed over and found again, so 0 may mean that all are held. A
    reader sees the old seal with the old key or the new one with the new key, never a mixture: both are in one row.
    """
    locked = _old(shop).exclude(pk__in=without).select_for_update(skip_locked=True, of=("self",), no_key=True)
    cards = list(locked.select_related("data_key").order_by("pk")[:limit])
    broken = vault.reseal(cards, vault.key_for(shop, at=at)) if cards else set()
    words = list(_old_words(shop).select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("pk")[:limit])
    for each in words:
        vault.reseal_words(each, vault.key_for(shop, at=at))
    return len(cards) - len(broken) + len(words), broken


@transaction.atomic
def destroy(key: DataKey, *, at: datetime, with_codes: bool = False) -> None:
    """Destroy a retired data key for ever, here and, once its master key is dropped, in every backup as well.

    Without `with_codes` only a key that nothing lies under; with it, what lies under it can never be read again
    (crypto-erasure), as long as no code of it is for sale or still to be seen by its buyer.
    Refused: `key_in_use`.
    """
    lock_root(key.shop)
    key.refresh_from_db()
    require(key.retired_at is not None, "key_in_use", _("This key still seals new codes: retire it first."))
    under = Card.objects.filter(data_key=key, erased_at=None)
    if with_codes:
        under = under.filter(Q(taken_at=None) | Q(revealed_at=None), voided_at=None, expired_at=None)
    waiting = Intake.objects.filter(data_key=key, finished_at=None)
    words = SealedWords.objects.filter(data_key=key, erased_at=None)
    is_needed = under.exists() or waiting.exists() or words.exists()
    require(not is_needed, "key_in_use", _("Codes that somebody needs lie under it."))
    key.wrapped = key.nonce = b""
    key.destroyed_at = at
    key.save(update_fields=["wrapped", "nonce", "destroyed_at"])
    Card.objects.filter(data_key=key, erased_at=None).update(sealed=b"", nonce=b"", erased_at=at)
    shop = key.shop.address
    events.record(root=shop, subject=shop, name="shop.key_destroyed", by=None, at=at, data={"key": key.pk})


@transaction.atomic
def erase(cards: list[int], *, at: datetime) -> int:
    """Wipe the seals of cards that are out of the trade: what they held is gone, that they were there stays."""
    over = Card.objects.filter(Q(voided_at__isnull=False) | Q(expired_at__isnull=False), pk__in=cards, erased_at=None)
    return int(over.update(sealed=b"", nonce=b"", erased_at=at))


def _old_words(shop: Shop) -> Any:
    return SealedWords.objects.filter(
        shop=shop, erased_at=None, data_key__retired_at__isnull=False, data_key__destroyed_at=None
    )


def _old(shop: Shop) -> Any:
    return Card.objects.filter(
        shop=shop, erased_at=None, data_key__retired_at__isnull=False, data_key__destroyed_at=None
    )
