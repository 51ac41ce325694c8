import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountKind',
            fields=[
                ('name', models.CharField(max_length=30, primary_key=True, serialize=False)),
                ('pattern', models.CharField(help_text='regular expression of the address', max_length=80)),
                ('lowest', models.BigIntegerField(help_text='fen; nothing means no limit', null=True)),
                ('highest', models.BigIntegerField(help_text='fen; nothing means no limit', null=True)),
                ('holds', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=60, unique=True)),
                ('balance', models.BigIntegerField(default=0)),
                ('lowest', models.BigIntegerField(null=True)),
                ('highest', models.BigIntegerField(null=True)),
                ('seq', models.BigIntegerField(default=0)),
                ('head', models.BinaryField(default=b'')),
                ('kind', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='ledger.accountkind')),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(editable=False, max_length=20)),
                ('entered_at', models.DateTimeField(editable=False)),
                ('deadline_at', models.DateTimeField(editable=False, null=True)),
                ('number', models.CharField(help_text='ours; the channel repeats it in every notice', max_length=20, unique=True)),
                ('channel', models.CharField(max_length=20)),
                ('subject', models.CharField(max_length=60)),
                ('amount', models.BigIntegerField(help_text='fen')),
                ('provider_txn', models.CharField(blank=True, help_text="the channel's number, once paid", max_length=80)),
                ('pay_url', models.URLField(blank=True, max_length=400)),
                ('paid_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=20)),
                ('provider_txn', models.CharField(max_length=80)),
                ('amount', models.BigIntegerField(help_text='fen, as the channel says')),
                ('outcome', models.CharField(choices=[('credited', 'Credited'), ('returned', 'Sent back')], max_length=20)),
                ('at', models.DateTimeField()),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='ledger.payment')),
            ],
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(editable=False, max_length=20)),
                ('entered_at', models.DateTimeField(editable=False)),
                ('deadline_at', models.DateTimeField(editable=False, null=True)),
                ('number', models.CharField(help_text='ours; the same for every try', max_length=20, unique=True)),
                ('key', models.CharField(help_text='of the decision: it is paid once', max_length=100, unique=True)),
                ('under', models.CharField(max_length=60)),
                ('cause', models.CharField(max_length=60)),
                ('amount', models.BigIntegerField(help_text='fen')),
                ('destination', models.CharField(choices=[('channel', 'Back the way it was paid'), ('wallet', 'To the balance')], max_length=10)),
                ('channel', models.CharField(blank=True, max_length=20)),
                ('charge', models.CharField(blank=True, help_text="the channel's number of what is paid back", max_length=80)),
                ('is_instant', models.BooleanField(default=False)),
                ('planned_at', models.DateTimeField()),
                ('paid_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('last_error', models.TextField(blank=True)),
                ('proposal', models.CharField(blank=True, choices=[('retry', 'Send it again'), ('wallet', 'Pay it to the balance'), ('void', 'Take it back')], max_length=10)),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='ledger.payment')),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PayoutLeg',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=60)),
                ('amount', models.BigIntegerField(help_text='fen')),
                ('key', models.CharField(help_text='of its transfer', max_length=120, unique=True)),
                ('payout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legs', to='ledger.payout')),
            ],
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120, unique=True)),
                ('amount', models.BigIntegerField()),
                ('reason', models.CharField(choices=[('top_up', 'Top-up'), ('order_paid', 'Order paid'), ('foreign_payment', 'Payment without a place'), ('foreign_payment_returned', 'Payment returned'), ('refund', 'Refund'), ('fee_kept', 'Fee kept'), ('release', 'Release'), ('commission', 'Commission'), ('settle', 'Settlement'), ('reserve', 'Set aside for a case'), ('free', 'Free again after a case'), ('compensation', 'Compensation'), ('platform_fault', 'Platform fault'), ('debt', 'Debt'), ('debt_collected', 'Debt collected'), ('penalty', 'Penalty'), ('withdrawal', 'Withdrawal'), ('deposit_paid', 'Deposit paid in'), ('deposit_returned', 'Deposit returned'), ('payout_confirmed', 'Payout confirmed'), ('payout_void', 'Payout void'), ('chargeback', 'Chargeback'), ('made_whole', 'Made whole'), ('funding', 'Funding'), ('correction', 'Correction')], max_length=30)),
                ('subject', models.CharField(max_length=60)),
                ('journal', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
            ],
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.BigIntegerField()),
                ('amount', models.BigIntegerField(help_text='fen; below zero where money left')),
                ('balance', models.BigIntegerField(help_text='fen, after this posting')),
                ('hash', models.BinaryField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='ledger.account')),
                ('transfer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='ledger.transfer')),
            ],
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('lowest__isnull', True), ('balance__gte', models.F('lowest')), _connector='OR'), name='ledger_account_not_below'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('highest__isnull', True), ('balance__lte', models.F('highest')), _connector='OR'), name='ledger_account_not_above'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['subject'], name='ledger_payment_subject'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['user', '-id'], name='ledger_payment_user'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('state', 'awaiting')), fields=['entered_at'], name='ledger_payment_awaiting'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['awaiting', 'confirmed', 'expired'])), name='ledger_payment_state'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='ledger_payment_amount'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), models.Q(('paid_at__isnull', False), models.Q(('provider_txn', ''), _negated=True)), _connector='OR'), name='ledger_payment_paid_at'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_txn', ''), _negated=True), fields=('channel', 'provider_txn'), name='ledger_payment_one_charge'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('channel', 'provider_txn'), name='ledger_notice_believed_once'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome', 'credited')), fields=('payment',), name='ledger_notice_one_credited'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='ledger_notice_amount'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['cause'], name='ledger_payout_cause'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['user', '-id'], name='ledger_payout_user'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(condition=models.Q(('state__in', ['planned', 'sending', 'retrying'])), fields=['next_try_at'], name='ledger_payout_due'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['manual', 'paid', 'planned', 'retrying', 'sending', 'void'])), name='ledger_payout_state'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='ledger_payout_amount'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('destination', 'channel'), ('payment__isnull', False), models.Q(('channel', ''), _negated=True), models.Q(('charge', ''), _negated=True)), models.Q(('channel', ''), ('charge', ''), ('destination', 'wallet')), _connector='OR'), name='ledger_payout_destination'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'paid'), _negated=True), ('paid_at__isnull', False), _connector='OR'), name='ledger_payout_paid_at'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('proposal', ''), ('proposed_by__isnull', True)), models.Q(models.Q(('proposal', ''), _negated=True), ('proposed_by__isnull', False)), _connector='OR'), name='ledger_payout_proposal'),
        ),
        migrations.AddConstraint(
            model_name='payoutleg',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='ledger_payoutleg_amount'),
        ),
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(fields=['subject'], name='ledger_transfer_subject'),
        ),
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(fields=['journal'], name='ledger_transfer_journal'),
        ),
        migrations.AddConstraint(
            model_name='transfer',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('amount__lte', 1000000000000000)), name='ledger_transfer_amount'),
        ),
        migrations.AddConstraint(
            model_name='transfer',
            constraint=models.CheckConstraint(condition=models.Q(('source', models.F('target')), _negated=True), name='ledger_transfer_two_accounts'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.UniqueConstraint(fields=('account', 'seq'), name='ledger_posting_one_per_place'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='ledger_posting_amount'),
        ),
    ]
