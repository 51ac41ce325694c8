"""Going to suppliers: take on a ticket, ask what to say, say it outside of every transaction, tell what was heard.

Between any two of these steps the process may die. What was meant to be sent is stored before it is sent, so it is
asked about and never sent blindly again; what was heard and not stored is heard once more.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime

from django.views.decorators.debug import sensitive_variables

from orders.fulfilment import connections, given, handing, tickets
from orders.models import Exchange, Ticket
from shops.vault import SealBroken, VaultClosed

log = logging.getLogger(__name__)


def run(*, at: datetime, most: int = 200) -> int:
    """Go about all tickets that are due, each on its own; one that fails does not hold up the others. Says how many."""
    done = 0
    for pk in tickets.due(at=at)[:most]:
        try:
            done += go(pk, at=at)
        except (VaultClosed, SealBroken) as error:
            log.error("ticket %s waits: %s", pk, type(error).__name__)
            _keep(error, pk, at=at)
        except Exception as error:
            log.exception("ticket %s could not be seen to", pk)
            _keep(error, pk, at=at)
    return done


def _keep(fault: Exception, pk: int, *, at: datetime) -> None:
    """Keep a fault of ours with its ticket; where even that fails it stands in the log, and its lease runs out."""
    try:
        tickets.stumble(pk, type(fault).__name__, at=at)
    except Exception:
        log.exception("the fault of ticket %s could not be kept", pk)


def go(pk: int, *, at: datetime) -> bool:
    """See to one ticket, once. Whether there was anything to say."""
    ticket = tickets.take_on(pk, at=at)
    if ticket is None:
        return False
    order = ticket.unit.order
    hints, product = given.hints(order), str(handing.promised(order)["product"])
    words = given.opened(order)
    what = tickets.what_to_say(ticket, at=at)
    if not what:
        return False
    asked = {"number": ticket.number, "product": product, **({"given": hints} if what == "submit" else {})}
    exchange = Exchange(ticket=ticket, at=at, what=what, asked=json.dumps(asked, ensure_ascii=False, sort_keys=True))
    try:
        said = _say(what, ticket, product, words)
    except (connections.SupplierDown, connections.NoSuchSupplier) as error:
        exchange.answer = f"{type(error).__name__}: {error}"[:1000]
        tickets.hear_nothing(ticket, at=at, exchange=exchange)
        return True
    exchange.status, exchange.answer = said.status, masked(said.words, words)
    tickets.hear(ticket, said.answer, at=at, exchange=exchange)
    return True


@sensitive_variables("words")
def _say(what: str, ticket: Ticket, product: str, words: Mapping[str, str]) -> connections.Said:
    supplier = ticket.unit.order.snapshot.listing.supplier
    there = connections.find(supplier.gateway if supplier is not None else "")
    if what == "submit":
        return there.submit(ticket.number, product=product, given=words)
    return (there.cancel if what == "cancel" else there.query)(ticket.number, product=product)


@sensitive_variables("words")
def masked(text: str, words: Mapping[str, str]) -> str:
    """An answer for the archive, without what the buyer gave should they have repeated it."""
    for answer in words.values():
        text = text.replace(answer, given.masked(answer)) if len(answer) > 3 else text
    return text[:4000]
