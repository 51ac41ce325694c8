from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("ledger", "0006_posting_never_scans")]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="payee",
            field=models.CharField(
                blank=True, db_default="", help_text="whom the channel pays, as it knows the account", max_length=80
            ),
        ),
        migrations.AlterField(
            model_name="payout",
            name="destination",
            field=models.CharField(
                choices=[
                    ("channel", "Back the way it was paid"),
                    ("account", "To an account outside"),
                    ("wallet", "To the balance"),
                ],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="payout", name="ledger_payout_destination"),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("destination", "channel"),
                        ("payment__isnull", False),
                        models.Q(("channel", ""), _negated=True),
                        models.Q(("charge", ""), _negated=True),
                    ),
                    models.Q(("channel", ""), ("charge", ""), ("destination", "wallet")),
                    models.Q(
                        ("charge", ""),
                        ("destination", "account"),
                        ("payment", None),
                        models.Q(("channel", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="ledger_payout_destination",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("destination", "account"), models.Q(("payee", ""), _negated=True)),
                    models.Q(models.Q(("destination", "account"), _negated=True), ("payee", "")),
                    _connector="OR",
                ),
                name="ledger_payout_payee",
            ),
        ),
    ]
