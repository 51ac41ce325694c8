"""Which batches fail is read by an index of the codes that were given back as bad."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0009_one_application_at_a_time")]

    operations = [
        migrations.AddIndex(
            model_name="card",
            index=models.Index(
                fields=["batch"], condition=models.Q(("failed_at__isnull", False)), name="shops_card_bad"
            ),
        ),
    ]
