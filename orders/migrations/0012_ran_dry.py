"""An order remembers that once nobody had all that was to go back of it: only then something of it can be owed."""

from django.db import migrations, models

THOSE_OF_BEFORE = """
    update orders_order set ran_dry = true
     where id in (select substr(root, 7)::bigint from timeline_event
                   where name = 'order.waterfall_ran_dry' and root like 'order:%')
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_given_up"), ("timeline", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="ran_dry",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="once nobody had all that was to go back of it, so it may be owed",
            ),
        ),
        migrations.RunSQL(THOSE_OF_BEFORE, migrations.RunSQL.noop),
    ]
