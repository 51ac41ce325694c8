"""`manage.py due`: when a span ends, for anybody, anywhere, without a mall."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from timeline.spans import SHANGHAI, deadline, hours

CASES = json.loads((Path(__file__).parent.parent / "data" / "deadline_cases.json").read_text())
UNITS = {"hours": "hours", "days": "days", "working_days": "working days"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The mall's code alone: no .env, no .local, nothing that a demo has made."""
    home = tmp_path_factory.mktemp("due") / "mall"
    home.mkdir()
    shutil.copy(settings.BASE_DIR / "manage.py", home)
    for room in ("kamen", "timeline"):
        shutil.copytree(settings.BASE_DIR / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
    home.chmod(0o555)
    yield home
    home.chmod(0o755)


@pytest.fixture(scope="module")
def due(copy, tmp_path_factory):
    """Asks in a process that has no environment and no directory of its own."""
    nowhere = tmp_path_factory.mktemp("nowhere")

    def ask(*words, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", "-B", copy / "manage.py", "due", *words],
            cwd=nowhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return ask


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_published_deadlines_are_printed_and_nothing_else(due, case):
    pauses = [word for begin, end in case["pauses"] for word in ("--pause", f"{begin}/{end}")]
    said = due(f"{case['amount']} {UNITS[case['kind']]}", "--from", case["from"], *pauses)
    assert (said.returncode, said.stdout, said.stderr) == (0, case["deadline"] + "\n", "")


def test_it_needs_neither_settings_nor_secrets_and_leaves_nothing_behind(due, copy):
    before = sorted(path.name for path in copy.iterdir())
    said = due("1 hour", "--from", "2026-02-13T01:00:00Z", DJANGO_SETTINGS_MODULE="kamen.settings.production")
    assert (said.returncode, said.stdout) == (0, "2026-02-13T10:00:00+08:00\n")
    assert sorted(path.name for path in copy.iterdir()) == before
    assert not os.access(copy / ".local", os.F_OK)


def test_pauses_that_overlap_count_once(due):
    first, second = "2026-11-11T09:00:00+08:00/2026-11-11T12:00:00+08:00", "2026-11-11T11:00:00+08:00"
    said = due(
        *("48 hours", "--from", "2026-11-10T09:00:00+08:00"),
        *("--pause", first, "--pause", f"{second}/2026-11-11T14:00:00+08:00"),
    )
    assert said.stdout == "2026-11-12T14:00:00+08:00\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a while", "--from", "2026-02-13T09:00:00+08:00"], "is not a span"),
        (["-1 hours", "--from", "2026-02-13T09:00:00+08:00"], ""),
        (["1.5 hours", "--from", "2026-02-13T09:00:00+08:00"], "is not a span"),
        (["٣ days", "--from", "2026-02-13T09:00:00+08:00"], "is not a span"),
        (["1 hour", "--from", "2026-02-13T09:00:00"], "has no zone"),
        (["1 hour", "--from", "yesterday"], "is not a time"),
        (["1 hour", "--from", "2026-02-30T09:00:00+08:00"], "is not a time"),
        (["1 hour"], "--from"),
        (["1 hour", "--from", "2026-02-13T09:00:00+08:00", "--pause", "2026-02-13T10:00:00+08:00"], "is not a pause"),
        (
            [
                *("1 hour", "--from", "2026-02-13T09:00:00+08:00"),
                *("--pause", "2026-02-13T10:00:00+08:00/2026-02-13T09:30:00+08:00"),
            ],
            "ends before it begins",
        ),
        (["999999 days", "--from", "9999-02-13T09:00:00+08:00"], "beyond the calendar"),
        (["999999 hours", "--from", "9999-02-13T09:00:00+08:00"], "beyond the calendar"),
    ],
)
def test_what_makes_no_sense_is_said_on_the_error_channel(due, words, sentence):
    said = due(*words)
    assert said.returncode != 0
    assert said.stdout == ""
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_it_says_what_the_mall_counts(due, at):
    said = due("48 hours", "--from", at.isoformat())
    assert said.stdout.strip() == deadline(hours(48), at).astimezone(SHANGHAI).isoformat()
