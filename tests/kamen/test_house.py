"""What holds the house up: who may import whom, who writes a state, and how fresh the documents are."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from kamen.management.commands import docs

HOUSE = Path(settings.BASE_DIR)
ROOMS = [*settings.ROOMS, "kamen"]
SOURCES = [path for room in ROOMS for path in (HOUSE / room).rglob("*.py") if "migrations" not in path.parts]


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory):
    """The rooms and their rules, to plant violations in."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(HOUSE / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", copy)
    return copy


def lint_imports(where):
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_house_keeps_its_own_import_rules(copy_of_the_house):
    code, said = lint_imports(copy_of_the_house)
    assert code == 0, said


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("timeline/clock.py", "from shops.models import Shop", "Floors: arrows only go down"),
        ("shops/models.py", "from kamen import books", "Floors: arrows only go down"),
        ("shops/models.py", "from shops import lifecycle", "Inside a room"),
        ("timeline/door.py", "import celery", "The domain does not know the web or the queue"),
        ("shops/lifecycle.py", "import rest_framework", "The domain does not know the web or the queue"),
        ("desks/views.py", "from ledger import transfers", "Only the lifecycles move money"),
    ],
)
def test_a_planted_violation_is_caught(copy_of_the_house, module, line, contract):
    path = copy_of_the_house / module
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n{line}\n")
    try:
        code, said = lint_imports(copy_of_the_house)
    finally:
        path.write_text(before)
    assert code != 0
    assert f"{contract}" in said.split("Broken contracts")[1]


def test_nobody_but_the_door_writes_a_state():
    """The door writes `state` of tracked things; timeline writes the state of its own clocks."""
    found = []
    for path in SOURCES:
        if path.is_relative_to(HOUSE / "timeline"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            assigned = isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and any(
                isinstance(part, ast.Attribute) and part.attr == "state"
                for target in targets
                if target is not None
                for part in ast.walk(target)
            )
            updated = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"update", "create", "bulk_create", "update_or_create", "get_or_create"}
                and any(keyword.arg == "state" for keyword in node.keywords)
            )
            if assigned or updated:
                found.append(f"{path.relative_to(HOUSE)}:{getattr(node, 'lineno', '?')}")
    assert found == []


def test_the_domain_asks_no_clock_and_no_settings():
    asked = ("timezone.now(", "datetime.now(", "date.today(", "clock.now(", "settings.")
    domain = [path for path in SOURCES if path.name in {"lifecycle.py", "models.py", "states.py", "invariants.py"}]
    assert domain
    found = [
        f"{path.relative_to(HOUSE)}: {word}"
        for path in domain
        for word in asked
        if word in path.read_text().replace("settings.AUTH_USER_MODEL", "")
    ]
    assert found == []


def test_there_is_no_drawer_without_a_name():
    nameless = {"common", "core", "utils", "services", "helpers", "helper", "misc", "manager"}
    assert [
        str(path.relative_to(HOUSE)) for path in SOURCES if nameless & {part.removesuffix(".py") for part in path.parts}
    ] == []


def test_every_room_says_what_it_is_for():
    for room in ROOMS:
        assert ast.get_docstring(ast.parse((HOUSE / room / "__init__.py").read_text())), room


def test_every_public_function_of_the_domain_says_what_it_means():
    """Migrations and commands are left out; a name with a leading underscore is private."""
    silent = []
    for path in SOURCES:
        if path.name == "apps.py" or "management" in path.parts:
            continue
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                silent.append(f"{path.relative_to(HOUSE)}:{node.lineno} {node.name}")
    assert silent == []


def test_the_generated_documents_are_fresh():
    call_command("docs", "--check")


def test_a_stale_document_is_noticed(monkeypatch):
    monkeypatch.setattr(docs, "states", lambda: "something else")
    with pytest.raises(CommandError, match=r"Stale: docs/states.md"):
        call_command("docs", "--check")
