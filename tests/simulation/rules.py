"""What must hold after every step: the rooms' own invariants, the trace rules, and the channel's books beside ours.

Sums of money alone see little: a forged notice of the right amount, a release while a claim is open, a clock that
fired and was never marked all leave the books balanced. The trace rules read the log of events (S1 to S10). S1 (every
step is an edge of its machine), S8 (every promise has its clock) and half of S4 stand among the rooms' invariants; S5
is counted in `coverage.py`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from disputes.rulings import SMALL
from kamen import books
from ledger.gateways import RefundState
from tests.simulation.channel import SimulatedChannel
from timeline import prepared
from timeline.prepared import Kept

#: Too slow for every step, or only true once the workers are awake again: asked at the end of a case.
AT_THE_END = {
    "chains of events are unbroken",
    "chains of postings are unbroken",
    "a balance is the sum of the account's postings",
    "every transfer has two postings, opposite and equal",
    "no clock is overdue by more than a minute",
}
#: The simulation has a time of its own, which the database does not know; the end of a case asks with it.
NOT_ASKED = {"no clock is overdue by more than a minute", "nobody waits longer than ten minutes to be told"}

CASE_OVER = "('refund.approved', 'refund.withdrawn', 'refund.lapsed', 'refund.rejected', 'refund.exchanged')"

TRACE = {
    "S2 a credit has a notice of the channel for the same charge and amount": """
        select t.key from ledger_transfer t join ledger_account s on s.id = t.source_id
         where s.kind_id = 'channel' and t.reason in ('top_up', 'order_paid') and t.key not like 'world:%'
           and not exists (select from ledger_notice n join ledger_payment p on p.id = n.payment_id
                            where n.outcome = 'credited' and n.amount = t.amount
                              and t.subject in ('payment:' || p.id, p.subject))
    """,
    "S3 nothing of a unit is released or settled between a claim and its end": f"""
        select t.key from ledger_transfer t join orders_unit u on t.subject = 'unit:' || u.id
          join refunds_refunditem i on i.unit_id = u.id join refunds_refund r on r.id = i.refund_id
         where t.reason in ('release', 'settle') and t.at > r.opened_at
           and t.at < coalesce((select min(e.at) from timeline_event e
                                 where e.subject = 'refund:' || r.id and e.name in {CASE_OVER}), 'infinity')
    """,
    "S4 nothing larger is paid on a ruling before the time to appeal is over": f"""
        select 'refund:' || f.id from refunds_refund f join disputes_dispute d on d.refund_id = f.id
          join timeline_event e on e.subject = 'refund:' || f.id and e.name = 'refund.approved'
         where f.outcome = 'ruling' and f.approved > {SMALL} and not exists (
            select from timeline_event c where c.root = e.root and c.seq < e.seq and c.subject = 'dispute:' || d.id
               and (c.name = 'dispute.clock_fired' and c.body::jsonb ->> 'limit' = 'APPEAL' or c.name like 'appeal.%'))
    """,
    "S6 no money moves without an event of the same moment": """
        select t.key from ledger_transfer t
         where t.key not like 'world:%' and not exists (select from timeline_event e where e.at = t.at)
    """,
    "S6 an order that was paid has its transfer, and the other way round; all parts together are its price": """
        select 'order:' || o.id from orders_order o left join ledger_transfer t on t.key = 'order:' || o.id || ':paid'
         where (o.paid_at is null) <> (t.id is null)
            or o.paid_at is not null and o.total <> (
               select sum(case when p.reason = 'order_paid' then p.amount else -p.amount end) from ledger_transfer p
                where p.subject = 'order:' || o.id
                  and (p.reason = 'order_paid' or p.key like 'order:' || o.id || ':part_back:%'))
    """,
    "S6 an offer that was taken is what went back, and only one is on the table": """
        select 'refund:' || r.id from refunds_refund r join refunds_offer f on f.refund_id = r.id
         where f.fate = 'taken' and f.kind = 'partial' and r.approved is distinct from f.amount
        union all
        select 'refund:' || f.refund_id from refunds_offer f where f.fate = 'open'
         group by f.refund_id having count(*) > 1
    """,
    "S7 nobody votes on what they ruled or signed themselves": """
        select 'vote:' || v.id from disputes_vote v join disputes_appeal a on a.id = v.appeal_id
         where exists (select from disputes_ruling g left join disputes_signature n on n.ruling_id = g.id
                        where g.dispute_id = a.dispute_id and g.at < a.filed_at
                          and v.user_id in (g.by_id, n.user_id))
    """,
    "S6 a notice to a person has its event": """
        select 'notification:' || n.id from notifications_notification n
         where not exists (select from timeline_event e where e.id = n.event_id)
    """,
    "S7 a case is decided by the rulebook of its order": """
        select 'refund:' || r.id from refunds_refund r join orders_order o on o.id = r.order_id
         where o.rulebook_version not like '%' || (r.decision ->> 'version') || '%'
        union all
        select 'ruling:' || g.id from disputes_ruling g join disputes_dispute d on d.id = g.dispute_id
          join refunds_refund r on r.id = d.refund_id join orders_order o on o.id = r.order_id
         where g.rulebook_version <> o.rulebook_version
    """,
    "S9 a ruling weighs exactly the evidence that was there": """
        select 'ruling:' || g.id from disputes_ruling g
         where g.by_id is not null and (
            select coalesce(array_agg((f ->> 'evidence')::bigint order by (f ->> 'evidence')::bigint), '{}')
              from jsonb_array_elements(g.findings) f)
          <> (select coalesce(array_agg(v.id order by v.id), '{}') from disputes_evidence v
               where v.dispute_id = g.dispute_id and v.at <= g.at)
    """,
    "S9 what came after the time for evidence is marked as late": """
        select 'evidence:' || v.id from disputes_evidence v
         where v.kind in ('statement', 'file') and not v.is_late and exists (
            select from timeline_event e where e.subject = 'dispute:' || v.dispute_id and e.name = 'dispute.review'
               and e.at < v.at)
    """,
    "S10 the events of a root have no gap, and time never goes back": """
        select root || ' #' || seq from (
            select root, seq, at, lag(at) over w as at_before, lag(seq) over w as seq_before
              from timeline_event window w as (partition by root order by seq)) x
         where at < at_before or seq <> coalesce(seq_before, 0) + 1
    """,
}

#: A rule that asks one of our functions may read any table: it is asked whenever anything was written.
OUR_FUNCTION = re.compile(
    r"\b(?:accounts|timeline|ledger|rulebook|shops|orders|refunds|disputes|reputation|notifications|support|complaints|privacy)_\w+\s*\("
)
#: What was written in this transaction so far, by table; rows that were rolled back are counted, too.
WRITTEN = Kept("""
    select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables
     where n_tup_ins + n_tup_upd + n_tup_del > 0
