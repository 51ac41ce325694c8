"""The daily anchor: signed once a day, chained, and whatever is rewritten afterwards is found and named."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kamen import startup
from ledger import anchors, merkle, signing
from ledger.models import Anchor, AnchorLeaf
from ledger.tasks import anchor as anchor_task
from ledger.transfers import Reason, transfer
from tests.queries import recorded
from timeline import clock

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def directory(settings, tmp_path):
    """Where this test's anchors are written."""
    settings.ANCHORS_DIR = tmp_path / "anchors"
    return settings.ANCHORS_DIR


@pytest.fixture
def moved(transactional_db):
    """Moves money, any number of times: `moved(3)`."""
    done: list[Any] = []

    def move(times=1):
        for _ in range(times):
            done.append(None)
            transfer(
                source="channel:sandbox",
                target=f"user:{len(done)}:wallet",
                amount=100,
                reason=Reason.TOP_UP,
                subject=f"user:{len(done)}",
                key=f"in:{len(done)}",
                at=clock.now(),
            )

    return move


@pytest.fixture
def anchored(moved, top_up):
    """A day that is anchored: three wallets, a channel, and a payment that was asked for."""
    moved(3)
    made = anchors.make(at=clock.now())
    assert made is not None
    return made


@pytest.fixture
def harm(as_owner):
    """Changes history as somebody who has every right in the database, and knows how chains are made."""

    def do(*statements):
        with as_owner() as cursor:
            for table in ("ledger_account", "ledger_transfer", "ledger_posting", "ledger_anchor", "ledger_anchorleaf"):
                cursor.execute(f"alter table {table} disable trigger user")
            cursor.execute("alter table timeline_event disable trigger user")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("set constraints all immediate")
            for table in ("ledger_account", "ledger_transfer", "ledger_posting", "ledger_anchor", "ledger_anchorleaf"):
                cursor.execute(f"alter table {table} enable trigger user")
            cursor.execute("alter table timeline_event enable trigger user")

    return do


