import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("timeline", "0005_reminders_and_outages")]

    operations = [
        migrations.AddField(
            model_name="outage",
            name="widens",
            field=models.OneToOneField(
                help_text="the entry that this one took the place of",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="widened_by",
                to="timeline.outage",
            ),
        ),
    ]
