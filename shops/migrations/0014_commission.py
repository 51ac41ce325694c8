import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shops", "0013_how_many_each"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Commission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("POINT_CARD", "Point card"),
                            ("ACTIVATION_CODE", "Activation code"),
                            ("DIRECT_TOPUP", "Direct top-up"),
                            ("MEMBERSHIP", "Membership"),
                            ("GAME_ACCOUNT", "Game account"),
                            ("CUSTOM_SERVICE", "Custom service"),
                        ],
                        max_length=20,
                    ),
                ),
                ("bp", models.PositiveSmallIntegerField(help_text="basis points of what is released")),
                ("reason", models.CharField(help_text="why, for everybody to read", max_length=300)),
                ("rules_at", models.DateTimeField(help_text="for orders placed from then on")),
                ("proposed_at", models.DateTimeField()),
                ("agreed_at", models.DateTimeField(null=True)),
                ("dropped_at", models.DateTimeField(null=True)),
                (
                    "agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dropped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "ACTIVATION_CODE",
                                    "CUSTOM_SERVICE",
                                    "DIRECT_TOPUP",
                                    "GAME_ACCOUNT",
                                    "MEMBERSHIP",
                                    "POINT_CARD",
                                ],
                            )
                        ),
                        name="shops_commission_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bp__gte", 0), ("bp__lte", 3000)), name="shops_commission_bp"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="shops_commission_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agreed_at", None), ("agreed_by", None)),
                            models.Q(
                                ("agreed_at__isnull", False),
                                (
                                    "agreed_at__lte",
                                    models.expressions.CombinedExpression(
                                        models.F("rules_at"), "-", models.Value(datetime.timedelta(days=7))
                                    ),
                                ),
                                ("agreed_by__isnull", False),
                                models.Q(("agreed_by", models.F("proposed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="shops_commission_two_people_in_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("dropped_at", None), ("dropped_by", None)),
                            models.Q(
                                ("agreed_at", None), ("dropped_at__isnull", False), ("dropped_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="shops_commission_dropped_or_agreed",
                    ),
                ],
            },
        ),
    ]
