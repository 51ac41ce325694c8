"""Questions to the books: what an address holds, and its statement."""

from collections.abc import Iterable

from django.db.models import QuerySet

from ledger.models import Account, Posting


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
