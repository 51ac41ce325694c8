from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

#: What was said before is linked in the order in which it was said.
LINK_WHAT_IS_THERE = """
alter table orders_message disable trigger user;
do $do$
declare
  m orders_message;
  before orders_message;
begin
  for m in select * from orders_message order by order_id, id loop
    if before.order_id is distinct from m.order_id then
      before := null;
    end if;
    m.seq := coalesce(before.seq, 0) + 1;
    m.prev := coalesce(before.hash, ''::bytea);
    m.hash := sha256(m.prev || convert_to(orders_message_text(m), 'UTF8'));
    update orders_message set seq = m.seq, prev = m.prev, hash = m.hash where id = m.id;
    before := m;
  end loop;
end $do$;
alter table orders_message enable trigger user;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_coupons_and_conversation"), ("timeline", "0002_functions")]
    operations = [
        migrations.RunSQL((SQL / "messages.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(LINK_WHAT_IS_THERE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("order", "seq"), name="orders_message_one_per_place"),
        ),
    ]
