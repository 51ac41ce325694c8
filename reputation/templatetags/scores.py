"""The question after a case, for its page: `{% case_score refund %}`."""

from typing import Any

from django import template

from refunds.models import Refund
from reputation import satisfaction
from reputation.forms import ScoreForm
from timeline import clock

register = template.Library()


@register.inclusion_tag("reputation/_score.html", takes_context=True)
def case_score(context: Any, refund: Refund) -> dict[str, Any]:
    """Ask whoever looks, if they are a side of a case that is over and have not said it yet; else nothing."""
    request = context["request"]
    side = satisfaction.side_of(refund, request.user) if satisfaction.is_asked(refund, clock.now()) else ""
    known = refund.scores.filter(side=side).first() if side else None
    return {
        "refund": refund,
        "known": known,
        "form": ScoreForm() if side and known is None else None,
        "csrf_token": context.get("csrf_token", ""),
    }
