import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0008_guesses"),
        ("timeline", "0005_reminders_and_outages"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="compensated_by_platform",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="fen on top of the price that the platform paid for its own delays"
            ),
        ),
        migrations.CreateModel(
            name="Weighing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField(null=True)),
                ("upto", models.BigIntegerField(default=0)),
                (
                    "left_over",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "outage",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="weighing", to="timeline.outage"
                    ),
                ),
            ],
        ),
    ]
