"""Who may do what in the database, by role: the owner migrates, the application works, the reader reads.

The application may neither change nor delete what is for ever, and it moves money only through the posting function.
The reader sees the mall through views of the schema `reading`, which leave out what is secret or nobody's business.
"""

import re

from django.conf import settings
from django.db.backends.utils import CursorWrapper

#: The application may add rows here, never change or remove them.
APPEND_ONLY = [
    "timeline_event",
    "ledger_bookscheck",
    "refunds_creditnote",
    "disputes_seal",
    "orders_message",
    "accounts_unmasking",
    "shops_look",
]
#: The application may add and change rows here, never remove them; what buyers say of a sale is for ever by law
#: (E-Commerce Law, article 39).
NEVER_GONE = ["ledger_brake", "reputation_rating", "reputation_score", "shops_commission"]
#: The application only reads here; functions that belong to the owner (SECURITY DEFINER) write.
READ_ONLY = [
    "ledger_accountkind",
    "ledger_account",
    "ledger_transfer",
    "ledger_posting",
    "ledger_anchor",
    "ledger_anchorleaf",
    "django_migrations",
]
FUNCTIONS = ["ledger_post", "ledger_lock", "ledger_write_anchor", "orders_put_words_away"]

#: Where the reader's views are.
READING = "reading"
#: Tables of the rooms that the reader has no view of: answers that were given, drafts that nobody has handed in.
HIDDEN_TABLES = {"timeline_keptanswer", "refunds_claimdraft"}
#: Columns that no view has, beside those whose name or type says it.
HIDDEN_COLUMNS = {
    ("ledger_payment", "pay_url"),
    ("orders_attachment", "original"),
    ("orders_attachment", "viewing_copy"),
    ("orders_message", "text"),
    ("orders_redemption", "account"),
    ("orders_reveal", "address_prefix"),
    ("orders_reveal", "agent_hash"),
    ("refunds_proof", "sealed"),
}
#: A column that is called like this is not shown.
SECRET_NAME = re.compile(
    r"password|secret|token|email|phone|session|cipher|sealed|nonce|wrapped|blind|(^|_)otp|webhook_url"
)
#: Raw bytes are not shown, unless they are links of a chain.
CHAIN_COLUMNS = {"hash", "prev", "head"}


def grant(cursor: CursorWrapper, *, application: str, reader: str | None) -> None:
    """Give the roles exactly what they need; run as owner after every migration."""
    quote = cursor.db.ops.quote_name
    app = quote(application)
    cursor.execute(f"grant usage on schema public to {app}")
    cursor.execute(f"grant select, insert, update, delete on all tables in schema public to {app}")
    cursor.execute(f"grant usage on all sequences in schema public to {app}")
    for table in APPEND_ONLY:
        cursor.execute(f"revoke update, delete on {quote(table)} from {app}")
    for table in NEVER_GONE:
        cursor.execute(f"revoke delete on {quote(table)} from {app}")
    for table in READ_ONLY:
        cursor.execute(f"revoke insert, update, delete on {quote(table)} from {app}")
    for function in FUNCTIONS:
        cursor.execute(f"grant execute on function {quote(function)} to {app}")
    if reader:
        _let_read(cursor, reader)


def take_views_away(cursor: CursorWrapper) -> None:
    """Before a migration: a view would hold on to the columns it shows. `grant` makes all of them anew."""
    cursor.execute(f"drop schema if exists {READING} cascade")


def is_shown(table: str, column: str, kind: str) -> bool:
    """Whether the reader sees a column of a table."""
    if kind == "bytea" and column not in CHAIN_COLUMNS:
        return False
    return not SECRET_NAME.search(column) and (table, column) not in HIDDEN_COLUMNS


def _let_read(cursor: CursorWrapper, reader: str) -> None:
    """One view for each table of a room, under the table's name; nothing of the tables themselves."""
    quote = cursor.db.ops.quote_name
    role = quote(reader)
    take_views_away(cursor)
    cursor.execute(f"create schema {READING}")
    cursor.execute(f"revoke all on all tables in schema public from {role}")
    cursor.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'public' order by table_name, ordinal_position"
    )
    shown: dict[str, list[str]] = {}
    for table, column, kind in cursor.fetchall():
        if table.partition("_")[0] in settings.ROOMS and table not in HIDDEN_TABLES and is_shown(table, column, kind):
            shown.setdefault(table, []).append(quote(column))
    for table, columns in shown.items():
        view, what = f"{READING}.{quote(table)}", ", ".join(columns)
        cursor.execute(f"create view {view} as select {what} from public.{quote(table)}")  # noqa: S608
    cursor.execute(f"grant usage on schema {READING} to {role}")
    cursor.execute(f"grant select on all tables in schema {READING} to {role}")
    # So that the reader need not write the schema's name; where the owner may not set it, one writes it.
    cursor.execute(
        f"do $do$ begin alter role {role} set search_path = {READING};"
        " exception when insufficient_privilege then null; end $do$"
    )
