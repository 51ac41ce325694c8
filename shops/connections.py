"""Who may use which of the mall's connections to suppliers: staff tie each to a shop, or offer it to every shop.

A connection itself, its address and its secret, is set up by whoever runs the mall (`shops.suppliers.connections`).
What a shop orders through it costs somebody money there, so nobody helps themselves to somebody else's.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from shops.models import Connection, Shop
from shops.suppliers import connections
from timeline import events
from timeline.door import lock_root
from timeline.refusals import Refused, require

#: Who decides it, and who reads it.
TYING = frozenset({Role.LEAD})


def may_tie(user: Any) -> bool:
    """Whether `user` decides which shop may use what."""
    return bool(user.roles & TYING)


def live() -> QuerySet[Connection]:
    """What is tied now, newest first."""
    return Connection.objects.filter(ended_at=None).select_related("shop", "tied_by").order_by("-pk")


@transaction.atomic
def tie(*, gateway: str, shop: Shop | None, by: Any, at: datetime) -> Connection:
    """A lead lets `shop` use a connection, or every shop (nothing).

    Refused: `leads_only`, `no_such_connection`, `tied_already`.
    """
    require(may_tie(by), "leads_only", _("Only a lead decides who may use a connection."))
    require(gateway in connections(), "no_such_connection", _("The mall is not connected to it."))
    if shop is not None:
        lock_root(shop)
    made = Connection(gateway=gateway, shop=shop, tied_by=by, tied_at=at)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise Refused("tied_already", _("That is so already.")) from None
    root = _root(made)
    events.record(root=root, subject=root, name="shop.connection_tied", by=by, at=at, data={"gateway": gateway})
    return made


@transaction.atomic
def untie(connection: Connection, *, by: Any, at: datetime) -> None:
    """A lead takes it back: nobody chooses it anew by this; what is on sale through it goes on until it is edited.

    Refused: `leads_only`, `untied_already`.
    """
    require(may_tie(by), "leads_only", _("Only a lead decides who may use a connection."))
    if connection.shop is not None:
        lock_root(connection.shop)
    connection.refresh_from_db(from_queryset=Connection.objects.select_for_update(of=("self",)))
    require(connection.ended_at is None, "untied_already", _("That is over already."))
    connection.ended_at = at
    connection.save(update_fields=["ended_at"])
    root, data = _root(connection), {"gateway": connection.gateway}
    events.record(root=root, subject=root, name="shop.connection_untied", by=by, at=at, data=data)


def _root(connection: Connection) -> str:
    """The shop's own stream; what is for all has one of its own."""
    return connection.shop.address if connection.shop is not None else f"connection:{connection.pk}"
