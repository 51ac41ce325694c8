"""An order remembers that once nobody had all that was to go back of it: only then something of it can be owed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_given_up")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="ran_dry",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="once nobody had all that was to go back of it, so it may be owed",
            ),
        ),
    ]