""")
#: A setting of this connection in which rules write down who breaks them: so any number of them go in one round trip.
BROKEN = "simulation.broken"
#: What our side of the channel's books stands in.
OURS = {"ledger_notice", "ledger_payout", "ledger_transfer"}


class Rules:
    """All rules: after each step those about tables that the step wrote to, at the end of a case every one.

    A rule whose tables nobody has touched answers what it answered before. Each rule is prepared once per connection,
    and those that are asked together go in one round trip.
    """

    def __init__(self) -> None:
        asked = {name: sql for name, sql in {**books.checks(), **TRACE}.items() if name not in NOT_ASKED}
        self.every = asked
        self.often = {name: sql for name, sql in asked.items() if name not in AT_THE_END}
        tables = connection.introspection.table_names()
        self.reads = {name: _tables_of(sql, tables) for name, sql in self.often.items()}
        self.prepared: dict[str, str] = {}
        self.written: dict[str, int] = {}
        self.done_by_channel = 0

    def begin(self) -> None:
        """A case begins, in a transaction of its own that may stand idle for as long as a busy machine makes it."""
        self.written, self.done_by_channel = {}, 0
        with connection.cursor() as cursor:
            cursor.execute("set local idle_in_transaction_session_timeout = 0")

    def broken(self, channel: SimulatedChannel, *, at_the_end: bool = False) -> list[str]:
        """Every rule that does not hold, with who breaks it; empty is sound."""
        return [*self._ask(self.every if at_the_end else self.often), *against_the_channel(channel)]

    def broken_by_a_step(self, channel: SimulatedChannel) -> list[str]:
        """The same, of what was written since the last step of this case."""
        touched, done = self._what_was_written(), len(channel.done)
        broken = list(
            self._ask(rule for rule, tables in self.reads.items() if touched and (not tables or tables & touched))
        )
        if touched & OURS or done != self.done_by_channel:
            broken += against_the_channel(channel)
        self.done_by_channel = done
        return broken

    def _what_was_written(self) -> set[str]:
        """The tables that were written to since the last time."""
        now = dict(_rows(WRITTEN))
        touched = {table for table, count in now.items() if count != self.written.get(table)}
        self.written = now
        return touched

    def _ask(self, asked: Iterable[str]) -> Iterator[str]:
        calls = [f"execute {self._prepared(rule)}" for rule in asked]
        if calls:
            begin, told = f"select set_config('{BROKEN}', '', false)", f"select current_setting('{BROKEN}')"
            ((found,),) = _rows("; ".join([begin, *calls, told]))
            yield from found.splitlines()

    def _prepared(self, rule: str) -> str:
        """The name under which this connection knows a rule."""
        if rule not in self.prepared:
            name, words = f"simulation_rule_{len(self.prepared)}", rule.replace("'", "''")
            with connection.cursor() as cursor:
                cursor.execute(
                    f"prepare {name} as select set_config('{BROKEN}',"
                    f" concat(current_setting('{BROKEN}'), '{words}: ', x.offender, chr(10)), false)"
                    f" from ({self.every[rule]}) x (offender)"
                )
            self.prepared[rule] = name
        return self.prepared[rule]


NOTICES = Kept(
    "select n.provider_txn, p.number, n.amount from ledger_notice n join ledger_payment p on p.id = n.payment_id"
)
PAYOUTS = Kept(
    "select o.number, o.state, o.amount, exists ("
    " select from ledger_transfer t where t.key = 'payout:' || o.id || ':to_wallet')"
    " from ledger_payout o where o.destination in ('channel', 'account') and strpos(o.key, ':outside:') = 0"
)
OUTSIDE = Kept(
    "select split_part(key, ':outside:', 2), sum(amount)::bigint from ledger_payout"
    " where strpos(key, ':outside:') > 0 and state <> 'void' group by 1"
)


def _tables_of(sql: str, tables: Iterable[str]) -> set[str]:
    """The tables that a rule reads; none if it asks a function, which may read any."""
    if OUR_FUNCTION.search(sql):
        return set()
    return {table for table in tables if re.search(rf"\b{table}\b", sql)}


def against_the_channel(channel: SimulatedChannel) -> Iterator[str]:
    """S2 and S6 with the second opinion: what we believe the channel took and paid, it took and paid, to the fen."""
    taken = {(charge.txn, charge.number): charge.amount for charge in channel.taken}
    for txn, number, amount in _rows(NOTICES):
        if taken.get((txn, number)) != amount:
            yield f"S2 a notice was believed that the channel never sent: {txn} {amount}"
    ours = {number: (state, amount, to_wallet) for number, state, amount, to_wallet in _rows(PAYOUTS)}
    for number, amount in booked_outside().items():
        if number not in channel.own or amount > channel.own[number].amount:
            yield f"S6 {amount} fen are booked as paid by the channel under {number}, and it did not pay them"
    for number, (state, amount, to_wallet) in ours.items():
        theirs = channel.refunds.get(number)
        has_paid = theirs is not None and theirs.state is RefundState.DONE
        if state == "paid" and not to_wallet and not (has_paid and theirs and theirs.amount == amount):
            yield f"S6 payout {number} is said to have arrived, and the channel did not pay it"
        if has_paid and (state == "void" or to_wallet):
            yield f"S6 payout {number} was paid by the channel and went another way, too"
    for number, refund in channel.refunds.items():
        if number not in ours or ours[number][1] != refund.amount:
            yield f"S6 the channel paid {refund.amount} fen for {number}, of which nobody knows"


def booked_outside() -> dict[str, int]:
    """What we have booked of what the channel paid back on its own account, by its numbers, in fen."""
    return dict(_rows(OUTSIDE))


def in_hand() -> int:
    """What the mall's books say that the channel holds, in fen: what came in and has not gone out."""
    return -sum(balance for (balance,) in _rows("select balance from ledger_account where address = 'channel:sandbox'"))


def deposits_paid() -> int:
    """What shops paid in by other ways than a charge, in fen; the channel of the simulation does not see it."""
    ((paid,),) = _rows(
        "select coalesce(sum(amount), 0)::bigint from ledger_transfer"
        " where reason = 'deposit_paid' and key not like 'world:%' and key not like 'simulated-%:first'"
    )
    return int(paid)


def _rows(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        if isinstance(sql, Kept):
            prepared.execute(cursor, [sql], [])
        else:
            cursor.execute(sql)
        return list(cursor.fetchall())
