"""What nobody had of an award is the buyer's claim on the shop; also what was told of before."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BEFORE = """
    insert into disputes_owed (cause, order_id, shop_id, buyer_id, amount, since)
    select e.body::jsonb ->> 'cause', o.id, o.shop_id, o.buyer_id, (e.body::jsonb ->> 'missing')::bigint, e.at
      from timeline_event e join orders_order o on e.root = 'order:' || o.id
     where e.name = 'order.waterfall_ran_dry' and (e.body::jsonb ->> 'missing')::bigint > 0
    on conflict (cause) do nothing
"""


class Migration(migrations.Migration):
    dependencies = [
        ("disputes", "0006_drafts_and_panels"),
        ("orders", "0008_guesses"),
        ("shops", "0001_initial"),
        ("timeline", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Owed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cause",
                    models.CharField(max_length=60, unique=True, help_text="what decided it: refund:12, ruling:5"),
                ),
                ("amount", models.BigIntegerField(help_text="fen")),
                ("paid", models.BigIntegerField(default=0, db_default=0, help_text="fen that came in since")),
                ("since", models.DateTimeField()),
                ("paid_at", models.DateTimeField(null=True, help_text="when the last of it came")),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="owed", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="owed", to="orders.order"
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="owed", to="shops.shop"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("paid_at", None)), fields=["shop", "since"], name="disputes_owed_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="disputes_owed_amount"),
                    models.CheckConstraint(
                        condition=models.Q(("paid__gte", 0), ("paid__lte", models.F("amount"))),
                        name="disputes_owed_paid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid__lt", models.F("amount")), ("paid_at", None)),
                            models.Q(("paid", models.F("amount")), ("paid_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="disputes_owed_paid_at",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="evidence",
            name="kind",
            field=models.CharField(
                max_length=30,
                choices=[
                    ("order", "The order"),
                    ("promise", "What was promised"),
                    ("delivery", "Delivery of the units"),
                    ("reveals", "When codes were looked at"),
                    ("validity", "What the issuer says of the codes"),
                    ("conversation", "The conversation"),
                    ("payments", "Payments"),
                    ("claim", "The buyer's claim"),
                    ("answer", "The shop's answer"),
                    ("statement", "Statement"),
                    ("file", "File"),
                    ("silence", "Asked for and not given"),
                    ("outages", "Outages while the goods were owed"),
                    ("upstream", "What the supplier answered"),
                    ("redemptions", "When codes were redeemed"),
                ],
            ),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
