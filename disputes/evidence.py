"""The file of a dispute: what our own records say enters it by itself, sealed under its hash; the sides add theirs."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import CharField, DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, JSONObject

from disputes import rulings
from disputes.models import Dispute, Evidence, Question, Side, Statement
from ledger.models import Payment, Payout
from ledger.states import PayoutState
from orders.models import Attachment, Message, Order, Redemption, Reveal, Ticket, Unit, ValidityRecord
from orders.parties import side_of_author
from timeline import page
from timeline.models import Outage

RECORD, CLAIM = "record", "claim"
Kind = Evidence.Kind
#: When a supplier's ticket was made, sent, last answered and ended.
TICKET_TIMES = ("made_at", "sent_at", "heard_at", "ended_at")


def enter_records(dispute: Dispute, *, at: datetime, units: Sequence[Unit] | None = None) -> None:
    """Put what the mall knows of the sale and of the claim into the file, once; the same queries for 1 and 500 units.

    `units` are those of the claim, if the caller has read them. Codes never enter it; neither do network addresses of
    the buyer, of which only the prefix was kept.
    """
    refund = dispute.refund
    order = refund.order
    if units is None:
        units = list(Unit.objects.filter(refund_items__refund=refund).order_by("place"))
    found = _records(order, units)
    messages = [row | {"side": str(side_of_author(order, row["side"]))} for row in found[Kind.CONVERSATION]]
    items = [
        _item(dispute, Kind.ORDER, Side.PLATFORM, _order(order), RECORD, at),
        _item(dispute, Kind.PROMISE, Side.PLATFORM, _promise(order), RECORD, at),
        _item(dispute, Kind.DELIVERY, Side.PLATFORM, {"units": [_delivery(unit) for unit in units]}, RECORD, at),
        _item(dispute, Kind.REVEALS, Side.PLATFORM, {"reveals": _in_places(found[Kind.REVEALS], units)}, RECORD, at),
        _item(dispute, Kind.VALIDITY, Side.PLATFORM, {"records": _in_places(found[Kind.VALIDITY], units)}, RECORD, at),
        _item(dispute, Kind.CONVERSATION, Side.PLATFORM, {"messages": messages}, RECORD, at),
        _item(dispute, Kind.PAYMENTS, Side.PLATFORM, _payments(order, found[Kind.PAYMENTS]), RECORD, at),
        _item(dispute, Kind.OUTAGES, Side.PLATFORM, {"outages": found[Kind.OUTAGES]}, RECORD, at),
        _item(dispute, Kind.CLAIM, Side.BUYER, _claim(refund, units), CLAIM, at),
    ]
    # What only some goods have: nobody weighs an empty page of it.
    if tickets := found[Kind.UPSTREAM]:
        items.append(_item(dispute, Kind.UPSTREAM, Side.PLATFORM, {"tickets": _in_places(tickets, units)}, RECORD, at))
    if said := found[Kind.REDEMPTIONS]:
        rows = [row | {"by": str(side_of_author(order, row["by"])) if row["by"] else ""} for row in said]
        told = {"redemptions": _in_places(rows, units)}
        is_known = any(not row["by"] for row in rows)
        items.append(_item(dispute, Kind.REDEMPTIONS, Side.PLATFORM, told, RECORD if is_known else CLAIM, at))
    if refund.declined_code or refund.declined_text:
        answer = {"code": refund.declined_code, "rule": refund.declined_rule, "text": refund.declined_text}
        items.append(_item(dispute, Kind.ANSWER, Side.SHOP, answer, CLAIM, at))
    items += [
        _file(dispute, Side(side_of_author(order, each.uploader_id)), each, at)
        for each in refund.attachments.order_by("pk")
    ]
    page.insert(items)


def add(
    dispute: Dispute,
    side: Side,
    statement: Statement | None,
    attachments: Sequence[Attachment],
    *,
    is_late: bool,
    at: datetime,
    is_sealed: bool = False,
    answers: str = "",
) -> list[Evidence]:
    """Put what a side says and the files it gives into the file; a file that is in it already stays there once.

    `is_sealed` hides them from the other side while the dispute's seal holds; `answers` is what was asked for by name.
    """
    items = []
    if statement:
        data: dict[str, Any] = {"text": statement.text}
        if statement.about_id:
            data["about"] = statement.about_id
        if answers:
            data["answers"] = answers
        items.append(_item(dispute, Kind.STATEMENT, side, data, CLAIM, at, is_late))
    known = set(dispute.evidence.exclude(attachment=None).values_list("attachment", flat=True).order_by("pk"))
    items += [_file(dispute, side, each, at, is_late) for each in attachments if each.pk not in known]
    for item in items:
        item.is_sealed = is_sealed
    return Evidence.objects.bulk_create(items)


def enter_silence(dispute: Dispute, question: Question, *, at: datetime) -> None:
    """What was asked for by name and not given is a fact of the file: the arbiter weighs it like any other.

    A record that a side keeps and does not produce counts against it (rules 5.2.5); one missing item may.
    """
    data = {"asked": question.whom, "kind": question.kind, "item": question.item, "asked_at": _time(question.at)}
    page.insert([_item(dispute, Kind.SILENCE, Side.PLATFORM, data, RECORD, at)])


def visible_to(dispute: Dispute, side: Side | None, *, at: datetime) -> QuerySet[Evidence]:
    """The file as one side may read it now: the other's words are sealed until both spoke or half the time is over.

    The staff read all of it.
    """
    found = dispute.evidence.select_related("attachment").order_by("pk")
    if side is None or not dispute.is_sealed(at):
        return found
    return found.exclude(is_sealed=True, side=side.other)


def without_networks(piece: Evidence) -> str:
    """The text of an item for somebody of the staff who has not said why they need to know from where people came."""
    if piece.kind != Kind.REVEALS:
        return piece.body
    data = piece.data
    for row in data["reveals"]:
        row["network"] = row["session"] = ""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def supplements_arrived(dispute: Dispute) -> bool:
    """Whether everything has arrived that a ruling gave on top of what was paid early."""
    if not dispute.supplemented:
        return True
    causes = [dispute.address, *rulings.of_rulings(dispute)]
    return not Payout.objects.filter(cause__in=causes).exclude(state=PayoutState.PAID).exists()


def _item(
    dispute: Dispute, kind: str, side: Side, data: dict[str, Any], grade: str, at: datetime, is_late: bool = False
) -> Evidence:
    body = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    return Evidence(
        dispute=dispute, kind=kind, side=side, body=body, sha256=sha256, grade=grade, is_late=is_late, at=at
    )


def _file(dispute: Dispute, side: Side, attachment: Attachment, at: datetime, is_late: bool = False) -> Evidence:
    data = {"name": attachment.name, "type": attachment.media_type, "size": attachment.size}
    item = _item(dispute, Kind.FILE, side, data, CLAIM, at, is_late)
    item.title, item.sha256, item.attachment = attachment.name, attachment.sha256, attachment
    return item


def _order(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "total": order.total,
        "placed_at": _time(order.placed_at),
        "paid_at": _time(order.paid_at),
        "paid_by": order.paid_by,
        "rulebook": order.rulebook_version,
    }


def _promise(order: Order) -> dict[str, Any]:
    snapshot = order.snapshot
    return {
        "promised_at": _time(order.promised_at),
        "acknowledged_at": _time(snapshot.acknowledged_at),
        "snapshot_sha256": snapshot.sha256,
        "snapshot": json.loads(snapshot.body),
    }


def _delivery(unit: Unit) -> dict[str, Any]:
    return {
        "unit": unit.place,
        "delivery": unit.delivery,
        "grade": unit.grade,
        "delivered_at": _time(unit.delivered_at),
        "paid": unit.paid,
        "held": unit.held,
        "released": unit.released,
    }


def _payments(order: Order, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"paid_by": order.paid_by, "paid_at": _time(order.paid_at), "total": order.total, "payments": list(rows)}


def _records(order: Order, units: Sequence[Unit]) -> dict[str, list[dict[str, Any]]]:
    """What the mall has recorded of a sale, by the kind of evidence, each in its order, all in one question."""
    of_units = {"unit__in": [unit.pk for unit in units]}
    reveals = Reveal.objects.filter(**of_units).annotate(when=F("at"))
    checks = ValidityRecord.objects.filter(**of_units).annotate(when=F("at"))
    first, *others = (
        _rows(Kind.REVEALS, reveals, unit="unit_id", at="at", network="address_prefix", session="session_hash"),
        _rows(Kind.VALIDITY, checks, unit="unit_id", valid="is_valid", source="source", reference="reference", at="at"),
        _rows(
            Kind.CONVERSATION, _in_order(Message.objects.filter(order=order)), side="author_id", at="at", text="text"
        ),
        _rows(
            Kind.PAYMENTS,
            _in_order(Payment.objects.filter(subject=order.address)),
            **{name: name for name in ("number", "channel", "amount", "state")},
        ),
        _rows(
            Kind.OUTAGES,
            _in_order(outages_of(order)),
            **{name: name for name in ("scope", "reason", "began_at", "ended_at")},
        ),
        _rows(
            Kind.UPSTREAM,
            Ticket.objects.filter(**of_units).annotate(when=F("made_at")),
            unit="unit_id",
            **{name: name for name in ("way", "number", "reference", "standing", "reason", *TICKET_TIMES)},
        ),
        _rows(
            Kind.REDEMPTIONS,
            Redemption.objects.filter(**of_units).annotate(when=F("at")),
            unit="unit_id",
            by="by_id",
            **{name: name for name in ("source", "reference", "redeemed_at", "by_buyer", "at")},
        ),
    )
    found: dict[str, list[dict[str, Any]]] = {str(kind): [] for kind in Kind}
    for kind, _when, _pk, row in sorted(first.union(*others, all=True), key=lambda each: each[:3]):
        # The database writes a time with as many digits as it has; the file always has all of them.
        times = {name: _time(datetime.fromisoformat(row[name])) for name in row if name.endswith("at") and row[name]}
        found[kind].append(row | times)
    return found


def _rows(kind: str, rows: QuerySet[Any], **told: str) -> QuerySet[Any]:
    return rows.order_by().values_list(Value(str(kind)), "when", "pk", JSONObject(**told))


def _in_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    """In the order in which they were stored."""
    return rows.annotate(when=Value(None, DateTimeField()))


def _in_places(rows: Sequence[dict[str, Any]], units: Sequence[Unit]) -> list[dict[str, Any]]:
    """The same rows with the places of the units instead of their keys."""
    places = {unit.pk: unit.place for unit in units}
    return [row | {"unit": places[row["unit"]]} for row in rows]


def outages_of(order: Order) -> QuerySet[Outage]:
    """What was registered as down between payment and delivery, or until now: of the platform, of this shop, its kind
    of goods, its suppliers and the channel of its payment."""
    since, until, scope = order.paid_at or order.placed_at, order.delivered_at, Outage.Scope
    listing = order.snapshot.listing
    batches = Unit.objects.filter(order=order, card__isnull=False).order_by()
    channels = Payment.objects.filter(subject=order.address).order_by()
    concerned = (
        Q(scope=scope.PLATFORM)
        | Q(scope=scope.SHOP, target=order.shop.slug)
        | Q(scope=scope.KIND, target=listing.kind)
        | Q(scope=scope.SUPPLIER, target=str(listing.supplier_id or ""))
        | Q(scope=scope.SUPPLIER, target__in=batches.values(key=Cast("card__batch__supplier", CharField())))
        | Q(scope=scope.CHANNEL, target__in=channels.values("channel"))
    )
    found = Outage.objects.filter(concerned).exclude(ended_at__lt=since)
    return found.exclude(began_at__gt=until) if until else found


def _claim(refund: Any, units: Sequence[Unit]) -> dict[str, Any]:
    return {
        "refund": refund.number,
        "reason": refund.reason,
        "units": [unit.place for unit in units],
        "asked": refund.asked,
        "text": refund.text,
        "opened_at": _time(refund.opened_at),
        "decision": refund.decision_for_both(),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
