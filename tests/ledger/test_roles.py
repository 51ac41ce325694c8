"""Three roles in the database: the owner migrates, the application works, the reader reads what is no secret."""

from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from kamen import grants
from kamen.servers import READER
from kamen.settings.base import database
from ledger.transfers import Reason, transfer
from timeline import clock

#: What nobody but the posting function, the anchor's function or the chain's trigger writes.
FOR_EVER = ["ledger_transfer", "ledger_posting", "ledger_anchor", "ledger_anchorleaf"]


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize("table", [*FOR_EVER, "ledger_account", "ledger_accountkind"])
@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_neither_adds_nor_changes_nor_removes(db, table, right):
    with connection.cursor() as cursor:
        cursor.execute("select has_table_privilege(current_user, %s, %s)", [table, right])
        assert cursor.fetchone()[0] is False


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize("table", ["timeline_event", "ledger_bookscheck"])
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_adds_to_history_and_never_changes_it(db, table, right):
    with connection.cursor() as cursor:
        cursor.execute("select has_table_privilege(current_user, %s, %s)", [table, right])
        assert cursor.fetchone()[0] is False


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize(
    "statement",
    [
        "insert into ledger_transfer (key, source_id, target_id, amount, reason, subject, journal, at)"
        " values ('k', 1, 2, 1, 'x', 'x', 'x', now())",
        "insert into ledger_posting (account_id, seq, transfer_id, amount, balance, hash) values (1, 1, 1, 1, 1, '')",
        "update timeline_event set body = '{}'",
        "delete from timeline_event",
        "truncate timeline_event",
    ],
)
def test_the_application_is_refused_by_the_database_itself(db, statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.usefixtures("separate_roles")
def test_what_the_application_says_of_an_events_place_and_hash_counts_for_nothing(db):
    """It may add events; their place and their hash are the trigger's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into timeline_event (root, seq, subject, name, state_before, state_after, at, body, prev, hash)"
            " values ('x:1', 99, 'x:1', 'x.y', '', '', now(), '{}', 'forged', 'forged') returning seq, prev, hash"
        )
        seq, prev, link = cursor.fetchone()
    assert (seq, bytes(prev)) == (1, b"")
    assert bytes(link) != b"forged"


@pytest.fixture
def reader(transactional_db, as_owner):
    """A connection of the reader, with its views as `prepare` makes them."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_roles where rolname = %s)", [READER])
        if not cursor.fetchone()[0]:
            pytest.skip("This server has no reader's role.")
    found = database(settings.DATABASE_OWNER_URL)
    if database(settings.DATABASE_URL)["USER"] == found["USER"]:
        pytest.skip("One role for everything.")

    class Quoting:
        """What `grant` needs of a cursor: `execute`, `fetchall` and a way to quote names."""

        db = connection

        def __init__(self, cursor):
            self.execute, self.fetchall = cursor.execute, cursor.fetchall

    with as_owner() as cursor:
        as_asked: Any = Quoting(cursor)
        grants.grant(as_asked, application=database(settings.DATABASE_URL)["USER"], reader=READER)
    opened = psycopg2.connect(
        dbname=connection.settings_dict["NAME"], user=READER, host=found.get("HOST"), port=found.get("PORT") or None
    )
    opened.autocommit = True
    with opened.cursor() as cursor:
        yield cursor
    opened.close()
    with as_owner() as cursor:
        as_asked = Quoting(cursor)
        grants.take_views_away(as_asked)


def test_the_reader_reads_the_books_through_views(reader):
    transfer(
        source="channel:sandbox",
        target="user:1:wallet",
        amount=100,
        reason=Reason.TOP_UP,
        subject="user:1",
        key="in",
        at=clock.now(),
    )
    reader.execute("select key, amount from reading.ledger_transfer")
    assert reader.fetchall() == [("in", 100)]
    reader.execute("select encode(head, 'hex') from reading.ledger_account where address = 'user:1:wallet'")
    assert len(reader.fetchone()[0]) == 64


@pytest.mark.parametrize(
    "statement",
    [
        "select password from public.accounts_user",
        "select * from public.shops_card",
        "select * from public.shops_datakey",
        "select * from public.django_session",
        "select * from public.mfa_authenticator",
        "select * from public.ledger_transfer",
        "insert into public.ledger_transfer (key) values ('k')",
        "update reading.ledger_account set balance = 0",
        "delete from reading.timeline_event",
        "select public.ledger_post(array['k'], array['channel:sandbox'], array['user:1:wallet'], array[1::bigint],"
        " array['x'], array['x'], array['x'], array[now()])",
    ],
)
def test_the_reader_reads_no_secret_and_writes_nothing(reader, statement):
    with pytest.raises(psycopg2.Error, match="permission denied"):
        reader.execute(statement)


SECRET = {"password", "email", "sealed", "nonce", "wrapped", "blind_index", "pay_url", "session_hash", "agent_hash"}


def test_no_view_has_a_secret(reader):
    reader.execute("select table_name, column_name, data_type from information_schema.columns"
                   " where table_schema = 'reading'")  # fmt: skip
    shown = reader.fetchall()
    assert {"accounts_user", "shops_card", "ledger_posting", "timeline_event"} <= {table for table, _, _ in shown}
    assert [row for row in shown if row[1] in SECRET] == []
    assert [row for row in shown if row[2] == "bytea" and row[1] not in grants.CHAIN_COLUMNS] == []
    assert "timeline_keptanswer" not in {table for table, _, _ in shown}
