"""What the Makefile promises can be made: no target is mistaken for a folder of the same name."""

import re
import subprocess
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def told() -> set[str]:
    """The targets that `make help` tells people about."""
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  make ([a-z-]+) ", printed, re.MULTILINE))


def test_each_target_that_is_told_is_made_even_where_a_folder_has_its_name() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert {"demo", "test", "bench", "bench-large"} <= told() <= set(phony[1].split())
