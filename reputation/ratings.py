"""What buyers say of a finished order, and what the shop replies: each once, for ever (E-Commerce Law, article 39)."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from orders.models import Order
from orders.states import OrderState
from reputation.models import Rating
from shops.models import SERVE
from timeline.door import change, lock, note, require, verb

#: A rating is given once the sale is over: completed, or paid back.
FINISHED = frozenset({OrderState.COMPLETED, OrderState.SETTLED, OrderState.ARCHIVED, OrderState.REFUNDED})


@verb
def rate(order: Order, *, stars: int, text: str = "", by: Any, at: datetime) -> Rating:
    """The buyer of a finished order rates it. Refused: `not_your_turn`, `wrong_moment`, `rated`, `bad_stars`."""
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only who bought it rates it."))
    require(order.state in FINISHED, "wrong_moment", _("An order can be rated once it is finished."))
    require(1 <= stars <= 5, "bad_stars", _("Give 1 to 5 stars."))
    require(not Rating.objects.filter(order=order).exists(), "rated", _("You have rated this order. It stays."))
    rating = Rating.objects.create(
        order=order, shop_id=order.shop_id, buyer=by, stars=stars, text=text.strip()[:500], at=at
    )
    note(order, "order.rated", by=by, at=at, data={"rating": rating.pk, "stars": stars})
    return rating


@verb
def reply(rating: Rating, *, text: str, by: Any, at: datetime) -> None:
    """The shop says something to a rating, once. Refused: `not_your_turn`, `text_missing`, `rated`."""
    order = rating.order
    lock(order)
    rating.refresh_from_db()
    require(order.shop.may(by, SERVE), "not_your_turn", _("Only the shop replies."))
    require(bool(text.strip()), "text_missing", _("Write something first."))
    require(not rating.reply, "rated", _("There is a reply already. It stays."))
    change(rating, reply=text.strip()[:500], replied_by=by, replied_at=at)
    note(order, "order.rating_replied", by=by, at=at, data={"rating": rating.pk})
