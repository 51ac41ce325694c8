import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0012_connections")]

    operations = [
        migrations.AddField(
            model_name="listing",
            name="most_each",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="units that one buyer may have of it in all; nothing: as many as there are",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(500),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_each", None)) | models.Q(("most_each__gte", 1), ("most_each__lte", 500)),
                name="shops_listing_most_each",
            ),
        ),
    ]
