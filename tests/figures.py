"""Figures of the proofs (cases played, schedules tried), told at the end of a run, also under `-q` and by workers."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def record_figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keeps a line of figures; the run's summary prints it."""
    return lambda line: record_property("figures", line)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests recorded."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, line in report.user_properties:
                    if name == "figures":
                        terminalreporter.write_line(str(line))
