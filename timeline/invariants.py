"""What must be true of events and clocks: queries that return no rows. `manage.py check_books` runs them all."""

from timeline.machines import machines

CHECKS = {
    "chains of events are unbroken": "select root || ' #' || seq || ': ' || fault from timeline_broken_chains(null)",
    "no clock fired early": "select subject || ' ' || \"limit\" from timeline_timer where state = 'fired' and ended_at < due_at",
    "a fired clock has exactly one event": """
        select t.subject || ' ' || t."limit" from timeline_timer t
         where t.state = 'fired' and 1 <> (
            select count(*) from timeline_event e where e.subject = t.subject and e.name like '%.clock_fired'
               and (e.body::jsonb ->> 'limit') = t."limit" and (e.body::jsonb ->> 'due_at')::timestamptz = t.due_at
         )
    """,
    "no clock is overdue by more than a minute": """
        select subject || ' ' || "limit" || ' since ' || due_at from timeline_timer
         where state = 'running' and due_at < timeline_now() - interval '1 minute'
    """,
    "an answer that was kept is one": """
        select 'answer ' || id from timeline_keptanswer where status not between 200 and 299 or request_digest = ''
    """,
    "no clock was given up": """
        select subject || ' ' || "limit" || ': ' || last_error from timeline_timer where state = 'stuck'
    """,
}

#: About time: somebody may just be catching up.
LATE = {"no clock is overdue by more than a minute"}

#: The same about what happened after event `%(events)s`; clocks have indexes of their own.
RECENT = {
    "chains of events are unbroken": """
        select e.root || ' #' || e.seq from timeline_event e
          left join timeline_event b on b.root = e.root and b.seq = e.seq - 1
         where e.id > %(events)s
           and (e.seq > 1 and b.id is null or e.prev <> coalesce(b.hash, ''::bytea)
                or e.hash <> sha256(e.prev || convert_to(timeline_event_text(e), 'UTF8')))
    """,
    "no clock is overdue by more than a minute": CHECKS["no clock is overdue by more than a minute"],
    "no clock was given up": CHECKS["no clock was given up"],
}


def machine_checks() -> dict[str, str]:
    """The same questions for every machine's table."""
    found = {}
    for name, machine in sorted(machines.items()):
        table = machine.model._meta.db_table
        terminal = ", ".join(f"'{state}'" for state in sorted(machine.terminal)) or "''"
        limits = ", ".join(f"('{state}', '{limit}')" for state, limit in sorted(machine.limits.items())) or "('', '')"
        steps = ", ".join(
            f"('{before}', '{after}')" for before, afters in sorted(machine.steps.items()) for after in sorted(afters)
        )
        found[f"the state of a {name} is what its last event says"] = f"""
            select x.subject from (
                select '{name}:' || t.id as subject, t.state, (
                    select e.state_after from timeline_event e
                     where e.subject = '{name}:' || t.id and e.state_after <> '' order by e.seq desc limit 1
                ) as told from {table} t
            ) x where x.told is distinct from x.state
        """
        found[f"every step of a {name} is one its machine knows"] = f"""
            select e.subject || ' #' || e.seq from timeline_event e
             where e.subject like '{name}:%' and e.state_after <> '' and (e.state_before, e.state_after) not in (
                values {steps}, ('', '{machine.first}'))
        """
        found[f"the clock of a {name} runs exactly where its machine says"] = f"""
            select '{name}:' || t.id || ' in ' || t.state from {table} t
              left join (values {limits}) as l (state, "limit") on l.state = t.state
              left join timeline_timer c on c.subject = '{name}:' || t.id and c."limit" = l."limit"
                    and c.state in ('running', 'paused', 'stuck')
             where (l.state is not null) <> (c.id is not null)
                or t.deadline_at is distinct from case when c.state in ('running', 'stuck') then c.due_at end
        """
        found[f"no clock runs on a {name} that is over"] = f"""
            select c.subject || ' ' || c."limit" from timeline_timer c join {table} t on c.subject = '{name}:' || t.id
             where c.state in ('running', 'paused') and t.state in ({terminal})
        """
    return found