def said(*words):
    """What a command prints, and whether it was happy."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out, no_color=True)
    except CommandError as error:
        return out.getvalue() + str(error), False
    return out.getvalue(), True


REWRITE = [
    # A wallet's only posting says another sum, and everything that can be computed anew is.
    "update ledger_transfer set amount = 999 where key = 'in:2'",
    "update ledger_posting p set amount = 999, balance = 999 from ledger_account a"
    " where a.id = p.account_id and a.address = 'user:2:wallet'",
    "update ledger_posting p set hash = sha256(''::bytea || convert_to(ledger_posting_text("
    " a.address, p.seq, t.key, p.amount, p.balance, t.reason, t.subject, t.journal, t.at), 'UTF8'))"
    " from ledger_account a, ledger_transfer t"
    " where a.id = p.account_id and t.id = p.transfer_id and a.address = 'user:2:wallet'",
    "update ledger_account a set balance = 999, head = p.hash from ledger_posting p"
    " where p.account_id = a.id and a.address = 'user:2:wallet'",
]


# making


def test_the_heads_of_all_chains_are_under_one_signed_root(anchored, top_up):
    assert anchored.leaves == 5
    chains = [head.chain for head in anchors.heads(anchored)]
    assert chains == sorted(["account:channel:sandbox", *(f"account:user:{n}:wallet" for n in (1, 2, 3)),
                             f"stream:{top_up.address}"])  # fmt: skip
    assert list(anchors.faults(anchored)) == []


def test_a_day_is_anchored_once_and_begins_in_shanghai(db):
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert anchors.day_of(late).isoformat() == "2026-11-23"
    assert anchors.make(at=late).day.isoformat() == "2026-11-23"
    assert anchors.make(at=late + timedelta(hours=1)) is None
    assert anchors.make(at=late - DAY) is None, "no day is anchored afterwards"
    assert anchors.make(at=late + DAY).previous.day.isoformat() == "2026-11-23"


def test_only_what_grew_is_kept_again(anchored, moved, at):
    moved(1)
    second = anchors.make(at=clock.now() + DAY)
    assert second.leaves == 6
    grown = AnchorLeaf.objects.filter(anchor=second).order_by("chain").values_list("chain", flat=True)
    assert list(grown) == ["account:channel:sandbox", "account:user:4:wallet"]
    assert second is not None
    assert list(anchors.faults(second)) == []
    assert json.loads(second.body)["previous"] == anchored.root


def test_the_file_says_what_the_table_says_and_is_never_written_over(anchored, directory):
    path = directory / f"{anchored.day}.json"
    assert json.loads(path.read_text())["signature"] == anchored.signature
    assert path.stat().st_mode & 0o777 == 0o444
    path.chmod(0o644)
    path.write_text("{}")
    assert anchors.write_file(anchored).read_text() == "{}"
    assert [fault for fault in anchors.faults(anchored) if "says something else" in fault]


def test_the_worker_makes_it_and_writes_a_file_that_is_missing(moved):
    moved(1)
    anchor_task()
    [made] = Anchor.objects.order_by("day")
    anchors.file_of(made).unlink()
    anchor_task()
    assert anchors.file_of(made).exists()
    assert Anchor.objects.count() == 1


def test_anchoring_costs_as_many_queries_for_three_chains_as_for_fifty(moved, at):
    moved(2)
    with recorded() as few:
        anchors.make(at=at)
    moved(50)
    with recorded() as many:
        anchors.make(at=at + DAY)
    assert len(many) - len(few) <= 2, many


# verifying


def test_everything_holds_and_is_said_so(anchored):
    text, is_well = said("verify_chain")
    assert is_well, text
    assert "4 of 4 accounts walked" in text
    assert f"Anchor of {anchored.day}: 5 chains, signature and root hold." in text


@pytest.mark.breaks_books
def test_a_rewrite_with_all_hashes_made_anew_is_found_by_the_anchor_alone(anchored, harm):
    harm(*REWRITE)
    text, is_well = said("verify_chain", "--day", str(anchored.day))
    assert not is_well
    assert "FAULT  account user:2:wallet: link 1, which was anchored on" in text
    assert "user:1:wallet" not in text
    walked, _ = said("verify_chain", "--stream", "user:2:wallet")
    assert "contents do not match" not in walked, "the chain itself was made whole again"
    assert "which was anchored on" in walked


@pytest.mark.breaks_books
def test_a_stream_that_was_cut_is_named(anchored, harm, top_up):
    harm(f"delete from timeline_event where root = '{top_up.address}'")
    text, is_well = said("verify_chain", "--day", str(anchored.day))
    assert (is_well, f"stream {top_up.address}: link 1" in text, "is gone" in text) == (False, True, True)


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update ledger_anchorleaf set head = sha256('x') where chain = 'account:user:1:wallet'", "are not those that"),
        ("delete from ledger_anchorleaf where chain = 'account:user:1:wallet'", "are not those that"),
        ("update ledger_anchor set root = repeat('0', 64)", "does not say what was signed"),
        ("update ledger_anchor set body = replace(body, '\"leaves\":5', '\"leaves\":6')", "signature"),
        ("update ledger_anchor set public_key = 'O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik'", "not ours"),
    ],
)
def test_an_anchor_that_was_touched_is_no_anchor(anchored, harm, statement, says):
    harm(statement)
    assert any(says in fault for fault in anchors.faults(Anchor.objects.get()))


def test_one_account_is_shown_to_be_under_the_root(anchored):
    proof = anchors.prove(anchored, "account:user:2:wallet")
    assert proof is not None
    assert proof.holds()
    text, is_well = said("verify_chain", "--stream", "user:2:wallet", "--proof")
    assert is_well
    assert f"root  {anchored.root}" in text
    forged = anchors.Proof(anchored, anchors.Head("account:user:2:wallet", 1, b"x" * 32), proof.steps)
    assert not forged.holds()


def test_an_account_that_came_later_is_not_under_an_earlier_root(anchored, moved):
    moved(1)
    assert anchors.prove(anchored, "account:user:4:wallet") is None
    text, is_well = said("verify_chain", "--stream", "user:4:wallet")
    assert (is_well, "was not there yet" in text) == (True, True)


def test_what_nobody_knows_is_said(anchored):
    assert said("verify_chain", "--stream", "user:99:wallet") == (
        "Neither an account nor a stream: user:99:wallet",
        False,
    )
    assert said("verify_chain", "--day", "1999-01-01") == ("1999-01-01 was not anchored.", False)


@pytest.mark.breaks_books
def test_a_broken_chain_is_named_with_its_place(anchored, harm):
    harm("update ledger_transfer set subject = 'user:9' where key = 'in:3'")
    text, is_well = said("verify_chain")
    assert not is_well
    assert "FAULT  account user:3:wallet: link 1: the contents do not match the hash" in text


def test_anchors_that_an_earlier_key_of_ours_signed_still_count(anchored, settings):
    ours = signing.public_key()
    settings.ANCHOR_KEY = "demo-YW5vdGhlci1rZXktZm9yLXRlc3RzLTAxMjM0NTY3ODk"
    assert any("not ours" in fault for fault in anchors.faults(anchored))
    settings.ANCHOR_PUBLIC_KEYS = [ours]
    assert list(anchors.faults(anchored)) == []


# who may


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize(
    "statement",
    [
        "insert into ledger_anchor (day, made_at, leaves, root, body, signature, public_key)"
        " values ('2020-01-01', now(), 0, '', '', '', '')",
        "update ledger_anchor set root = ''",
        "delete from ledger_anchor",
        "insert into ledger_anchorleaf (anchor_id, chain, seq, head) values (1, 'x', 1, '')",
        "delete from ledger_anchorleaf",
    ],
)
def test_the_application_has_no_way_to_an_anchor_but_the_function(db, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.usefixtures("separate_roles")
def test_the_function_writes_behind_the_last_anchor_only(anchored):
    with pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        connection.cursor().execute(
            "select ledger_write_anchor('2020-01-01', now(), 0, '', null, '', '', '', '{}', '{}', '{}')"
        )


@pytest.mark.parametrize("key", ["demo-YW5jaG9ycy1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2Q", "", "short"])
def test_production_refuses_the_demos_key(settings, key):
    settings.ANCHOR_KEY = key
    assert any("ANCHOR_KEY" in sentence for sentence in startup.wrong_settings())


# the tree


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_every_leaf_is_under_its_root_and_nothing_else_is(texts, data):
    leaves = [merkle.leaf(text.hex()) for text in texts]
    place = data.draw(st.integers(0, len(leaves) - 1))
    steps, root = merkle.proof(leaves, place), merkle.root(leaves)
    assert merkle.follow(leaves[place], steps) == root
    assert merkle.follow(merkle.leaf("something else"), steps) != root


def test_the_hash_of_a_head_has_not_changed_its_form():
    """Golden: an old anchor can be verified for ever."""
    head = anchors.Head("account:user:3:wallet", 7, bytes(32))
    assert head.hash.hex() == merkle.leaf("account:user:3:wallet\x1f7\x1f" + "00" * 32).hex()
    assert merkle.root([merkle.leaf("a"), merkle.leaf("b"), merkle.leaf("c")]).hex() == (
        "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"
    )
