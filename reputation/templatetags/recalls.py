"""A recall where its holder looks for it: at the order and where they claim, as `{% recalled order %}`."""

from typing import Any

from django import template

from orders.models import Order
from reputation import alarms

register = template.Library()


@register.inclusion_tag("reputation/_recalled.html", takes_context=True)
def recalled(context: Any, order: Order) -> dict[str, Any]:
    """The recalls in which its buyer can still answer for codes of this order; nothing for anybody else."""
    user = context["request"].user
    return {"recalls": alarms.offers_to(user, of=order) if order.buyer_id == user.pk else []}
