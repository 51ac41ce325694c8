"""The file of a sale: put away a year after it ended, and destroyed with its key three years after.

Putting away moves what people wrote and gave out of every room's tables under a key of the buyer; a sign is left in
its place, and the chains go on. Destroying the key erases all of it at once, wherever copies lie. A legal hold moves
what it holds on to the next month's key. Each sale and each key is one small transaction;
repeating it changes nothing. Rule source: E-Commerce Law 31, PIPL 19 and 47; docs/decisions/0042.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from accounts.models import User
from complaints.models import Complaint
from complaints.states import COMPLAINT
from disputes.models import Appeal, Bundle, Dispute
from disputes.states import APPEAL, DISPUTE
from ledger.models import Payout
from ledger.states import PAYOUT
from orders.models import Attachment, Message, Order, Trace
from orders.states import ORDER
from privacy import register, sealing
from privacy.models import Away, Hold, PersonKey, Piece, month_after
from refunds.models import Contest, Refund
from refunds.papers import Proof
from refunds.states import CONTEST, REFUND
from shops.models import SealedWords
from support.models import Talk
from timeline import events, page
from timeline.door import lock, locked, note, verb
from timeline.spans import SHANGHAI

#: What stands in the place of what was put away. `orders/sql/put_away.sql` writes the same.
AWAY = "［已封存］"
#: For so long after the end of a sale its file is at hand.
AT_HAND = timedelta(days=365)
#: For so many years after it the law wants it kept.
YEARS = 3


def ends_on(order: Order) -> date:
    """The day on which what is known of a sale may die: the first of a month, three years or more after it ended."""
    ended = order.entered_at.astimezone(SHANGHAI).date()
    return month_after(date(ended.year + YEARS, ended.month, 1))


def to_put_away(at: datetime) -> QuerySet[Order]:
    """Sales that ended a year ago, or whose buyer was erased, and in which nothing is open; also what came in since."""
    ended = Order.objects.filter(state__in=sorted(ORDER.terminal))
    old = Q(entered_at__lte=at - AT_HAND) | Q(buyer__erased_at__isnull=False)
    new = Q(away=None) | Q(conversation__at__gt=F("away__at")) | Q(attachments__at__gt=F("away__at"))
    for open_there in _open_orders():
        ended = ended.exclude(pk__in=open_there)
    return ended.filter(old, new).order_by("pk").distinct()


@verb
def put_away(order_id: int, *, at: datetime) -> int:
    """Put the file of one sale away; returns how many pieces. Nothing happens where something is open again."""
    buyer_id = Order.objects.values_list("buyer_id", flat=True).get(pk=order_id)
    buyer = locked(User, buyer_id)
    order = Order.objects.get(pk=order_id)
    lock(order)
    if not to_put_away(at).filter(pk=order_id).exists():
        return 0
    known = Away.objects.filter(order=order).first()
    day = known.ends_on if known else ends_on(order)
    key = sealing.key_for(buyer.pk, ends_on=day, at=at)
    pieces: list[Piece] = []
    gone: list[str] = []
    for entry in register.put_away():
        rows: Any = entry.model._base_manager.filter(**{entry.order: order}).order_by("pk")
        if entry.model is Attachment:
            for row in rows:
                found, names = _attachment(key, row, at)
                pieces += found
                gone += names
            continue
        for row in rows:
            pieces += _row(key, entry, row, order, at)
    Piece.objects.bulk_create(pieces)
    _messages(order)
    Trace.objects.filter(attachment__order=order).update(likeness="", bands=[])
    gone += Bundle.objects.filter(dispute__refund__order=order).exclude(file="").values_list("file", flat=True)
    Away.objects.update_or_create(order=order, defaults={"at": at, "ends_on": day, "finished_at": None})
    if pieces:
        note(order, "order.put_away", by=None, at=at, data={"pieces": len(pieces), "until": day.isoformat()})
    transaction.on_commit(partial(_delete, gone))
    return len(pieces)


def to_destroy(at: datetime) -> QuerySet[PersonKey]:
    """Keys whose day has come; those of held persons are passed over."""
    held = Hold.objects.live().exclude(user=None).values("user")
    due = PersonKey.objects.filter(ends_on__lte=at.astimezone(SHANGHAI).date(), destroyed_at=None)
    return due.exclude(user__in=held).order_by("pk")


@verb
def destroy(key_id: int, *, at: datetime) -> int:
    """Destroy a person's key and with it everything under it, but for sales that are held; returns how many pieces."""
    user_id = PersonKey.objects.values_list("user_id", flat=True).get(pk=key_id)
    user = locked(User, user_id)
    key = PersonKey.objects.select_for_update(no_key=True).get(pk=key_id)
    if key.destroyed_at is not None or not to_destroy(at).filter(pk=key_id).exists():
        return 0
    held = Hold.objects.live().exclude(order=None).values("order")
    staying = list(key.pieces.filter(order__in=held, erased_at=None).order_by("pk"))
    if staying:
        later = sealing.key_for(user.pk, ends_on=month_after(at.astimezone(SHANGHAI).date()), at=at)
        for piece in staying:
            sealing.move(piece, later)
    under = key.pieces.filter(erased_at=None)
    names = list(under.exclude(file="").order_by("pk").values_list("file", flat=True))
    number = under.update(sealed=b"", nonce=b"", file="", erased_at=at)
    key.wrapped = key.nonce = b""
    key.destroyed_at = at
    key.save(update_fields=["wrapped", "nonce", "destroyed_at"])
    data = {"key": key.pk, "pieces": number, "moved_on": len(staying)}
    events.record(root=user.address, subject=user.address, name="user.key_destroyed", by=None, at=at, data=data)
    transaction.on_commit(partial(_delete, names))
    return number


