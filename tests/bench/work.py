"""What the clients of the runner's own tests do."""

from collections.abc import Callable

from bench.clients import OutOfWork


def some(number: int, *, times: int, fails: bool = False) -> Callable[[], None]:
    """So many operations, and then no more; the last one may fail."""
    left = list(range(times))

    def operation() -> None:
        if not left:
            raise OutOfWork
        left.pop()
        if fails and not left:
            raise ValueError("the last one")

    return operation


def who(number: int, *, add: int) -> int:
    """Which client this is."""
    return number + add
