-- The chart of accounts (docs/architecture.md explains each line). Amounts are fen; a null limit is no limit.
insert into ledger_accountkind (name, pattern, lowest, highest, holds) values
  ('channel',              '^channel:[a-z0-9_]+$',             null, null, 'money that came in through a channel and has not gone out'),
  ('channel_out',          '^channel:[a-z0-9_]+:out$',         0,    null, 'refunds and withdrawals on their way, not yet confirmed'),
  ('wallet',               '^user:[1-9][0-9]*:wallet$',        0,    null, 'a buyer''s balance'),
  ('escrow',               '^order:[1-9][0-9]*:escrow$',       0,    null, 'what the buyer paid and nobody has been given yet'),
  ('pending',              '^shop:[1-9][0-9]*:pending$',       0,    null, 'released, not yet settled'),
  ('available',            '^shop:[1-9][0-9]*:available$',     0,    null, 'the shop''s to withdraw'),
  ('deposit',              '^shop:[1-9][0-9]*:deposit$',       0,    null, 'security deposit, free part'),
  ('reserved',             '^shop:[1-9][0-9]*:reserved$',      0,    null, 'deposit set aside for open cases'),
  ('debt',                 '^(shop|user):[1-9][0-9]*:debt$',   null, 0,    'what a shop or a buyer owes the fund'),
  ('fees',                 '^platform:fees$',                  0,    null, 'commission and kept fees'),
  ('own',                  '^platform:own$',                   0,    null, 'the platform''s own money: pays for platform fault'),
  ('coupons',              '^platform:coupons$',               0,    null, 'the platform''s share of coupons'),
  ('fund',                 '^platform:fund$',                  0,    null, 'guarantee fund'),
  ('recoverable',          '^platform:recoverable$',           0,    null, 'counter-account of debts'),
  ('suspense',             '^platform:suspense$',              0,    null, 'money nobody can place yet')
on conflict (name) do update set pattern = excluded.pattern, lowest = excluded.lowest, highest = excluded.highest, holds = excluded.holds;
