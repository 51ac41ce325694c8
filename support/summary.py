"""What somebody who takes a talk must know, without asking: the order, its cases, what was said, who had it before."""

from typing import Any

from django.utils.translation import gettext as _

from disputes.models import Dispute
from ledger.templatetags.money import yuan
from orders.models import Message
from refunds.models import Refund
from support.models import Talk
from timeline.models import Tracked

#: The last things that were said.
SAID = 10


def word_of(thing: Tracked) -> str:
    """The sign on a thing's door."""
    return str(thing.machine.states(thing.state).label)


def summary(talk: Talk) -> dict[str, Any]:
    """Facts of our own records with links, the last messages, and the notes of those who had the talk before."""
    order = talk.order
    refunds = list(Refund.objects.filter(order=order).order_by("-pk")[:20])
    disputes = list(Dispute.objects.filter(refund__order=order).order_by("-pk")[:20])
    facts = [
        {
            "name": _("Order"),
            "value": f"{order.number} · {word_of(order)} · {yuan(order.total)}",
            "url": order.get_absolute_url(),
        },
        *(
            {
                "name": _("Case"),
                "value": f"{each.number} · {word_of(each)} · {yuan(each.asked)}",
                "url": each.get_absolute_url(),
            }
            for each in refunds
        ),
        *(
            {
                "name": _("Dispute"),
                "value": f"{each.number} · {word_of(each)}",
                "url": each.get_absolute_url(),
            }
            for each in disputes
        ),
    ]
    said = Message.objects.filter(order=order).select_related("author").order_by("-pk")[:SAID]
    return {
        "facts": facts,
        "said": list(reversed(said)),
        "notes": list(talk.handovers.select_related("by").order_by("pk")),
    }
