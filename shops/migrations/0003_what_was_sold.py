"""Cards that were sold before cards knew it: their units say so."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("shops", "0002_stock"), ("orders", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            update shops_card c set sold_at = u.delivered_at from orders_unit u
             where u.card_id = c.id and u.delivered_at is not null and c.taken_at is not null;
            update shops_card c set failed_at = c.voided_at from orders_unit u join orders_validityrecord v on v.unit_id = u.id
             where u.card_id = c.id and not v.is_valid and c.voided_at is not null;
            """,
            migrations.RunSQL.noop,
        )
    ]
