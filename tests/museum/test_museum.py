"""The museum keeps up with the code, and a sample of its bugs is caught in every run; `make museum` shows them all."""

import ast
import os

import pytest

from tests.museum.bugs import MUSEUM, DoesNotApply
from tests.museum.visit import ROOT, caught_by, draw

SOME = int(os.environ.get("KAMEN_MUSEUM_SAMPLE", "2"))
#: The same in every run, so that no run is red by luck; `make museum` shows all.
SEED = int(os.environ.get("KAMEN_MUSEUM_SEED", "279393"))


@pytest.mark.parametrize("bug", MUSEUM, ids=lambda bug: bug.name)
def test_a_bug_can_still_be_put_into_the_code(bug, tmp_path):
    copy = tmp_path / bug.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / bug.file).read_text())
    bug.put_into(tmp_path)
    changed = copy.read_text()
    assert changed != (ROOT / bug.file).read_text()
    assert bug.file.endswith(".sql") or ast.parse(changed)
    assert [each for each in bug.tests if not is_there(each)] == [], "the bug names tests that are gone"


def is_there(test):
    """Whether a file has the test that is named; a file alone is all of its tests."""
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
    return f"def {name}(" in text if name else bool(text)


def test_a_bug_whose_code_has_moved_on_is_told(tmp_path):
    (tmp_path / MUSEUM[0].file).parent.mkdir(parents=True)
    (tmp_path / MUSEUM[0].file).write_text("")
    with pytest.raises(DoesNotApply, match="has 0 times"):
        MUSEUM[0].put_into(tmp_path)


def test_every_bug_has_its_own_name_and_its_incident():
    assert len({bug.name for bug in MUSEUM}) == len(MUSEUM) >= 20
    assert all(len(bug.incident) > 30 for bug in MUSEUM)


def test_bugs_drawn_by_a_seed_are_caught(record_figures):
    for bug in draw(SOME, SEED):
        found = caught_by(bug)
        record_figures(f"Museum, seed {SEED}: {bug.name} caught by {found or 'nobody'}")
        assert found, f"{bug.name} survived: {bug.incident} (KAMEN_MUSEUM_SEED={SEED})"
