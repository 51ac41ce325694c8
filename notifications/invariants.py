"""What must be true of inboxes: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "nobody is told what they did themselves": """
        select 'notification:' || n.id from notifications_notification n join timeline_event e on e.id = n.event_id
         where e.by_id = n.user_id
    """,
    "the inbox has not run ahead of what happened": """
        select 'mark at ' || m.event_id from notifications_highwatermark m
         where m.event_id > (select coalesce(max(id), 0) from timeline_event)
    """,
    "a notice is of the time of its event": """
        select 'notification:' || n.id from notifications_notification n join timeline_event e on e.id = n.event_id
         where n.at <> e.at
    """,
}
