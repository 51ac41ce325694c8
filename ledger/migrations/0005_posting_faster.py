from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

# Nobody looks for keys by their beginning, so Django's second index of them is only written. An account's row changes
# with every transfer; with room on its page none of the table's indexes has to be touched.
LESS_TO_WRITE = """
do $$
declare
  unused text;
begin
  for unused in select indexname from pg_indexes
                 where schemaname = 'public' and tablename = 'ledger_transfer' and indexname like 'ledger\\_transfer\\_key\\_%\\_like' loop
    execute format('drop index %I', unused);
  end loop;
end $$;
alter table ledger_account set (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_brake_and_anchor_functions")]
    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="source",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.account"),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="target",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.account"),
        ),
        migrations.AlterField(
            model_name="posting",
            name="account",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="ledger.account"),
        ),
        migrations.RunSQL(LESS_TO_WRITE, migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "post_transfers.sql").read_text(), migrations.RunSQL.noop),
    ]
