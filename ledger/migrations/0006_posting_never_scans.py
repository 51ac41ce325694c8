from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_posting_faster")]
    operations = [migrations.RunSQL((SQL / "post_transfers.sql").read_text(), migrations.RunSQL.noop)]
