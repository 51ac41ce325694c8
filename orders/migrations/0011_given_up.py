import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_commission")]

    operations = [
        migrations.AddField(
            model_name="weighing",
            name="tries",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="of each that is left over: how often it was tried, when next, and what failed",
            ),
        ),
        migrations.AddField(
            model_name="weighing",
            name="given_up",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                db_default=models.Value(
                    [], django.contrib.postgres.fields.ArrayField(models.BigIntegerField())
                ),
                default=list,
                help_text="orders that failed too often: a person looks at them",
                size=None,
            ),
        ),
    ]
