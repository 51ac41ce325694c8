"""Numbers that people read to each other: of orders, cases, payments."""

import secrets
from datetime import datetime

from timeline.spans import SHANGHAI


def new(prefix: str, at: datetime) -> str:
    """A new number such as `K26112204817365`: prefix, day in Shanghai, eight random digits. Unique by constraint."""
    return f"{prefix}{at.astimezone(SHANGHAI):%y%m%d}{secrets.randbelow(10**8):08}"
