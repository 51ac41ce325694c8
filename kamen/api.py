"""Every address of the API, and its contract: /api/schema/ for machines, /api/docs/ for people."""

from typing import Any


def describe_what_all_share(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    return result
