from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reputation', '0007_known_contacts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(condition=models.Q(('name', 'known_contact')), fields=['found_at'], name='reputation_signal_contacts'),
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(condition=models.Q(('name', 'deceived')), fields=['-seen_at'], name='reputation_signal_deceived'),
        ),
    ]
