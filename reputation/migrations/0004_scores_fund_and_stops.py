"""What both sides say of a closed case, times in which the fund was low, shops that figures stopped.

Figures are counted anew from the first event on: there are new ones, and some are counted in another way.
"""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('refunds', '0005_to_the_balance'),
        ('reputation', '0003_inquiries'),
        ('shops', '0011_stopped_by_figures'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Shortfall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(editable=False, max_length=20)),
                ('entered_at', models.DateTimeField(editable=False)),
                ('deadline_at', models.DateTimeField(editable=False, null=True)),
                ('since', models.DateTimeField()),
                ('stopped_at', models.DateTimeField(null=True)),
                ('over_at', models.DateTimeField(null=True)),
                ('held', models.BigIntegerField(help_text='fen that the fund held when it was noticed')),
                ('aim', models.BigIntegerField(help_text='fen that it should have held then')),
                ('caps', models.JSONField(default=dict)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['low', 'over', 'stopped'])), name='reputation_shortfall_state'), models.UniqueConstraint(condition=models.Q(('state', 'low')), fields=('state',), name='reputation_shortfall_one_low'), models.UniqueConstraint(condition=models.Q(('state', 'stopped')), fields=('state',), name='reputation_shortfall_one_stopped'), models.CheckConstraint(condition=models.Q(models.Q(('over_at__isnull', False), ('state', 'over')), models.Q(models.Q(('state', 'over'), _negated=True), ('over_at', None)), _connector='OR'), name='reputation_shortfall_over'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'stopped'), _negated=True), ('stopped_at__isnull', False), _connector='OR'), name='reputation_shortfall_stopped')],
            },
        ),
        migrations.CreateModel(
            name='HardStop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ground', models.CharField(choices=[('claims', 'Too many claims upheld'), ('frauds', 'Proven fraud')], max_length=10)),
                ('units', models.PositiveIntegerField(help_text='units sold in the window')),
                ('upheld', models.PositiveIntegerField(help_text="of these, paid back by the supply side's fault")),
                ('frauds', models.PositiveIntegerField(help_text='rulings that found fraud')),
                ('listings', models.JSONField(default=list, help_text='ids of the listings whose later settlements are withheld')),
                ('sanction', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='hard_stop', to='shops.sanction')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ground__in', ['claims', 'frauds'])), name='reputation_hardstop_ground')],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('buyer', 'Buyer'), ('shop', 'Shop')], max_length=10)),
                ('score', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scores', to='refunds.refund')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('refund', 'side'), name='reputation_score_once_a_side'), models.CheckConstraint(condition=models.Q(('score__gte', 1), ('score__lte', 5)), name='reputation_score_of_five'), models.CheckConstraint(condition=models.Q(('side__in', ['buyer', 'shop'])), name='reputation_score_side')],
            },
        ),
        migrations.RunSQL(
            "delete from reputation_tally;"
            " update reputation_mark set event_id = 0, ahead_id = 0, writers = '[]' where name = 'figures'",
            migrations.RunSQL.noop,
        ),
    ]
