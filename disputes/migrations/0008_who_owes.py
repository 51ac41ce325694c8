"""What nobody had is owed by the shop or by the platform, and knows of which units it is the price."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("disputes", "0007_owed")]

    operations = [
        migrations.AddField(
            model_name="owed",
            name="payer",
            field=models.CharField(
                choices=[("shop", "The shop"), ("platform", "The platform")],
                db_default="shop",
                default="shop",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="owed",
            name="units",
            field=models.JSONField(
                db_default={}, default=dict, help_text="fen of the price still owed, per unit id; paid before the rest"
            ),
        ),
        migrations.AlterField(
            model_name="owed",
            name="cause",
            field=models.CharField(help_text="what decided it: refund:12, ruling:5", max_length=60),
        ),
        migrations.AddConstraint(
            model_name="owed",
            constraint=models.UniqueConstraint(fields=("cause", "payer"), name="disputes_owed_once_by_each"),
        ),
        migrations.AddConstraint(
            model_name="owed",
            constraint=models.CheckConstraint(
                condition=models.Q(("payer__in", ["shop", "platform"])), name="disputes_owed_payer"
            ),
        ),
    ]
