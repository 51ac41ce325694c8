import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_payouts_to_accounts"),
        ("orders", "0003_delivery_per_unit"),
        ("shops", "0006_withdrawals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Coupon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(editable=False, max_length=20)),
                ("entered_at", models.DateTimeField(editable=False)),
                ("deadline_at", models.DateTimeField(editable=False, null=True)),
                (
                    "code",
                    models.CharField(
                        help_text="what buyers type: capital letters and digits", max_length=20, unique=True
                    ),
                ),
                ("value", models.BigIntegerField(help_text="fen off one order")),
                ("minimum", models.BigIntegerField(help_text="fen that the order must cost before coupons")),
                ("most", models.PositiveIntegerField(help_text="how many orders in all")),
                ("per_person", models.PositiveIntegerField(help_text="how many orders of one buyer")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("taken", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="CouponUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bearer", models.CharField(choices=[("shop", "Shop"), ("platform", "Platform")], max_length=10)),
                ("amount", models.BigIntegerField(help_text="fen")),
                ("at", models.DateTimeField()),
                ("back_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Joining",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ReadMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upto", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(blank=True, help_text="which issuer answered", max_length=80)),
                ("reference", models.CharField(blank=True, help_text="the source's own number", max_length=80)),
                ("redeemed_at", models.DateTimeField(help_text="nothing where nobody knows when", null=True)),
                (
                    "by_buyer",
                    models.BooleanField(
                        help_text="whether to the buyer's account; nothing where nobody knows", null=True
                    ),
                ),
                ("account", models.CharField(blank=True, help_text="to which account, masked", max_length=60)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="message",
            name="hash",
            field=models.BinaryField(db_default=b"", default=b""),
        ),
        migrations.AddField(
            model_name="message",
            name="prev",
            field=models.BinaryField(db_default=b"", default=b""),
        ),
        migrations.AddField(
            model_name="message",
            name="seq",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="its place in the chain, by the database"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="signs",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.AddField(
            model_name="order",
            name="from_platform",
            field=models.BigIntegerField(db_default=0, default=0, help_text="fen that a platform coupon pays"),
        ),
        migrations.AddField(
            model_name="order",
            name="from_shop",
            field=models.BigIntegerField(db_default=0, default=0, help_text="fen that the shop forgoes by its coupon"),
        ),
        migrations.AddField(
            model_name="order",
            name="supplier_asked_at",
            field=models.DateTimeField(help_text="when the shop last asked its supplier about what it delivered", null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="from_wallet",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="fen of the total that come from the balance where a channel brings the rest",
            ),
        ),
        migrations.AddField(
            model_name="unit",
            name="coupon",
            field=models.BigIntegerField(db_default=0, default=0, help_text="its share of a platform coupon"),
        ),
        migrations.AddField(
            model_name="unit",
            name="coupon_back",
            field=models.BigIntegerField(db_default=0, default=0, help_text="of that, back at the platform"),
        ),
        migrations.AddField(
            model_name="unit",
            name="coupon_held",
            field=models.BigIntegerField(db_default=0, default=0, help_text="of that, in escrow"),
        ),
        migrations.AddField(
            model_name="unit",
            name="coupon_released",
            field=models.BigIntegerField(db_default=0, default=0, help_text="of that, with the shop"),
        ),
        migrations.AddField(
            model_name="unit",
            name="shop_coupon",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="its share of what the shop forgoes by its own coupon; never money"
            ),
        ),
        migrations.AddField(
            model_name="validityrecord",
            name="can_recall",
            field=models.BooleanField(null=True),
        ),
        migrations.AlterField(
            model_name="order",
            name="paid_by",
            field=models.CharField(
                blank=True, choices=[("wallet", "Wallet"), ("channel", "Channel"), ("mixed", "Mixed")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="total",
            field=models.BigIntegerField(help_text="fen that the buyer pays, coupons taken off"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("signs", []), _negated=True), fields=["-id"], name="orders_message_signs"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_platform__gte", 0),
                    ("from_shop__gte", 0),
                    ("from_wallet__gte", 0),
                    ("from_wallet__lt", models.F("total")),
                ),
                name="orders_order_parts",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "coupon",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("coupon_held"), "+", models.F("coupon_released")
                            ),
                            "+",
                            models.F("coupon_back"),
                        ),
                    ),
                    ("coupon_back__gte", 0),
                    ("coupon_held__gte", 0),
                    ("coupon_released__gte", 0),
                    ("shop_coupon__gte", 0),
                ),
                name="orders_unit_coupon_adds_up",
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="agreed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="shop",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="coupons", to="shops.shop"
            ),
        ),
        migrations.AddField(
            model_name="couponuse",
            name="coupon",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="orders.coupon"
            ),
        ),
        migrations.AddField(
            model_name="couponuse",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="coupons", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="couponuse",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="joining",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="joinings", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="joining",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="readmark",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="read_marks", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="readmark",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="redemptions", to="orders.unit"
            ),
        ),
        migrations.AddIndex(
            model_name="coupon",
            index=models.Index(fields=["shop", "-id"], name="orders_coupon_shop"),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "ended", "paused", "running"])), name="orders_coupon_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minimum__gt", models.F("value")), ("most__gt", 0), ("per_person__gt", 0), ("value__gt", 0)
                ),
                name="orders_coupon_sums",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="orders_coupon_term"
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__gte", 0), ("taken__lte", models.F("most"))), name="orders_coupon_taken"
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shop__isnull", False),
                    models.Q(("agreed_by", None), ("state__in", ["draft", "ended"])),
                    models.Q(("agreed_by__isnull", False), models.Q(("agreed_by", models.F("made_by")), _negated=True)),
                    _connector="OR",
                ),
                name="orders_coupon_two_people",
            ),
        ),
        migrations.AddIndex(
            model_name="couponuse",
            index=models.Index(fields=["coupon", "user"], name="orders_couponuse_by"),
        ),
        migrations.AddConstraint(
            model_name="couponuse",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="orders_couponuse_amount"),
        ),
        migrations.AddConstraint(
            model_name="couponuse",
            constraint=models.UniqueConstraint(
                condition=models.Q(("back_at", None)), fields=("order", "bearer"), name="orders_couponuse_one_of_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="joining",
            constraint=models.UniqueConstraint(fields=("order", "user"), name="orders_joining_once"),
        ),
        migrations.AddConstraint(
            model_name="readmark",
            constraint=models.UniqueConstraint(fields=("order", "user"), name="orders_readmark_once"),
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("by__isnull", False), ("source", "")),
                    models.Q(("by", None), models.Q(("source", ""), _negated=True)),
                    _connector="OR",
                ),
                name="orders_redemption_who_says",
            ),
        ),
    ]
