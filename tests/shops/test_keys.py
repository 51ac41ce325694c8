"""Keys are renewed while the mall is open and destroyed when nothing may be read any more."""

import io
import secrets

import pytest
from django.core.management import CommandError, call_command

from orders import delivery
from orders.opening import open_code
from shops import keys, stock, vault
from shops.models import Card, DataKey
from tests.factories import ListingFactory
from tests.races import race, won
from timeline.models import Event
from timeline.refusals import Refused

#: The books want an order behind every card that is taken; here there is none.
without_an_order = pytest.mark.breaks_books


def rotate(*words):
    said = io.StringIO()
    call_command("rotate_keys", *words, stdout=said, stderr=said)
    return said.getvalue()


def codes_of(listing, at):
    """What everybody would read, whatever key it is under."""
    found = []
    for card in Card.objects.filter(listing=listing).select_related("data_key").order_by("pk"):
        card.revealed_at = at
        found.append(vault.open_card(card))
    return found


@pytest.fixture
def new_master(settings):
    return lambda: secrets.token_urlsafe(32)


def test_a_code_can_be_read_at_every_step_of_a_rotation_and_the_old_master_key_can_go(
    listing, codes, at, settings, new_master
):
    old, new = settings.VAULT_KEY, new_master()
    settings.VAULT_KEY = f"{old},{new}"
    assert codes_of(listing, at) == codes, "the new key has joined; nothing is under it yet"
    said = rotate()
    assert "1 of 1 data keys are under master key 2." in said
    assert "Master key 2 wraps 1 data keys." in said
    assert "Master key 1" not in said
    assert codes_of(listing, at) == codes
    settings.VAULT_KEY = f"2:{new}"
    assert codes_of(listing, at) == codes, "the old one was dropped"
    assert list(vault.closed_because()) == []
    settings.VAULT_KEY = f"2:{new},{new_master()}"
    rotate()
    assert DataKey.objects.get().master_version == 3
    assert codes_of(listing, at) == codes


def test_each_shop_gets_a_new_key_and_each_code_a_new_seal_in_parts(listing, codes, at):
    other = ListingFactory(codes=3, at=at)
    before = dict(Card.objects.values_list("pk", "sealed"))
    said = rotate("--reencrypt", "--batch", "4")
    assert "xinghe: 4 codes have a new seal, 6 are left." in said
    assert "xinghe: 10 codes have a new seal, 0 are left." in said
    assert all(bytes(card.sealed) != bytes(before[card.pk]) for card in Card.objects.order_by("pk"))
    assert codes_of(listing, at) == codes
    assert len(codes_of(other, at)) == 3
    assert DataKey.objects.filter(retired_at__isnull=False).count() == 2
    assert DataKey.objects.filter(retired_at=None).count() == 2


def test_only_one_shop_if_asked(listing, at):
    other = ListingFactory(codes=1, at=at)
    rotate("--reencrypt", "--shop", "xinghe")
    assert not DataKey.objects.filter(shop=other.shop, retired_at__isnull=False).exists()
    with pytest.raises(CommandError, match="No shop nowhere"):
        rotate("--reencrypt", "--shop", "nowhere")


def test_a_rotation_that_was_interrupted_goes_on_where_it_stopped(listing, codes, at):
    assert keys.retire(listing.shop, at=at)
    assert keys.move(listing.shop, limit=4, at=at) == (4, set())
    assert codes_of(listing, at) == codes, "four under the new key, six under the old one"
    assert not keys.retire(listing.shop, at=at), "nothing is begun anew while codes still move"
    assert "xinghe: 6 codes have a new seal, 0 are left." in rotate("--reencrypt")
    assert DataKey.objects.filter(shop=listing.shop).count() == 2
    assert codes_of(listing, at) == codes


def test_a_broken_seal_holds_up_nobody_and_is_named(listing, codes, at):
    bad = Card.objects.earliest("pk")
    Card.objects.filter(pk=bad.pk).update(sealed=b"x" * 40)
    said = rotate("--reencrypt")
    assert f"1 codes have a broken seal and stay under their key: {bad.pk}." in said
    assert codes_of_the_rest(bad, at) == codes[1:]


def codes_of_the_rest(bad, at):
    found = []
    for card in Card.objects.exclude(pk=bad.pk).select_related("data_key").order_by("pk"):
        card.revealed_at = at
        found.append(vault.open_card(card))
    return found


