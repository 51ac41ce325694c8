from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_weighing")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="commission_bp",
            field=models.PositiveSmallIntegerField(
                db_default=500,
                default=500,
                help_text="basis points that the platform takes of a release, pinned when it was placed",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("commission_bp__gte", 0), ("commission_bp__lte", 10000)),
                name="orders_order_commission",
            ),
        ),
    ]
