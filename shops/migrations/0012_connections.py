import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def tie_what_is_used(apps, schema_editor):
    """Whoever uses a connection already may go on using it."""
    supplier = apps.get_model("shops", "Supplier")
    connection = apps.get_model("shops", "Connection")
    used = supplier.objects.exclude(gateway="").order_by("gateway", "shop_id", "added_at", "pk")
    first = {}
    for gateway, shop, added_at in used.values_list("gateway", "shop_id", "added_at"):
        first.setdefault((gateway, shop), added_at)
    connection.objects.bulk_create(
        [connection(gateway=gateway, shop_id=shop, tied_at=at) for (gateway, shop), at in first.items()]
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("shops", "0011_stopped_by_figures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(help_text="by its name", max_length=20)),
                ("tied_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "shop",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="shops.shop",
                    ),
                ),
                (
                    "tied_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("gateway", "shop"),
                        name="shops_connection_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.RunPython(tie_what_is_used, migrations.RunPython.noop),
    ]
