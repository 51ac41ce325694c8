"""Nobody applies for the same shop twice at a time."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shops", "0008_words_in_pairs"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["approved", "closed", "withdrawn"]), _negated=True),
                fields=("applicant", "slug"),
                name="shops_application_once",
            ),
        ),
    ]
