"""A score of risk and a bar, computed by reputation and handed down."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="risk",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="0 to 100; adds proof or a person, never takes money away",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="barred_until",
            field=models.DateTimeField(editable=False, help_text="until then nothing can be bought", null=True),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(condition=Q(risk__lte=100), name="accounts_user_risk"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(condition=Q(risk__gt=0), fields=["-risk"], name="accounts_user_riskiest"),
        ),
    ]
