"""How units of a listing are delivered, what buyers give for that, and by which connection a supplier is asked."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0003_what_was_sold")]

    operations = [
        migrations.CreateModel(
            name="SealedWords",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("sealed", models.BinaryField()),
                ("nonce", models.BinaryField()),
                ("hint", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "erased_at",
                    models.DateTimeField(help_text="the seal itself is gone: nobody reads it ever again", null=True),
                ),
                (
                    "data_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="words", to="shops.datakey"
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="listing",
            name="asks",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='what the buyer must give: ["account", …]',
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="delivered_by",
            field=models.CharField(
                choices=[
                    ("stock", "From the stock of codes, at once"),
                    ("shop", "By hand: the shop delivers and proves it"),
                    ("supplier", "By a supplier that the mall is connected to"),
                    ("system", "By the shop's own system, through the API"),
                ],
                db_default="stock",
                default="stock",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="product",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="the supplier's own name for it", max_length=60
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="supplier",
            field=models.ForeignKey(
                help_text="who delivers it, if a supplier does",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="listings",
                to="shops.supplier",
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="gateway",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="the mall's connection to it, by its name",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("delivered_by", "stock"), ("kind__in", ["ACTIVATION_CODE", "GAME_ACCOUNT", "POINT_CARD"])
                )
                | models.Q(
                    ("delivered_by__in", ["shop", "supplier", "system"]),
                    models.Q(("kind__in", ["ACTIVATION_CODE", "GAME_ACCOUNT", "POINT_CARD"]), _negated=True),
                ),
                name="shops_listing_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("delivered_by", "supplier"),
                    ("supplier__isnull", False),
                    models.Q(("product", ""), _negated=True),
                )
                | models.Q(models.Q(("delivered_by", "supplier"), _negated=True), ("product", ""), ("supplier", None)),
                name="shops_listing_supplier",
            ),
        ),
    ]
