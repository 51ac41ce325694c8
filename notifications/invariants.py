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
    "nobody waits longer than ten minutes to be told": """
        select 'events from ' || min(e.id) || ' on' from timeline_event e join notifications_highwatermark m on m.id = 1
         where e.id > m.event_id and e.at < timeline_now() - interval '10 minutes' and m.at < timeline_now() - interval '10 minutes'
        having count(*) > 0
    """,
}

#: About time: whoever tells may just be catching up.
LATE = {"nobody waits longer than ten minutes to be told"}
