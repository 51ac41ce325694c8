import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """What the mall puts into the guarantee fund or its own pocket, by two people of finance."""

    dependencies = [
        ("ledger", "0011_debts_let_go"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contribution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(editable=False, max_length=20)),
                ("entered_at", models.DateTimeField(editable=False)),
                ("deadline_at", models.DateTimeField(editable=False, null=True)),
                (
                    "purse",
                    models.CharField(
                        choices=[("fund", "Guarantee fund"), ("own", "The platform's own money")], max_length=10
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="fen")),
                ("document", models.CharField(help_text="the number of the bank's document", max_length=60)),
                ("reason", models.TextField(max_length=1000)),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
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
                "indexes": [
                    models.Index(
                        condition=Q(("state", "booked")), fields=["-decided_at"], name="ledger_contribution_booked"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("state__in", ["booked", "declined", "lapsed", "proposed"])),
                        name="ledger_contribution_state",
                    ),
                    models.CheckConstraint(
                        condition=Q(("purse__in", ["fund", "own"])), name="ledger_contribution_purse"
                    ),
                    models.CheckConstraint(
                        condition=Q(amount__gt=0) & ~Q(document="") & ~Q(reason=""), name="ledger_contribution_amount"
                    ),
                    models.UniqueConstraint(
                        condition=Q(("state__in", ["booked", "proposed"])),
                        fields=("document", "purse"),
                        name="ledger_contribution_document_once",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state="booked")
                        | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by")),
                        name="ledger_contribution_two_people",
                    ),
                ],
            },
        )
    ]
