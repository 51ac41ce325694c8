"""`{% live thing at %}` and `{% live_queue "queue" shop.pk at %}`: this page shows what others do, within seconds."""

from datetime import datetime
from typing import Any

from django import template

from desks import live as asking
from timeline.models import Tracked

register = template.Library()


@register.inclusion_tag("components/live.html", takes_context=True)
def live(context: template.Context, thing: Tracked, at: datetime) -> dict[str, Any]:
    """For the page of one thing: whatever happens to its case."""
    return _told(context, "root", thing.root_address, at)


@register.inclusion_tag("components/live.html", takes_context=True)
def live_queue(context: template.Context, kind: str, key: Any, at: datetime) -> dict[str, Any]:
    """For a list: what comes and goes."""
    return _told(context, kind, str(key), at)


def _told(context: template.Context, kind: str, key: str, at: datetime) -> dict[str, Any]:
    return {"token": asking.token(context["request"].user, kind=kind, key=key, at=at)}
