"""`make museum`: puts each bug into a copy of the tree and demands that the tests turn red (`--some 2 --seed N`)."""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.museum.bugs import MUSEUM, Bug

ROOT = Path(__file__).resolve().parents[2]
#: What pytest answers when tests ran and some failed; anything else is no proof.
RED, GREEN = 1, 0
PATIENCE = 900


def main() -> int:
    """Visit all rooms, or those that are named."""
    parser = argparse.ArgumentParser(prog="make museum", description=__doc__)
    parser.add_argument("bugs", nargs="*", help="names of bugs; all, if none is given")
    parser.add_argument("--some", type=int, help="only so many, drawn by --seed")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument(
        "--no-control", action="store_true", help="do not see first that the tests are green without bugs"
    )
    asked = parser.parse_args()
    chosen = [bug for bug in MUSEUM if not asked.bugs or bug.name in asked.bugs]
    if asked.some:
        say(f"Seed {asked.seed}")
        chosen = draw(asked.some, asked.seed, chosen)
    if not asked.no_control and (found := control(chosen)):
        say(f"The tests fail without any bug:\n{found}")
        return 1
    survivors = []
    for bug in chosen:
        found = caught_by(bug)
        say(f"{bug.name}: {'caught by ' + found if found else 'SURVIVED'}   ({bug.incident})")
        survivors += [] if found else [bug.name]
    say(f"{len(chosen) - len(survivors)} of {len(chosen)} bugs caught.")
    return 1 if survivors else 0


def draw(some: int, seed: int, bugs: Sequence[Bug] = MUSEUM) -> list[Bug]:
    """The bugs that a seed chooses."""
    return random.Random(seed).sample(list(bugs), min(some, len(bugs)))


def caught_by(bug: Bug) -> str:
    """The first test that fails with the bug in the code; empty if none does."""
    with tempfile.TemporaryDirectory(prefix=f"kamen-museum-{bug.name}-") as home:
        tree = copy_of_the_tree(Path(home) / "tree")
        bug.put_into(tree)
        code, told = run(tree, bug.tests)
    if code == GREEN:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", told, re.MULTILINE)
    if code != RED or failed is None:
        raise AssertionError(f"{bug.name}: the tests did not run (pytest answered {code}):\n{told[-3000:]}")
    return failed[1]


def control(bugs: Sequence[Bug]) -> str:
    """What fails in an unchanged copy of the tree; empty if nothing does."""
    with tempfile.TemporaryDirectory(prefix="kamen-museum-") as home:
        tree = copy_of_the_tree(Path(home) / "tree")
        code, told = run(tree, sorted({each for bug in bugs for each in bug.tests}))
    return "" if code == GREEN else told[-3000:]


def copy_of_the_tree(target: Path) -> Path:
    """The files that git knows or would, as they are now, with the same environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".venv").symlink_to(ROOT / ".venv")
    return target


def run(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests of a tree with servers of their own; pytest's answer and what it told."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KAMEN_TEST_HOME", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not browser", *tests],
        cwd=tree,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def say(line: str) -> None:
    """Tell the person at the keyboard."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
