"""Orders of before remember it too. By itself: it reads all events, and nobody should wait for the orders meanwhile."""

from django.db import migrations

THOSE_OF_BEFORE = """
    update orders_order set ran_dry = true
     where not ran_dry and id in (select substr(root, 7)::bigint from timeline_event
                                   where name = 'order.waterfall_ran_dry' and root like 'order:%')
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_ran_dry"), ("timeline", "0001_initial")]

    operations = [migrations.RunSQL(THOSE_OF_BEFORE, migrations.RunSQL.noop)]
