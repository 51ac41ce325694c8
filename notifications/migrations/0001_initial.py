import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('timeline', '0003_kept_answers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HighWaterMark',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('event_id', models.BigIntegerField(default=0)),
                ('ahead_id', models.BigIntegerField(default=0)),
                ('writers', models.JSONField(default=list)),
                ('at', models.DateTimeField(help_text='when somebody last looked', null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='notifications_mark_single'), models.CheckConstraint(condition=models.Q(('ahead_id__gte', models.F('event_id'))), name='notifications_mark_forward')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='which sentence it is', max_length=60)),
                ('words', models.JSONField(default=dict, help_text='what the sentence names; amounts are fen')),
                ('url', models.CharField(blank=True, help_text='the page of the thing, within the mall', max_length=200)),
                ('at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='timeline.event')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-id'], name='notifications_inbox'), models.Index(condition=models.Q(('read_at', None)), fields=['user'], name='notifications_unread')],
                'constraints': [models.UniqueConstraint(fields=('user', 'event'), name='notifications_once_per_event')],
            },
        ),
    ]
