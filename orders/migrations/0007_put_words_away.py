"""What was said can be put away and, in its time, forgotten; the chain of a conversation holds all the same."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_traces")]
    operations = [migrations.RunSQL((SQL / "put_away.sql").read_text(), migrations.RunSQL.noop)]