def test_new_codes_go_under_the_new_key(listing, seller, at):
    keys.retire(listing.shop, at=at)
    batch = stock.add_batch(listing, ["NEW-CODE"], by=seller, at=at)
    assert batch.cards.get().data_key.retired_at is None


@pytest.mark.django_db(transaction=True)
def test_buyers_read_their_codes_while_every_code_gets_a_new_seal(order, rich_buyer, codes, at):
    def look(place):
        return open_code(order, place, by=rich_buyer, at=at, visit=delivery.Visit())[1]

    outcomes = race(
        *[lambda place=place: look(place) for place in (1, 2, 3)], lambda: rotate("--reencrypt"), timeout=30
    )
    assert sorted(each for each in won(outcomes) if "seal" not in each) == codes[:3]
    assert look(1) == codes[0]


def test_what_is_wrong_is_said_without_the_key_and_nothing_is_written(listing, settings):
    for key, why in (("", "missing"), ("2:" + secrets.token_urlsafe(32), "lacks master key 1"), ("short", "32 random")):
        settings.VAULT_KEY = key
        with pytest.raises(CommandError, match=why) as error:
            rotate("--check")
        assert not key or key not in str(error.value)
    settings.VAULT_KEY = secrets.token_urlsafe(32)
    with pytest.raises(CommandError, match="not the one that sealed"):
        rotate("--check")
    assert DataKey.objects.get().master_version == 1


@pytest.mark.parametrize(
    "key", ["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE", "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2RlZjA"]
)
def test_a_key_that_somebody_could_guess_is_named_weak(settings, key):
    settings.VAULT_KEY = key
    settings.VAULT_PEPPER = secrets.token_urlsafe(32)
    assert [sentence.partition(" is weak")[0] for sentence in vault.weaknesses()] == ["Master key 1 in VAULT_KEY"]


def test_good_keys_are_not_weak_unless_they_repeat_each_other(settings):
    settings.VAULT_KEY, settings.VAULT_PEPPER = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    assert list(vault.weaknesses()) == []
    settings.VAULT_PEPPER = settings.VAULT_KEY
    assert "repeat" in next(vault.weaknesses())


# Destroying


def test_a_retired_key_that_nothing_lies_under_is_destroyed(listing, codes, at):
    rotate("--reencrypt")
    assert "is destroyed" in rotate("--destroy")
    old, new = DataKey.objects.order_by("pk")
    assert (old.destroyed_at is None, bytes(old.wrapped), new.destroyed_at) == (False, b"", None)
    assert codes_of(listing, at) == codes
    assert Event.objects.get(name="shop.key_destroyed").data == {"key": old.pk}


def test_a_key_is_not_destroyed_while_somebody_needs_what_lies_under_it(listing, at):
    key = DataKey.objects.get()
    for with_codes in (False, True):
        with pytest.raises(Refused, match="key_in_use"):
            keys.destroy(key, at=at, with_codes=with_codes)
    keys.retire(listing.shop, at=at)
    for with_codes in (False, True):
        with pytest.raises(Refused, match="key_in_use"):
            keys.destroy(key, at=at, with_codes=with_codes)


@without_an_order
def test_with_its_codes_a_key_goes_for_good_once_nobody_needs_them(listing, at):
    cards = stock.take(listing, 10, at=at)
    for card in cards:
        stock.reveal(card, at=at)
    keys.retire(listing.shop, at=at)
    keys.destroy(DataKey.objects.get(), at=at, with_codes=True)
    with pytest.raises(vault.Erased):
        vault.open_card(Card.objects.select_related("data_key").earliest("pk"))
    assert set(map(bytes, Card.objects.values_list("sealed", flat=True))) == {b""}


def test_a_code_out_of_the_trade_is_erased_and_still_known(listing, codes, seller, at):
    card = Card.objects.earliest("pk")
    assert keys.erase([card.pk], at=at) == 0
    stock.void(card, at=at)
    assert keys.erase([card.pk], at=at) == 1
    card = Card.objects.select_related("data_key").get(pk=card.pk)
    card.revealed_at = at
    with pytest.raises(vault.Erased):
        vault.open_card(card)
    assert stock.meet(listing, vault.seal(listing, [codes[0]], at=at)).own == [0]
