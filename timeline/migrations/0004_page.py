from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("timeline", "0003_kept_answers")]
    operations = [
        migrations.RunSQL((SQL / "page.sql").read_text(), "drop function timeline_expect(text, bigint, bigint)")
    ]
