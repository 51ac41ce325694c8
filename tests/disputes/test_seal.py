"""A ruling that was served is numbered, signed and linked with the one before it, and anybody can check that."""

import json
from datetime import timedelta

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from disputes import lifecycle, seal
from disputes.models import Dispute, Ruling, Seal
from ledger import signing
from refunds import lifecycle as refunds
from tests.fixtures.disputes import declined
from timeline.models import Event


@pytest.fixture
def next_ruled(ruled, order, rich_buyer, seller, arbiter, senior, draft_of, at):
    """A second case of the same order, ruled and served after the first."""
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    found = Dispute.objects.get(refund=refund)
    lifecycle.rest(found, by=rich_buyer, at=at)
    lifecycle.rest(found, by=seller, at=at)
    lifecycle.rule(found, draft_of(found), by=found.arbiter, at=at)
    lifecycle.sign(found, agrees=True, by=senior, at=at)
    return found


def seal_of(dispute):
    return Seal.objects.get(ruling__dispute=dispute, ruling__is_final=True)


def brought(found, **change):
    """A sealed ruling's file, as somebody brings it to be checked."""
    return json.dumps({**seal.file_of(found), **change}, ensure_ascii=False)


def failing(verdict):
    return [step for step, holds in verdict.steps if not holds]


# sealing


def test_what_is_served_is_sealed_with_the_first_number_of_the_year(ruled):
    found = seal_of(ruled)
    assert found.number == f"KM{found.year}-000001"
    told = json.loads(found.text)
    assert told["decided"]["award"] == 5_880
    assert told["ruling"] == {
        "dispute": ruled.number,
        "kind": "decision",
        "sha256": found.ruling.sha256,
        "version": 1,
    }
    assert told["signed_by"][0]["name"] == "senior"
    assert signing.holds(found.statement, found.signature, signing.public_key())


def test_a_draft_that_waits_for_its_signature_has_no_seal(signing):
    assert not Seal.objects.filter(ruling__dispute=signing).exists()


def test_the_event_names_the_seal(ruled):
    event = Event.objects.get(name="dispute.sealed")
    assert event.subject == ruled.address
    assert event.data == {"number": seal_of(ruled).number, "sha256": seal_of(ruled).sha256, "version": 1}


def test_the_statement_says_nothing_of_the_case(ruled):
    told = json.loads(seal_of(ruled).statement)
    assert sorted(told) == ["format", "mall", "number", "previous", "previous_sha256", "sealed_at", "text_sha256"]
    assert ruled.number not in seal_of(ruled).statement


def test_the_next_ruling_is_linked_with_the_one_before(ruled, next_ruled):
    first, second = seal_of(ruled), seal_of(next_ruled)
    assert (second.previous, second.place) == (first, 2)
    assert json.loads(second.statement)["previous_sha256"] == first.sha256


@pytest.mark.breaks_books
def test_a_new_year_begins_with_one_and_goes_on_with_the_chain(ruled, rich_buyer, at):
    first = seal_of(ruled)
    again = rewritten(first.ruling)
    with transaction.atomic():
        second = seal.put(ruled, again, at=at + timedelta(days=400))
    assert second.number == f"KM{first.year + 1}-000001"
    assert json.loads(second.statement)["previous"] == first.number


def test_nobody_is_named_in_it_but_staff_and_the_shop(signing, rich_buyer, seller, senior, at):
    rich_buyer.nickname = "陈小满"
    rich_buyer.save(update_fields=["nickname"])
    lifecycle.sign(signing, agrees=True, by=senior, at=at)
    text = seal_of(signing).text
    assert "陈小满" not in text
    assert rich_buyer.email not in text
    assert seller.email not in text


def test_what_an_earlier_version_served_without_a_seal_gets_one(as_owner, ruled, at):
    without_triggers(as_owner, "delete from disputes_seal")
    assert seal.catch_up(at=at) == 1
    assert seal.catch_up(at=at) == 0
    assert seal_of(ruled).place == 1


# never changed


