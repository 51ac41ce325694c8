"""Who may do what in the database, by role: the owner migrates, the application works, the reader reads.

The application may neither change nor delete what is for ever, and it moves money only through the posting function.
"""

from django.db.backends.utils import CursorWrapper

#: The application may add rows here, never change or remove them.
APPEND_ONLY = ["timeline_event"]
#: The application only reads here; the posting function (SECURITY DEFINER) writes.
READ_ONLY = ["ledger_accountkind", "ledger_account", "ledger_transfer", "ledger_posting", "django_migrations"]
FUNCTIONS = ["ledger_post"]


def grant(cursor: CursorWrapper, *, application: str, reader: str | None) -> None:
    """Give the roles exactly what they need; run as owner after every migration."""
    quote = cursor.db.ops.quote_name
    app = quote(application)
    cursor.execute(f"grant usage on schema public to {app}")
    cursor.execute(f"grant select, insert, update, delete on all tables in schema public to {app}")
    cursor.execute(f"grant usage on all sequences in schema public to {app}")
    for table in APPEND_ONLY:
        cursor.execute(f"revoke update, delete on {quote(table)} from {app}")
    for table in READ_ONLY:
        cursor.execute(f"revoke insert, update, delete on {quote(table)} from {app}")
    for function in FUNCTIONS:
        cursor.execute(f"grant execute on function {quote(function)} to {app}")
    if reader:
        cursor.execute(f"grant usage on schema public to {quote(reader)}")
        cursor.execute(f"grant select on all tables in schema public to {quote(reader)}")
