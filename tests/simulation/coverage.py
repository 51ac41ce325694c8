"""What a run of the simulation has seen: steps, faults, guards that refused, verbs met by every state.

S5 of the trace rules: a guard that never refused in the simulation is dead code, or the simulation is too tame.
"""

import ast
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from django.conf import settings

from tests.simulation.verbs import VERBS

#: Where the guards are that the simulation's verbs pass.
ROOMS = (
    "orders/lifecycle.py",
    "orders/purchase.py",
    "orders/delivery.py",
    "orders/coupons.py",
    "refunds/lifecycle.py",
    "refunds/bargaining.py",
    "refunds/replacing.py",
    "disputes/lifecycle.py",
    "disputes/appeals.py",
    "shops/lifecycle.py",
    "shops/listings.py",
    "shops/stock.py",
    "ledger/payments.py",
    "ledger/payouts.py",
    "ledger/outside.py",
    "ledger/reconciliation.py",
)
#: Functions of these files that no verb of the simulation calls.
NOT_SIMULATED = {
    "open_file",
    "draft",
    "start",
    "edit",
    "put_on_sale",
    "close",
    "add_batch",
    "_readable",
    "_allow_selling",
}


@dataclass
class Tally:
    """The figures of a run, of one process or of all."""

    cases: int = 0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    guards: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Tally":
        """The figures that a stopped run had written down."""
        figures: dict[str, Any] = {
            name: Counter(value) if isinstance(value, dict) else value for name, value in told.items()
        }
        return cls(**figures)

    def add(self, other: "Tally") -> None:
        """Take over what another process has seen."""
        self.cases += other.cases
        self.steps += other.steps
        for name in ("faults", "refusals", "guards", "pairs", "done"):
            getattr(self, name).update(getattr(other, name))

    def refused(self, error: BaseException, code: str) -> None:
        """A guard said no."""
        self.refusals[code] += 1
        self.guards[f"{_place(error.__traceback__)}:{code}"] += 1

    def report(self) -> str:
        """The figures in words."""
        guards, pairs = all_guards(), all_pairs()
        passed = sorted(set(guards) - set(self.guards))
        lines = [
            f"{self.cases} cases, {self.steps} steps, {sum(self.faults.values())} faults: {_words(self.faults)}",
            f"done: {_words(self.done)}",
            f"refused: {_words(self.refusals)}",
            f"guards that refused (S5): {len(guards) - len(passed)} of {len(guards)}",
            f"pairs of state and verb: {len(set(self.pairs) & pairs)} of {len(pairs)}",
        ]
        if passed:
            lines.append("guards that never refused: " + ", ".join(passed))
        return "\n".join(lines)


def all_guards() -> list[str]:
    """Every `require(…, "code")` and `Refused("code")` in the verbs' files, as file:function:code."""
    found = set()
    for room in ROOMS:
        tree = ast.parse((Path(settings.BASE_DIR) / room).read_text())
        for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
            if function.name in NOT_SIMULATED:
                continue
            found |= {f"{room}:{function.name}:{code}" for code in _codes(function)}
    return sorted(found)


def all_pairs() -> set[str]:
    """Every verb with every state of the thing it is done to."""
    return {
        f"{verb.machine}.{state}:{verb.name}"
        for verb in VERBS.values()
        for state in verb.model.machine.states.values
        if verb.name != "top_up"
    }


def _codes(function: ast.FunctionDef) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = {"require": 1, "Refused": 0}.get(node.func.id)
            if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                found.add(str(node.args[place].value))  # type: ignore[attr-defined]
    return found


def _place(traceback: TracebackType | None) -> str:
    """The function that asked: the innermost one that is not `require` itself."""
    place = ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.endswith("refusals.py"):
            place = f"{_relative(code.co_filename)}:{code.co_name}"
        traceback = traceback.tb_next
    return place


def _relative(name: str) -> str:
    path, base = Path(name), Path(settings.BASE_DIR)
    return str(path.relative_to(base)) if path.is_relative_to(base) else name


def _words(counter: Counter[Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"
