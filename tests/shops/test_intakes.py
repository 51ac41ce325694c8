"""Files and long lists: sealed at once, read in the background part by part, reported line by line, then forgotten."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection

from notifications import inbox
from notifications.models import Notification
from shops import batches, intakes, listings, stock, tasks, vault
from shops.models import Batch, Card, Form, Intake
from shops.stock import Origin
from tests.queries import recorded
from tests.races import race
from timeline.events import stream
from timeline.refusals import Refused

DAY = timedelta(days=1)


def send(listing, text, *, by, at, **how):
    content = text if isinstance(text, bytes) else text.encode()
    return intakes.send_in(listing, content, by=by, at=at, **how)


def read(intake, at):
    """Read to the end, as the worker does; how many parts it took."""
    parts = 1
    while intakes.read_on(intake.pk, at=at):
        parts += 1
    intake.refresh_from_db()
    return parts


def said(intake):
    return [(line, reason) for line, reason, _sentence in intakes.report(intake)]


def test_good_lines_are_added_and_the_others_are_named_with_their_reason(draft, seller, at):
    day = f"{at + 40 * DAY:%Y-%m-%d}"
    text = f"卡密,有效期\nA-1\nB-2,{day}\nA-1\n=CMD()\nC-3,2020-01-01\nD-4,soon\n{'x' * 201}\nE,F,G\nG\u200bH\n"
    intake = send(draft, text, name="codes.csv", by=seller, at=at)
    assert read(intake, at) == 1
    assert (intake.lines, intake.done, intake.accepted, intake.encoding) == (9, 9, 2, "utf-8")
    assert said(intake) == [
        (4, "repeated"),
        (5, "formula"),
        (6, "expired"),
        (7, "bad_date"),
        (8, "too_long"),
        (9, "malformed"),
        (10, "not_visible"),
    ]
    assert [bool(card.expires_at) for card in Card.objects.order_by("pk")] == [False, True]
    assert (intake.batch.size, bytes(intake.sealed)) == (2, b"")
    names = list(stream(draft.root_address).filter(subject=draft.address).values_list("name", flat=True))
    assert names[1:] == ["listing.codes_sent_in", "listing.stocked", "listing.codes_read"]


def test_the_same_file_counts_once_and_gives_its_first_report(draft, seller, at):
    first = send(draft, "A\nB\n", by=seller, at=at)
    read(first, at)
    again = send(draft, "A\nB\n", by=seller, at=at + DAY)
    assert (again.pk, Intake.objects.count(), Card.objects.count()) == (first.pk, 1, 2)
    assert not intakes.read_on(first.pk, at=at)


def test_what_the_shop_has_already_is_named_and_the_rest_is_added(listing, codes, seller, at):
    intake = send(listing, "\n".join(["NEW-1", codes[0], codes[5], "NEW-2"]), by=seller, at=at)
    read(intake, at)
    assert (intake.accepted, said(intake)) == (2, [(2, "known"), (3, "known")])


def test_a_file_without_a_good_line_makes_no_batch(listing, codes, seller, at):
    intake = send(listing, codes[0], by=seller, at=at)
    read(intake, at)
    assert (intake.batch, intake.accepted, Batch.objects.count()) == (None, 0, 1)


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"\xff\xff\xff", "unreadable"),
        ("卡密\n".encode(), "empty"),
        ("\n".join(f"C{n}" for n in range(10_001)).encode(), "too_many"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_and_is_forgotten(draft, seller, at, content, failure):
    intake = send(draft, content, by=seller, at=at)
    read(intake, at)
    assert (intake.failure, bytes(intake.sealed), Card.objects.count()) == (failure, b"", 0)


def test_a_listing_that_was_closed_meanwhile_takes_nothing(draft, seller, at):
    intake = send(draft, "A", by=seller, at=at)
    listings.close(draft, by=seller, at=at)
    read(intake, at)
    assert intake.failure == "closed"


@pytest.mark.parametrize("content", [b"", b" \n ", b"x" * (intakes.BIGGEST + 1)])
def test_an_empty_file_and_one_that_is_too_large_are_refused_at_once(draft, seller, at, content):
    with pytest.raises(ValidationError, match="codes"):
        send(draft, content, by=seller, at=at)
    assert not Intake.objects.exists()


def test_only_the_shop_sends_files_and_not_too_many_at_once(draft, seller, stranger, at):
    with pytest.raises(Refused, match="not_your_turn"):
        send(draft, "A", by=stranger, at=at)
    for number in range(intakes.MOST_WAITING):
        send(draft, f"A{number}", by=seller, at=at)
    with pytest.raises(Refused, match="too_many_waiting"):
        send(draft, "ONE-MORE", by=seller, at=at)


def test_pairs_are_kept_together_and_known_by_their_first_part(draft, seller, at):
    intake = send(draft, "user1,pass1\nuser2----pass2\n", by=seller, at=at, origin=Origin(form=Form.ACCOUNT))
    read(intake, at)
    again = send(draft, "user1,other\n", by=seller, at=at, origin=Origin(form=Form.ACCOUNT))
    read(again, at)
    assert (intake.accepted, said(again)) == (2, [(1, "known")])
    card = Card.objects.earliest("pk")
    card.revealed_at = at
    assert vault.open_card(card) == "user1----pass1"


def test_a_crash_in_the_middle_loses_nothing_and_repeats_nothing(draft, seller, at, monkeypatch):
    text = "\n".join(f"C-{n}" for n in range(1_200))
    intake = send(draft, text, by=seller, at=at)
    assert intakes.read_on(intake.pk, at=at)

    def crash(*_args, **_kwargs):
        raise DatabaseError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(intakes, "_finish", crash)
        with pytest.raises(DatabaseError):
            read(intake, at)
    intake.refresh_from_db()
    assert (intake.done, intake.accepted, Card.objects.count()) == (1_000, 1_000, 1_000)
    assert read(intake, at) == 1
    assert (intake.accepted, Card.objects.count(), intake.batch.size) == (1_200, 1_200, 1_200)


def test_codes_of_a_batch_that_was_stopped_while_it_was_read_are_stopped_too(draft, seller, at):
    intake = send(draft, "\n".join(f"C-{n}" for n in range(600)), by=seller, at=at)
    intakes.read_on(intake.pk, at=at)
    batches.stop(Batch.objects.select_related("listing__shop").get(), reason="", by=seller, at=at)
    read(intake, at)
    assert (Card.objects.filter(withheld_at__isnull=False).count(), stock.count_free(draft)) == (600, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_read_a_file_once(draft, seller, at):
    intake = send(draft, "\n".join(f"C-{n}" for n in range(700)), by=seller, at=at)
    race(*[lambda: read(Intake.objects.get(pk=intake.pk), at)] * 2, timeout=30)
    read(intake, at)
    assert (Card.objects.count(), intake.accepted, Batch.objects.get().size) == (700, 700, 700)


def test_the_worker_reads_what_waits_and_gets_numbers_only(draft, seller, at):
    intake = send(draft, "A\nB", by=seller, at=at)
    tasks.read_intakes()
    intake.refresh_from_db()
    assert intake.accepted == 2


def test_while_the_vault_is_closed_files_wait_sealed(draft, seller, at, settings):
    intake = send(draft, "A\nB", by=seller, at=at)
    key, settings.VAULT_KEY = settings.VAULT_KEY, ""
    tasks.read_intakes()
    intake.refresh_from_db()
    assert (intake.finished_at, Card.objects.count()) == (None, 0)
    settings.VAULT_KEY = key
    tasks.read_intakes()
    assert Card.objects.count() == 2


def test_what_was_sent_in_lies_sealed_and_opens_for_its_own_row_only(draft, seller, at):
    one, other = (send(draft, text, by=seller, at=at) for text in ("CANARY-1", "CANARY-2"))
    assert b"CANARY" not in bytes(one.sealed)
    one.nonce, one.sealed = other.nonce, other.sealed
    with pytest.raises(vault.SealBroken):
        vault.open_text(one)
    with connection.cursor() as cursor:
        cursor.execute("select i::text from shops_intake i")
        assert "43414e415259" not in "".join(row for (row,) in cursor.fetchall())


def test_a_part_of_one_line_and_one_of_five_hundred_cost_the_same(draft, seller, at):
    counts = []
    for number, size in enumerate((1, 1, 500)):
        intake = send(draft, "\n".join(f"{number}-{n}" for n in range(size)), by=seller, at=at)
        with recorded() as asked:
            intakes.read_on(intake.pk, at=at)
        counts.append(len(asked))
    assert counts[1] == counts[2]


def test_the_shop_is_told_that_its_file_was_read_and_that_the_mall_stopped_a_batch(draft, seller, at):
    intake = send(draft, "A\nB", by=seller, at=at)
    read(intake, at)
    batches.stop(Batch.objects.select_related("listing__shop").get(), reason="", by=None, at=at)
    inbox.catch_up(at=at)
    told = dict(Notification.objects.filter(user=seller, code__startswith="listing.").values_list("code", "url"))
    assert told == {
        "listing.codes_read": intake.get_absolute_url(),
        "listing.batch_stopped": f"/desk/{draft.shop.slug}/batches/{intake.batch_id}/",
    }
