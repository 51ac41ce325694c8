"""More signs of risk by name; what holders of recalled codes were told; batches that wait for a look."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reputation", "0004_scores_fund_and_stops"),
        ("shops", "0010_failing_batches"),
    ]

    operations = [
        migrations.AlterField(
            model_name="signal",
            name="name",
            field=models.CharField(
                choices=[
                    ("many_claims", "More than 3 claims in 10 orders"),
                    ("same_picture", "The same picture in several claims"),
                    ("claim_in_seconds", "Claims within a minute of looking, none borne out"),
                    ("used_after_refund", "Used after the price was paid back"),
                    ("linked_accounts", "Claims from accounts that share a device or a payee"),
                    ("chargeback", "Paid back twice: by the channel and by us"),
                    ("many_purchases", "Very many purchases in a day"),
                    ("just_under_cap", "Several orders just under a limit"),
                    ("own_shop", "Buys from a shop whose people use the same device or payee"),
                    ("many_hands", "Several accounts on one device buy codes on one day"),
                    ("night_burst", "Many orders in one night"),
                    ("many_networks", "Codes looked at from many networks in a week"),
                    ("deceived", "Writes like somebody who is being deceived"),
                    ("same_words", "The same words in claims about several orders"),
                    ("only_resale", "Claims only about point cards, buys other things without trouble"),
                    ("edited_file", "A picture was changed, or taken at another time"),
                    ("unknown_error", "Error codes that these goods never gave"),
                    ("campaign_claims", "Claims in a row after coupons"),
                    ("child_again", "Claims for a child over and over"),
                    ("unanswered", "Never answers what is asked to check with the supplier"),
                    ("batch_bad", "Bad codes in a batch"),
                    ("off_platform", "Leads buyers away from the mall"),
                    ("sudden_turnover", "Five times the usual turnover"),
                    ("same_device_buyers", "Many buyers on one device"),
                    ("used_before_sale", "Codes that were used before they were sold"),
                    ("same_codes", "Codes that another shop has, too"),
                    ("under_market", "Much cheaper than others"),
                    ("cash_out", "A new account, and nearly everything went there"),
                    ("new_place", "Many new listings from an unknown network"),
                    ("slow_answers", "Answers three times as slowly as before"),
                    ("more_reissues", "More and more replacements instead of money"),
                    ("same_refusal", "Declines different buyers in the same words"),
                    ("papers_over", "A paper ran out, or somebody else answers for the shop"),
                    ("phishing", "Buyers speak of false pages or false staff"),
                    ("outage_untold", "Its supplier is silent, and no outage was reported"),
                    ("unlicensed", "Words of unlicensed goods"),
                    ("minors", "Many buyers are children"),
                    ("chargebacks", "Channels take back many of its sales"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="alarmunit",
            name="confirmed_told_at",
            field=models.DateTimeField(help_text="when its holder was told that it is a recall", null=True),
        ),
        migrations.AddField(
            model_name="alarmunit",
            name="reminders",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="moments of the offer's clock at which its holder was reminded",
            ),
        ),
        migrations.CreateModel(
            name="Doubt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="doubt", to="shops.batch"
                    ),
                ),
            ],
        ),
    ]
