from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("timeline", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "clock.sql").read_text(), "drop function timeline_now()"),
        migrations.RunSQL((SQL / "events.sql").read_text(), migrations.RunSQL.noop),
    ]
