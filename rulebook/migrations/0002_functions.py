from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rulebook", "0001_versions")]
    operations = [
        migrations.RunSQL(
            (SQL / "versions.sql").read_text(),
            "drop trigger rulebook_version_keep on rulebook_rulebookversion; drop function rulebook_version_keep()",
        ),
    ]
