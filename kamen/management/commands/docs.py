from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from privacy import register
from reputation import published
from timeline.machines import Machine, machines


class Command(BaseCommand):
    help = "Write the documents that are generated from the code (docs/states.md), or check that they are fresh."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if a document is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fails with the names of stale documents under --check."""
        stale = []
        for name, text in documents().items():
            path = Path(settings.BASE_DIR) / "docs" / name
            if path.exists() and path.read_text() == text:
                continue
            stale.append(f"docs/{name}")
            if not options["check"]:
                path.write_text(text)
        if options["check"] and stale:
            raise CommandError(f"Stale: {', '.join(stale)}. Run `make docs`.")
        self.stdout.write(f"Written: {', '.join(stale)}" if stale else "The generated documents are fresh.")


def documents() -> dict[str, str]:
    """Every generated document by its name under docs/."""
    return {"states.md": states(), "privacy.md": register.written(), "figures.md": published.written()}


def states() -> str:
    """The machines as tables and diagrams."""
    parts = [
        "# States\n",
        "Generated from the machines by `make docs`; a test fails when this page is stale. A state without an arrow "
        "out is the end. Spans of the clocks are in `rulebook/data/timers.json`.\n",
    ]
    for _name, machine in sorted(machines.items()):
        parts.append(_chapter(machine))
    return "\n".join(parts)


def _chapter(machine: Machine) -> str:
    lines = [
        f"## {machine.name}\n",
        "| State | Sign | 中文 | Whose turn | Clock | May become |",
        "|---|---|---|---|---|---|",
    ]
    for state in machine.states:
        with translation.override("en"):
            english = str(state.label)
        with translation.override("zh-hans"):
            chinese = str(state.label)
        clock = machine.limits.get(state) or (f"none: {machine.patient[state]}" if state in machine.patient else "–")
        after = ", ".join(f"`{name}`" for name in sorted(machine.steps.get(state, set()))) or "– (the end)"
        lines.append(f"| `{state}` | {english} | {chinese} | {machine.owners.get(state, '–')} | {clock} | {after} |")
    lines += ["", "```mermaid", "stateDiagram-v2", f"  [*] --> {machine.first}"]
    for name in machine.states.values:
        lines += [f"  {name} --> {after}" for after in sorted(machine.steps.get(name, set()))]
        if name in machine.terminal:
            lines.append(f"  {name} --> [*]")
    lines += ["```", ""]
    return "\n".join(lines)
