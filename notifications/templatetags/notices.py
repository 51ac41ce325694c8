"""What the head of every page shows of the inbox."""

from typing import Any

from django import template

from notifications import inbox

register = template.Library()

MOST = 99


@register.simple_tag
def unread_notices(user: Any) -> str:
    """How many notices wait for `user`, as a figure: nothing, `7`, or `99+`."""
    number = inbox.count_unread(user, MOST)
    return f"{MOST}+" if number > MOST else str(number or "")