def to_finish(at: datetime) -> QuerySet[Away]:
    """Sales whose term is over and that are not held: what the vault sealed for them is emptied, too."""
    held = Hold.objects.live()
    over = Away.objects.filter(finished_at=None, ends_on__lte=at.astimezone(SHANGHAI).date())
    return (
        over.exclude(order__in=held.exclude(order=None).values("order"))
        .exclude(order__buyer__in=held.exclude(user=None).values("user"))
        .order_by("pk")
    )


@verb
def finish(away_id: int, *, at: datetime) -> bool:
    """Empty what the vault sealed for a sale: accounts to deliver to, a family's papers. Each is a key of its own."""
    order_id, buyer_id = Away.objects.values_list("order_id", "order__buyer_id").get(pk=away_id)
    locked(User, buyer_id)
    order = Order.objects.get(pk=order_id)
    lock(order)
    if not to_finish(at).filter(pk=away_id).exists():
        return False
    proofs = Proof.objects.filter(guardian__refund__order=order)
    words = {order.given_id, *proofs.values_list("key_id", flat=True)}
    words |= set(Refund.objects.filter(order=order).values_list("guardian__words_id", flat=True))
    names = list(proofs.order_by("pk").values_list("sealed", flat=True))
    SealedWords.objects.filter(pk__in=[each for each in words if each], erased_at=None).update(
        sealed=b"", nonce=b"", hint={}, erased_at=at
    )
    Away.objects.filter(pk=away_id).update(finished_at=at)
    note(order, "order.forgotten", by=None, at=at, data={"proofs": len(names)})
    transaction.on_commit(partial(_delete, names))
    return True


def what_stood(order: Order) -> list[tuple[Piece, bytes]]:
    """Everything that was put away of a sale and can still be read."""
    pieces = Piece.objects.filter(order=order, erased_at=None).select_related("key").order_by("table", "row", "field")
    return [(piece, sealing.opened(piece)) for piece in pieces]


def _row(key: PersonKey, entry: register.Entry, row: Any, order: Order, at: datetime) -> list[Piece]:
    """The fields of one row, sealed, with the sign in their place."""
    fields = [field for field in entry.fields if getattr(row, field) not in {"", AWAY}]
    pieces = [
        sealing.sealed(
            key, getattr(row, field).encode(), table=entry.table, row=row.pk, field=field, order=order, at=at
        )
        for field in fields
    ]
    if pieces and entry.model is not Message:
        entry.model._base_manager.filter(pk=row.pk).update(**dict.fromkeys(fields, AWAY))
    return pieces


def _attachment(key: PersonKey, row: Attachment, at: datetime) -> tuple[list[Piece], list[str]]:
    """A file with its viewing copy; and which of its files nobody else's attachment needs."""
    if not row.original:
        return [], []
    contents: dict[str, Callable[[], bytes]] = {
        "name": row.name.encode,
        "original": partial(_read, row.original),
        "viewing_copy": partial(_read, row.viewing_copy),
    }
    pieces = [
        sealing.sealed(key, read(), table="orders.Attachment", row=row.pk, field=field, order=row.order, at=at)
        for field, read in contents.items()
        if getattr(row, field)
    ]
    Attachment.objects.filter(pk=row.pk).update(name=AWAY, original="", viewing_copy="")
    others = Attachment.objects.exclude(pk=row.pk)
    gone = [] if others.filter(original=row.original).exists() else [row.original]
    if row.viewing_copy and not others.filter(viewing_copy=row.viewing_copy).exists():
        gone.append(row.viewing_copy)
    return pieces, gone


def _messages(order: Order) -> None:
    """Messages are for ever but for their text, which one function of the database replaces."""
    page.send_now()
    with connection.cursor() as cursor:
        cursor.execute("select orders_put_words_away(%s)", [order.pk])


def _open_orders() -> list[QuerySet[Any, Any]]:
    """Ids of sales in which something is open."""
    cases = Refund.objects.exclude(state__in=sorted(REFUND.terminal)).values("order")
    disputes = Dispute.objects.exclude(state__in=sorted(DISPUTE.terminal)).values("refund__order")
    appeals = Appeal.objects.exclude(state__in=sorted(APPEAL.terminal)).values("dispute__refund__order")
    talks = Talk.objects.open().values("order")
    outside = Complaint.objects.exclude(state__in=sorted(COMPLAINT.terminal)).exclude(order=None).values("order")
    contests = Contest.objects.exclude(state__in=sorted(CONTEST.terminal)).values("refund__order")
    return [cases, contests, disputes, appeals, talks, outside]


def open_payouts(user: User) -> QuerySet[Payout]:
    """Money that is on its way to somebody."""
    return payouts_under_way().filter(user=user)


def payouts_under_way() -> QuerySet[Payout]:
    """Money that is on its way to anybody."""
    return Payout.objects.exclude(state__in=sorted(PAYOUT.terminal))


def _read(name: str) -> bytes:
    with sealing.files().open(name) as file:
        content: bytes = file.read()
    return content


def _delete(names: list[str]) -> None:
    for name in names:
        sealing.files().delete(name)
