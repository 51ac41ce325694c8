"""Who may do what: every route × everybody × own or foreign, in one table that is tried for real.

`table.txt` has a line for each route and method, with what each kind of person gets. A route without a line fails the
tests and says what to do. `python -m tests.permissions` writes docs/permissions.md out of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parent / "table.txt"
PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"

#: The columns of the table, in this order: who they are in the one sale that the requests are about.
PEOPLE = {
    "anonymous": "nobody is signed in",
    "buyer": "bought it",
    "other_buyer": "bought something else from the same shop",
    "owner": "owns the shop",
    "manager": "works in the shop: goods and buyers",
    "support": "works in the shop: buyers",
    "bookkeeper": "works in the shop: money",
    "other_shop": "owns another shop",
    "agent": "staff who assist",
    "arbiter": "staff who rule, assigned to this case",
    "other_arbiter": "staff who rule, not assigned",
    "senior": "staff who sign",
    "lead": "staff who lead",
    "finance": "staff of money",
    "risk": "staff of risk",
    "auditor": "staff who look on",
}
#: What somebody can get.
ANSWERS = {
    "in": "the page, or the answer",
    "go": "led on to another page",
    "login": "asked to sign in first",
    "ask": "let in, and something is missing or wrong in what was sent",
    "no": "refused: not theirs to do, or not now (409)",
    "hid": "does not exist for them (404)",
    "403": "forbidden",
    "405": "nothing is sent there in this way",
    "429": "too often",
}
HEAD = """\
# Every route, with what each kind of person gets; see tests/permissions/__init__.py for the words.
# method route answers, in this order:
"""


@dataclass(frozen=True)
class Line:
    """What everybody gets at one route by one method."""

    method: str
    route: str
    answers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method:6} {self.route:44} {' '.join(f'{answer:5}' for answer in self.answers)}".rstrip()


def read() -> dict[tuple[str, str], Line]:
    """The table, by method and route."""
    return {(line.method, line.route): line for line in lines(TABLE.read_text() if TABLE.exists() else "")}


def lines(text: str) -> Iterator[Line]:
    """The lines of a table."""
    for number, row in enumerate(text.splitlines(), start=1):
        words = row.split()
        if not words or words[0].startswith("#"):
            continue
        method, route, *answers = words
        if len(answers) != len(PEOPLE) or set(answers) - ANSWERS.keys():
            raise ValueError(
                f"{TABLE.name}:{number} needs one of {', '.join(ANSWERS)} for each of {len(PEOPLE)} people."
            )
        yield Line(method, route, tuple(answers))


def write(found: dict[tuple[str, str], Line]) -> None:
    """Store the table in the order of its routes."""
    rows = sorted(found.values(), key=lambda line: (line.route, line.method))
    TABLE.write_text(f"{HEAD}# {' '.join(PEOPLE)}\n" + "".join(f"{row}\n" for row in rows))


def page() -> str:
    """The table for people: docs/permissions.md."""
    parts = [
        "# Permissions\n",
        "Generated from `tests/permissions/table.txt` by `python -m tests.permissions`; a test tries every line for"
        " real, and fails for a route without one. Everything is about one sale with a case in dispute: `other_…` are"
        " people like the others who have nothing to do with it.\n",
        "| Who | What they are |\n|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in PEOPLE.items()),
        "\n| Answer | Means |\n|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in ANSWERS.items()),
    ]
    rooms: dict[str, list[Line]] = {}
    for line in sorted(read().values(), key=lambda line: (line.route, line.method)):
        rooms.setdefault(line.route.partition(":")[0] if ":" in line.route else "others", []).append(line)
    for room, rows in sorted(rooms.items()):
        parts += [f"\n## {room}\n", f"| Route | | {' | '.join(PEOPLE)} |", f"|---|---|{'---|' * len(PEOPLE)}"]
        parts += [f"| `{row.route}` | {row.method} | {' | '.join(row.answers)} |" for row in rows]
    return "\n".join(parts) + "\n"
