from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    """A verb that posts more than once locks all its accounts first, in the order of the posting function."""

    dependencies = [("ledger", "0012_contributions")]
    operations = [migrations.RunSQL((SQL / "lock_accounts.sql").read_text(), "drop function ledger_lock(text[])")]
