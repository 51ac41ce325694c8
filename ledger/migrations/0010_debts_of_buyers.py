from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    """A buyer can owe the fund, too: a bank took a top-up back that was spent already."""

    dependencies = [("ledger", "0009_reconciliation")]

    operations = [migrations.RunSQL((SQL / "chart.sql").read_text(), migrations.RunSQL.noop)]
