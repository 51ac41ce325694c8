"""What must be true of what was put away: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a message that was put away has its sealed piece": """
        select 'order:' || m.order_id || ', message ' || m.seq from orders_message m
         where m.text = orders_put_away_sign()
           and m.hash <> sha256(m.prev || convert_to(orders_message_text(m), 'UTF8'))
           and not exists (select from privacy_piece p
                            where p."table" = 'orders.Message' and p.row = m.id and p.field = 'text')
    """,
    "evidence that was put away has its sealed piece": """
        select 'evidence:' || e.id from disputes_evidence e
         where e.attachment_id is null and e.body = orders_put_away_sign()
           and not exists (select from privacy_piece p
                            where p."table" = 'disputes.Evidence' and p.row = e.id and p.field = 'body')
    """,
    "nothing is left to read under a key that was destroyed": """
        select 'piece:' || p.id from privacy_piece p join privacy_personkey k on k.id = p.key_id
         where k.destroyed_at is not null and p.erased_at is null
    """,
    "a piece was erased with its key, on record": """
        select 'key:' || k.id from privacy_personkey k
         where k.destroyed_at is not null
           and not exists (select from timeline_event e where e.root = 'user:' || k.user_id
                              and e.name = 'user.key_destroyed' and (e.body::jsonb ->> 'key')::bigint = k.id)
    """,
    "whoever was erased has no name and no way in": """
        select 'user:' || u.id from accounts_user u
         where u.erased_at is not null
           and (u.is_active or u.nickname <> '' or u.email <> 'erased-' || u.id || '@erased.invalid'
                or exists (select from account_emailaddress a where a.user_id = u.id))
    """,
}
