"""How a lower room reaches upward without importing: it declares a hook, `kamen/wiring.py` ties it to one function."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Hook(Generic[P, R]):
    """A named place for exactly one function of a room above.

    The function is called in the caller's transaction, with the root locked. A hook nobody tied is a fault in the
    wiring, not a quiet no: calling it raises `LookupError`.
    """

    declared: ClassVar[dict[str, "Hook[..., Any]"]] = {}

    def __init__(self, name: str) -> None:
        if name in Hook.declared:
            raise ValueError(f"The hook {name} is declared twice.")
        self.name = name
        self.function: Callable[P, R] | None = None
        Hook.declared[name] = self

    def tie(self, function: Callable[P, R]) -> None:
        """Tie the hook to `function`, once; a second, different function is a fault."""
        if self.function not in (None, function):
            raise ValueError(f"The hook {self.name} is tied already.")
        self.function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.function is None:
            raise LookupError(f"Nobody tied the hook {self.name}; see kamen/wiring.py.")
        return self.function(*args, **kwargs)


#: Clocks were moved by an outage: (thing, its new deadline or nothing while it stands still, by how much). For rooms
#: whose parts have times of their own.
clocks_moved = Hook[[Sequence[tuple[Any, datetime | None, timedelta]]], None]("timeline.clocks_moved")

#: The demo's time was moved to a moment at which people were reminded: whoever tells people does so now. Called outside
#: of any transaction, with nothing locked.
time_passed = Hook[[datetime], None]("timeline.time_passed")

#: How people call what outages are of, by the scope and the word for it in the register; left out is what there is not,
#: for then nothing would stand still. As many questions for one as for fifty.
what_is_down = Hook[[Iterable[tuple[str, str]]], dict[tuple[str, str], str]]("timeline.what_is_down")

#: What somebody who registers an outage can choose: (the word for it in the register, how people call it).
what_could_be_down = Hook[[], list[tuple[str, str]]]("timeline.what_could_be_down")
