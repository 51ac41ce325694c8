from django.db import migrations, models


class Migration(migrations.Migration):
    """Where the money goes is the buyer's choice as they file, not a part of an offer.

    The version before still writes the column, so it stays for now, with a default for those who do not know it.
    """

    dependencies = [("refunds", "0004_contests")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="offer", name="to_wallet")],
            database_operations=[
                migrations.RunSQL(
                    "alter table refunds_offer alter column to_wallet set default false", migrations.RunSQL.noop
                ),
            ],
        ),
        migrations.AlterField(
            model_name="refund",
            name="prefers",
            field=models.CharField(
                choices=[
                    ("money", "Money back"),
                    ("reissue", "A working replacement"),
                    ("balance", "Money to my balance, at once"),
                ],
                db_default="money",
                default="money",
                max_length=10,
            ),
        ),
    ]
