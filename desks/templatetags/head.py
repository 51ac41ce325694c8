"""What the head of every page shows of a person: how many notices wait, and whether they work in a shop."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField

from accounts.models import User
from notifications.models import Notification
from shops.models import Shop, keeping

register = template.Library()

MOST = 99


@dataclass(frozen=True)
class Head:
    """`unread` is a figure as it is shown: nothing, `7`, or `99+`."""

    unread: str
    works_in_a_shop: bool


@register.simple_tag
def head_of(user: Any) -> Head:
    """Both in one query: every page asks it."""
    waiting = Notification.objects.visible_to(user).unread().order_by().values("pk")[: MOST + 1]
    number, works = (
        User.objects.filter(pk=user.pk)
        .values_list(
            Func(ArraySubquery(waiting), function="cardinality", output_field=IntegerField()),
            Exists(Shop.objects.filter(keeping(user))),
        )
        .get()
    )
    return Head(f"{MOST}+" if number > MOST else str(number or ""), works)
