"""`python -m tests.permissions`: write docs/permissions.md out of the table."""

import sys

from tests.permissions import PAGE, page

PAGE.write_text(page())
sys.stdout.write(f"Written: docs/{PAGE.name}\n")
