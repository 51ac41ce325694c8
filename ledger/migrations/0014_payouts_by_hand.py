"""Finance's queue asks for the few payouts in people's hands, among all that ever were."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0013_lock_accounts_first")]

    operations = [
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                fields=["entered_at", "id"], condition=Q(state="manual"), name="ledger_payout_by_hand"
            ),
        ),
    ]
