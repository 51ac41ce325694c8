from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_a_legal_reviewer'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='unmasking',
            name='accounts_unmasking_what',
        ),
        migrations.AlterField(
            model_name='unmasking',
            name='what',
            field=models.CharField(choices=[('sides', 'Names and networks in a case'), ('paper', 'A sealed paper of a family'), ('file', 'What was put away of a sale'), ('mail', 'An e-mail address'), ('given', 'What was given for a delivery'), ('identity', 'Who is behind a shop')], max_length=8),
        ),
        migrations.AddConstraint(
            model_name='unmasking',
            constraint=models.CheckConstraint(condition=models.Q(('what__in', ['file', 'given', 'identity', 'mail', 'paper', 'sides'])), name='accounts_unmasking_what'),
        ),
    ]
