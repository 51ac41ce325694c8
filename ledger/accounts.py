"""Questions to the books: what an address holds, and its statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from ledger import brake
from ledger.models import Account, Posting
from timeline.spans import SHANGHAI


@dataclass(frozen=True)
class Part:
    """A part of a statement, newest line first; `older` is where the next part begins, if there is one."""

    lines: list[Posting]
    older: int | None
    is_first: bool


def balance(address: str) -> int:
    """What `address` holds, in fen; an account nobody has used yet holds nothing."""
    return Account.objects.filter(address=address).values_list("balance", flat=True).first() or 0


def balances(addresses: Iterable[str]) -> dict[str, int]:
    """What each address holds, in fen, in one query."""
    wanted = list(addresses)
    found = dict(Account.objects.filter(address__in=wanted).values_list("address", "balance"))
    return {address: found.get(address, 0) for address in wanted}


def balances_with_debt(debt: str, addresses: Iterable[str]) -> dict[str, int]:
    """What a debt's address and others hold, in fen, for whoever will collect the debt at the end of this transaction.

    Where something is owed it is read anew under a lock that lasts as long as the transaction, so that no two collect
    the same fen. It is the last lock before those of the accounts; nobody who holds it waits for a root.
    """
    wanted = [debt, *addresses]
    held = balances(wanted)
    if held[debt]:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [debt])
        held = balances(wanted)
    return held


def lock_first(addresses: Iterable[str]) -> None:
    """Lock accounts until this transaction ends, in the order of the posting function, for a verb that posts more than
    once: what it posts later is among them, so that it never waits for whoever waits for it.

    After all other locks: the payout brake is asked for here, as it comes before the accounts.
    """
    brake.is_raised()
    with connection.cursor() as cursor:
        cursor.execute("select ledger_lock(%s::text[])", [sorted(set(addresses))])


def statement(address: str) -> QuerySet[Posting]:
    """The account's lines, newest first."""
    return Posting.objects.filter(account__address=address).select_related("transfer").order_by("-seq")


def part(address: str, *, before: str = "", most: int) -> Part:
    """Up to `most` lines of a statement before the line `before`, in one query however long it is.

    `before` is what somebody sent: anything but a line's number begins at the newest.
    """
    lines, is_first = statement(address), not before.isdecimal()
    if not is_first:
        lines = lines.filter(seq__lt=int(before[:18]))
    found = list(lines[: most + 1])
    return Part(found[:most], found[most - 1].seq if len(found) > most else None, is_first)


def levels(addresses: Iterable[str], moments: Sequence[datetime]) -> dict[str, list[int]]:
    """What each address held right before each of `moments`, in fen, from the balances its lines run with. One query.

    A line is found by halving the statement, so that an account with a million lines costs twenty looks for a moment;
    lines follow each other in time, but for some that were written at once and lie seconds apart.
    """
    wanted = list(addresses)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with recursive place as (
                select a.id, a.address, m.moment, m.number, 0::bigint as low, a.seq as high
                  from ledger_account a cross join unnest(%s::timestamptz[]) with ordinality as m (moment, number)
                 where a.address = any(%s)
                union all
                select s.id, s.address, s.moment, s.number,
                       case when p.at < s.moment then p.seq else s.low end,
                       case when p.at < s.moment then s.high else p.seq - 1 end
                  from place s
                 cross join lateral (
                       select p.seq, t.at from ledger_posting p join ledger_transfer t on t.id = p.transfer_id
                        where p.account_id = s.id and p.seq = (s.low + s.high + 1) / 2 limit 1) p
                 where s.low < s.high
            )
            select s.address, s.number,
                   (select p.balance from ledger_posting p where p.account_id = s.id and p.seq = s.low)
              from place s where s.low = s.high and s.low > 0
            """,
            [list(moments), wanted],
        )
        found = {(address, number): balance for address, number, balance in cursor.fetchall()}
    return {address: [found.get((address, number), 0) for number in range(1, len(moments) + 1)] for address in wanted}


def by_day(addresses: Iterable[str], *, days: int, at: datetime) -> tuple[list[date], dict[str, list[int]]]:
    """The last `days` days in Shanghai, today last, and what each address held at the end of each, in fen."""
    morning = at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    mornings = [morning - timedelta(days=back) for back in range(days - 1, -1, -1)]
    return [each.date() for each in mornings], levels(addresses, [each + timedelta(days=1) for each in mornings])
