"""How figures are shown: a table for people, JSON for machines."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def median(values: Sequence[float]) -> float:
    """The one in the middle; nothing measured is nothing."""
    return statistics.median(values) if values else 0.0


class Table:
    """Columns as wide as what stands in them; figures to the right."""

    def __init__(self, title: str, heads: list[str]) -> None:
        self.title = title
        self.rows = [heads]

    def row(self, *cells: object) -> None:
        """One more line."""
        self.rows.append(["–" if cell is None else str(cell) for cell in cells])

    def __str__(self) -> str:
        widths = [max(len(row[place]) for row in self.rows) for place in range(len(self.rows[0]))]
        lines = [
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in self.rows
        ]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join(["", self.title, *lines])


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was: figures of a busy machine are worth little."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=RESULTS.parent)
    return found.stdout.strip() or "unknown"


def keep(result: dict[str, Any], size: str) -> Path:
    """Write the result beside the others: bench/results/<date>-<size>.json."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M}-{size}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2, default=str) + "\n")
    return path
