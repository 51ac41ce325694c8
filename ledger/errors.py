"""Why money did not move. Every code is stable; the posting function raises each under an SQLSTATE of its own."""


class LedgerError(Exception):
    """Money could not move; nothing was written. `code` is stable, the text names the offender."""

    code = "ledger_error"


class BadBatch(LedgerError):
    """Empty, too large, a key twice, or something missing."""

    code = "bad_batch"


class BadAmount(LedgerError):
    """An amount is above zero and at most 10^15 fen."""

    code = "bad_amount"


class SameAccount(LedgerError):
    """Money cannot move from an account to itself."""

    code = "same_account"


class UnknownAccount(LedgerError):
    """The chart of accounts does not know the address."""

    code = "unknown_account"


class KeyReused(LedgerError):
    """The key already stands for a transfer with other contents."""

    code = "key_reused"


class InsufficientBalance(LedgerError):
    """An account would leave its limits."""

    code = "insufficient_balance"


#: The SQLSTATE of each, as `sql/post_transfers.sql` raises it.
ERRORS: dict[str, type[LedgerError]] = {
    "KM001": BadBatch,
    "KM002": BadAmount,
    "KM003": SameAccount,
    "KM004": UnknownAccount,
    "KM005": KeyReused,
    "KM006": InsufficientBalance,
}
