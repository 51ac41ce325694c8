"""The vault: a seal opens for its own row only, after a recorded reveal; the same code is found without opening."""

import secrets

import pytest

from shops import stock, vault
from shops.models import Card, DataKey

#: The books want an order behind every card that is taken; here there is none.
pytestmark = pytest.mark.breaks_books


@pytest.fixture
def shown(listing, at):
    """Two cards whose reveal is on record."""
    cards = stock.take(listing, 2, at=at)
    for card in cards:
        stock.reveal(card, at=at)
    return cards


def test_a_revealed_card_opens_to_its_code(shown, codes):
    assert [vault.open_card(card) for card in shown] == codes[:2]


def test_a_code_is_not_read_before_its_reveal_is_on_record(listing, at):
    (card,) = stock.take(listing, 1, at=at)
    with pytest.raises(vault.SealIntact):
        vault.open_card(card)


def test_a_seal_moved_to_another_row_does_not_open(shown):
    here, there = shown
    here.sealed, here.nonce = there.sealed, there.nonce
    with pytest.raises(vault.SealBroken) as broken:
        vault.open_card(here)
    assert str(broken.value) == f"The seal of card {here.pk} is broken."


@pytest.mark.parametrize("field", ["shop_id", "listing_id"])
def test_a_seal_belongs_to_its_shop_and_its_listing(shown, field):
    setattr(shown[0], field, getattr(shown[0], field) + 1)
    with pytest.raises(vault.SealBroken):
        vault.open_card(shown[0])


def test_a_seal_that_was_touched_does_not_open(shown):
    sealed = bytearray(shown[0].sealed)
    sealed[0] ^= 1
    shown[0].sealed = bytes(sealed)
    with pytest.raises(vault.SealBroken):
        vault.open_card(shown[0])


def test_a_data_key_belongs_to_its_shop(shown):
    shown[0].data_key.shop_id += 1
    with pytest.raises(vault.SealBroken):
        vault.open_card(shown[0])


def test_no_two_seals_are_alike_and_none_holds_the_code(listing, codes):
    cards = list(Card.objects.order_by("pk"))
    assert len({bytes(card.nonce) for card in cards}) == len({bytes(card.sealed) for card in cards}) == 10
    for card, code in zip(cards, codes, strict=True):
        for stored in (card.sealed, card.nonce, card.blind_index):
            assert code.encode() not in bytes(stored)


def test_a_new_master_key_is_added_behind_the_old_one_and_both_open(shown, codes, settings):
    settings.VAULT_KEY = f"{settings.VAULT_KEY},{secrets.token_urlsafe(32)}"
    assert vault.open_card(shown[0]) == codes[0]
    key = DataKey.objects.get()
    before = bytes(key.wrapped)
    vault.rewrap(key)
    key.refresh_from_db()
    assert (key.master_version, bytes(key.wrapped) == before) == (2, False)
    shown[0].refresh_from_db()
    assert vault.open_card(shown[0]) == codes[0]


def test_without_the_right_master_key_nothing_opens(shown, settings):
    settings.VAULT_KEY = secrets.token_urlsafe(32)
    with pytest.raises(vault.SealBroken):
        vault.open_card(shown[0])


def test_a_key_that_was_sealed_by_a_master_we_do_not_have_says_so(shown):
    shown[0].data_key.master_version = 2
    with pytest.raises(vault.SealBroken, match="master key 2"):
        vault.open_card(shown[0])


@pytest.mark.parametrize("key", ["", "short", "not base64 at all!!", "a" * 100, "x:" + "a" * 43, "2:a,1:b"])
def test_with_a_malformed_master_key_the_vault_is_closed_and_says_why_without_the_key(shown, settings, key, caplog):
    settings.VAULT_KEY = key
    with pytest.raises(vault.VaultClosed) as closed:
        vault.open_card(shown[0])
    assert (closed.value.code, "VAULT_KEY" in closed.value.why) == ("vault_closed", True)
    assert not key or key not in f"{closed.value.why} {closed.value} {caplog.text}"


def test_a_data_key_is_used_for_three_months(listing, seller, at):
    stock.add_batch(listing, ["SAME-KEY"], by=seller, at=at + vault.KEY_LIVES / 2)
    assert DataKey.objects.count() == 1
    stock.add_batch(listing, ["NEXT-KEY"], by=seller, at=at + vault.KEY_LIVES)
    assert DataKey.objects.count() == 2


def test_the_same_code_is_the_same_however_it_is_typed():
    assert vault.fingerprint("ＡＢＣ－１２３ ") == vault.fingerprint("ABC-123")
    assert vault.fingerprint("ABC-123") != vault.fingerprint("abc-123")


def test_the_blind_index_depends_on_the_pepper(settings):
    before = vault.fingerprint("ABC-123")
    settings.VAULT_PEPPER = secrets.token_urlsafe(32)
    assert vault.fingerprint("ABC-123") != before


def test_things_of_the_vault_say_nothing_of_themselves(listing):
    card = Card.objects.earliest("pk")
    assert repr(card) == f"<Card {card.pk}>"
    assert repr(card.data_key) == f"<DataKey {card.data_key_id}>"
