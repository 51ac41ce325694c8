from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """A shop contests an instant payment of which nobody had anything yet: it has lost nothing so far, and will."""

    dependencies = [("refunds", "0006_notes_of_everything")]

    operations = [
        migrations.RemoveConstraint(model_name="contest", name="refunds_contest_sums"),
        migrations.AddConstraint(
            model_name="contest",
            constraint=models.CheckConstraint(
                condition=Q(lost__gte=0, made_whole__gte=0, made_whole__lte=F("lost")), name="refunds_contest_sums"
            ),
        ),
    ]
