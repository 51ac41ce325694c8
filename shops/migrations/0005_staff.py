import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("shops", "0004_how_it_is_delivered"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="shop", name="staff", field=models.JSONField(default=dict, editable=False)
        ),
        migrations.AddIndex(
            model_name="shop",
            index=django.contrib.postgres.indexes.GinIndex(fields=["staff"], name="shops_shop_staff"),
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(editable=False, max_length=20)),
                ("entered_at", models.DateTimeField(editable=False)),
                ("deadline_at", models.DateTimeField(editable=False, null=True)),
                ("email", models.EmailField(max_length=254)),
                (
                    "duty",
                    models.CharField(
                        choices=[("manager", "Manager"), ("support", "Support"), ("finance", "Finance")], max_length=10
                    ),
                ),
                ("invited_at", models.DateTimeField()),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="shops.shop"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "invited")), fields=["email"], name="shops_member_invited"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["declined", "invited", "left", "working"])),
                        name="shops_member_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("duty__in", ["finance", "manager", "support"])), name="shops_member_duty"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="shops_member_email_small",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "working"), _negated=True), ("user__isnull", False), _connector="OR"
                        ),
                        name="shops_member_is_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["invited", "working"])),
                        fields=("shop", "email"),
                        name="shops_member_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "working")), fields=("shop", "user"), name="shops_member_works_once"
                    ),
                ],
            },
        ),
    ]
