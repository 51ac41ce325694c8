"""A recall where its holder looks for it (`{% recalled order %}`), and where somebody answers them about an order."""

from typing import Any

from django import template

from orders.models import Order
from reputation import alarms
from reputation.models import AlarmUnit

register = template.Library()


@register.inclusion_tag("reputation/_recalled.html", takes_context=True)
def recalled(context: Any, order: Order) -> dict[str, Any]:
    """The recalls in which its buyer can still answer for codes of this order; nothing for anybody else."""
    user = context["request"].user
    return {"recalls": alarms.offers_to(user, of=order) if order.buyer_id == user.pk else []}


@register.simple_tag
def recalls_over(order: Order) -> list[str]:
    """The numbers of open recalls in which the buyer still chooses for this order, for whoever answers them."""
    found = AlarmUnit.objects.filter(unit__order=order, fate=AlarmUnit.Fate.ASKED, alarm__state__in=alarms.OPEN)
    return list(found.order_by("alarm__number").values_list("alarm__number", flat=True).distinct())
