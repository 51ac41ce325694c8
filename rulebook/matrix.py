"""The tier matrix: which row answers for a fault class, a kind, a state and a level, and which of several wins.

Law first, then the more specific: conditions before kinds before states before levels. Two rows that could both win are
refused when a rulebook is loaded, so that a case never depends on the order of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from rulebook.claims import KINDS, LEVELS, STATES

CLASSES = (
    "PLATFORM",
    "SELLER",
    "UPSTREAM",
    "FORCE_MAJEURE",
    "BUYER",
    "SHARED",
    "MINOR",
    "ILLEGAL",
    "UNAUTHORIZED",
    "UNDETERMINED",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One tier row. `refund_bp` is a rate, the name of an amount (REMAINDER …), or None: a person decides."""

    id: str
    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    states: tuple[str, ...]
    refund_bp: int | str | None
    remedies: tuple[str, ...]
    levels: tuple[str, ...] = LEVELS
    when: tuple[tuple[str, int | str], ...] = ()
    fee_bp: int = 0
    fee: str | None = None
    fee_on_remainder_bp: int = 0
    statutory: bool = False
    note: str = ""

    @property
    def rank(self) -> tuple[bool, int, int, int, int]:
        """How strongly the row applies: law, then conditions, then ever fewer kinds, states and levels."""
        return (self.statutory, len(self.when), -len(self.kinds), -len(self.states), -len(self.levels))

    def overlaps(self, other: Row) -> bool:
        """Whether one case can fall under both rows."""
        conditions = dict(self.when)
        return (
            all(
                set(mine) & set(theirs)
                for mine, theirs in (
                    (self.classes, other.classes),
                    (self.kinds, other.kinds),
                    (self.states, other.states),
                    (self.levels, other.levels),
                )
            )
            # Conditions that contradict each other keep the rows apart.
            and all(conditions.get(name, value) == value for name, value in other.when)
        )


class Matrix:
    """All rows of a rulebook version, ready to be asked. Never changes."""

    __slots__ = ("_cells", "rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        cells: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: row.rank, reverse=True):
            for cell in product(row.classes, row.kinds, row.states, row.levels):
                cells.setdefault(cell, []).append(row)
        self._cells = {cell: tuple(found) for cell, found in cells.items()}

    def candidates(self, fault_class: str, kind: str, state: str, level: str) -> tuple[Row, ...]:
        """The rows that may answer, the strongest first; empty where the matrix leaves it to people."""
        return self._cells.get((fault_class, kind, state, level), ())

    def holes(self, fault_class: str) -> Iterator[tuple[str, str, str]]:
        """Where a class has no row that applies without a condition: kind, state, level."""
        for kind, state, level in product(KINDS, STATES, LEVELS):
            if all(row.when for row in self.candidates(fault_class, kind, state, level)):
                yield kind, state, level

    def ambiguities(self) -> Iterator[tuple[Row, Row]]:
        """Pairs of rows of equal rank that one case can fall under."""
        for one, other in combinations(self.rows, 2):
            if one.rank == other.rank and one.overlaps(other):
                yield one, other


def met(row: Row, facts: Mapping[str, object]) -> bool | None:
    """Whether the row's conditions hold; None where a fact that decides it is not known."""
    unknown = False
    for name, value in row.when:
        known = facts.get(name)
        if known is None:
            unknown = True
        elif known != value:
            return False
    return None if unknown else True
