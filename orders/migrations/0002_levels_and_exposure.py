from django.db import migrations, models

#: What orders that were placed before have: the buyer's level then, and what is set aside for their open cases.
FILL = """
update orders_order o set
  buyer_level = coalesce(
    (select c.before from accounts_levelchange c where c.user_id = o.buyer_id and c.at > o.placed_at order by c.at, c.id limit 1),
    (select u.level from accounts_user u where u.id = o.buyer_id)),
  exposed = coalesce((select sum(e.amount) from orders_exposure e where e.order_id = o.id), 0)
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("accounts", "0001_initial")]
    operations = [
        migrations.AddField(
            "order",
            "buyer_level",
            models.CharField(
                db_default="M0", default="M0", help_text="of membership, when the order was placed", max_length=2
            ),
        ),
        migrations.AddField(
            "order",
            "exposed",
            models.BigIntegerField(
                db_default=0, default=0, help_text="fen of the shop's deposit set aside for open cases of this order"
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
