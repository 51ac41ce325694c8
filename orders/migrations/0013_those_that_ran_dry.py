"""Orders of before remember it, too. In a step of its own: nobody reads an order while a column is added to them, and
to find these all that ever happened is read.
"""

from django.db import migrations

THOSE_OF_BEFORE = """
    update orders_order set ran_dry = true
     where id in (select substr(root, 7)::bigint from timeline_event
                   where name = 'order.waterfall_ran_dry' and root like 'order:%')
       and not ran_dry
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_ran_dry"), ("timeline", "0001_initial")]

    operations = [migrations.RunSQL(THOSE_OF_BEFORE, migrations.RunSQL.noop)]
