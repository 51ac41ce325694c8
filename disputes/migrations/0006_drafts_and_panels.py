"""A panel changes compensation, finds fraud first, and what is written of a ruling is kept with the case."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("disputes", "0005_alter_secondlook_returned_bp"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="vote",
            name="compensation",
            field=models.BigIntegerField(
                null=True, help_text="fen on top, where it should be changed; nothing said: as it was ruled"
            ),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.CheckConstraint(
                condition=models.Q(compensation=None) | models.Q(compensation__gte=0), name="disputes_vote_compensation"
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="issues",
            field=models.TextField(
                max_length=4000,
                db_default="",
                default="",
                blank=True,
                help_text="what the sides agree on and what they do not",
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="next_steps",
            field=models.TextField(
                max_length=2000, db_default="", default="", blank=True, help_text="what each side can do now"
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="orders_replacement",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="the shop delivers anew; the sums go back only if it does not",
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="needs_panel",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="finds fraud: the arbiter and two more people, all of one mind",
            ),
        ),
        migrations.AddField(
            model_name="ruling",
            name="reply",
            field=models.TextField(
                max_length=2000,
                db_default="",
                default="",
                blank=True,
                help_text="to whoever sent the version before back",
            ),
        ),
        migrations.AlterField(
            model_name="seat",
            name="part",
            field=models.CharField(
                max_length=10,
                choices=[
                    ("arbiter", "Arbiter"),
                    ("senior", "Second signature"),
                    ("member", "Member of the first panel"),
                    ("reviewer", "Member of the panel"),
                    ("chief", "Chief of the panel"),
                    ("neutral", "Outside neutral"),
                ],
            ),
        ),
        migrations.CreateModel(
            name="RulingDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("written", models.JSONField(help_text="the fields of the form by their names")),
                ("at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="drafts", to="disputes.dispute"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="disputes_rulingdraft_oldest")],
                "constraints": [
                    models.UniqueConstraint(fields=["dispute", "user"], name="disputes_rulingdraft_one_each")
                ],
            },
        ),
    ]
