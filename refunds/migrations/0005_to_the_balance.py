from django.db import migrations, models


class Migration(migrations.Migration):
    """Where the money goes is the buyer's choice as they file, not a part of an offer."""

    dependencies = [("refunds", "0004_contests")]

    operations = [
        migrations.RemoveField(model_name="offer", name="to_wallet"),
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
