from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("disputes", "0003_what_is_kept"), ("timeline", "0002_functions")]
    operations = [migrations.RunSQL((SQL / "seals.sql").read_text(), migrations.RunSQL.noop)]
