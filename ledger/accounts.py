"""Questions to the books: what an address holds, and its statement."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from ledger.models import Account, Posting


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