@pytest.mark.parametrize(
    "statement",
    [
        "update disputes_seal set text = 'x'",
        "delete from disputes_seal",
        "truncate disputes_seal cascade",
    ],
)
def test_a_seal_is_for_ever(as_owner, ruled, statement):
    with as_owner() as cursor, pytest.raises(psycopg2.DatabaseError, match="append-only"):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "update disputes_ruling set reasons = 'something else'",
        "update disputes_ruling set grants = '{}'",
        "update disputes_ruling set is_final = false",
        "delete from disputes_ruling",
    ],
)
def test_what_was_ruled_is_never_changed(as_owner, ruled, statement):
    with as_owner() as cursor, pytest.raises(psycopg2.DatabaseError, match="never changed"):
        cursor.execute(statement)


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    "wrong",
    [
        {"place": 3},
        {"number": "KM2026-000007"},
        {"previous": None},
        {"text": "{}"},
        {"statement": "{}"},
        {"sha256": "0" * 64},
    ],
)
def test_the_database_takes_no_seal_that_does_not_fit(ruled, at, wrong):
    with transaction.atomic():
        good = seal.put(ruled, rewritten(seal_of(ruled).ruling), at=at)
        transaction.set_rollback(True)
    for name, value in wrong.items():
        setattr(good, name, value)
    good.pk, good.ruling = None, rewritten(seal_of(ruled).ruling)
    with pytest.raises(DatabaseError, match="does not follow|says something else"), transaction.atomic():
        good.save(force_insert=True)


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize("statement", ["update disputes_seal set text = 'x'", "delete from disputes_seal"])
def test_the_application_may_only_add_seals(ruled, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


# checking


def test_a_number_with_its_hash_is_valid(ruled):
    found = seal_of(ruled)
    for known in (found.sha256, json.loads(found.statement)["text_sha256"].upper()):
        assert seal.check_number(found.number.lower(), known).is_valid


def test_a_number_with_another_hash_is_not(ruled):
    assert failing(seal.check_number(seal_of(ruled).number, "0" * 64)) == ["hash"]


def test_a_number_that_nobody_gave_is_not_known(db):
    assert failing(seal.check_number("KM2026-000001", "0" * 64)) == ["known"]


def test_the_file_that_both_sides_get_is_valid(next_ruled, ruled):
    for dispute in (ruled, next_ruled):
        verdict = seal.check_file(brought(seal_of(dispute)))
        assert verdict.is_valid, failing(verdict)


def test_a_changed_word_is_found(ruled):
    found = seal_of(ruled)
    assert failing(seal.check_file(brought(found, text=found.text.replace("5880", "5881")))) == ["text"]


def test_a_changed_statement_is_found(ruled):
    found = seal_of(ruled)
    forged = found.statement.replace("000001", "000009")
    assert failing(seal.check_file(brought(found, statement=forged))) == ["signature", "links", "known"]


def test_somebody_elses_key_is_found(ruled, settings):
    found = seal_of(ruled)
    settings.ANCHOR_KEY = "demo-YW5vdGhlci1rZXktZm9yLXRlc3RzLTAxMjM0NTY3ODk"
    forged = {"signature": signing.sign(found.statement), "public_key": signing.public_key()}
    settings.ANCHOR_KEY = "demo-YW5jaG9ycy1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2Q"
    assert failing(seal.check_file(brought(found, **forged))) == ["key"]


def test_a_chain_with_a_link_left_out_is_found(ruled, next_ruled):
    found = seal_of(next_ruled)
    link = seal.link_of(found)
    assert failing(seal.check_file(brought(found, chain=[link]))) == ["links"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "x",
        "[]",
        "{}",
        "[" * 5_000,
        '{"format": "kamen-ruling-1", "text": 1}',
        '{"format": "kamen-ruling-1", "text": "{}", "statement": 1, "signature": "", "public_key": "", "chain": []}',
        '{"format": "kamen-ruling-1", "text": "{}", "statement": "", "signature": "", "public_key": "", "chain": [1]}',
        '{"format": "kamen-ruling-1", "text": "{}", "statement": "[]", "signature": "", "public_key": "é"}',
    ],
)
def test_what_is_no_ruling_is_not_valid(db, content):
    assert not seal.check_file(content).is_valid


def rewritten(ruling):
    """The same ruling once more, as a panel would have written it, in the place of the first."""
    again = Ruling(**{each.attname: getattr(ruling, each.attname) for each in ruling._meta.concrete_fields})
    again.pk, again.version, again.is_final, again.is_superseded = None, ruling.version + 1, True, True
    again.save(force_insert=True)
    return again


def without_triggers(as_owner, statement):
    for each in (
        "alter table disputes_seal disable trigger user",
        statement,
        "alter table disputes_seal enable trigger user",
    ):
        with as_owner() as cursor:
            cursor.execute(each)
