"""What a page weighs on its way to a phone that has never been here: itself and all that it names, compressed."""

import gzip
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

#: The first page of any list weighs less, in bytes.
MOST = 150_000


def transferred(answer: Any) -> int:
    """Bytes that travel for a page: its HTML, its styles, its scripts and its icons, each compressed once."""
    html = answer.content.decode()
    named = set(re.findall(r'/static/([^"#?]+\.(?:css|js|svg))', html))
    files = [Path(str(finders.find(name))).read_bytes() for name in sorted(named)]
    return sum(len(gzip.compress(each, 6)) for each in (answer.content, *files))
