"""Many things that look like one real thing: copies of an order that the verbs made, with COPY, as the owner.

A copy has every row of its original: units, codes, cases, disputes, clocks, events (the database links their chains)
and its transfers, which are posted by the ledger's own function. Seals are one chain over all cases, so the copies of a
served ruling are sealed by the verb. So the books of a house full of copies hold.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import connection, models

#: Rows of these belong to everybody and are not copied with an order.
SHARED = {"accounts", "auth", "contenttypes", "account", "mfa", "usersessions", "sessions", "axes", "rulebook", "admin"}
SHARED_MODELS = {"shops.Shop", "shops.Listing", "shops.Deposit", "shops.Batch", "ledger.Account", "ledger.Transfer"}
#: What a copy gets anew, from the verb that gives it, and the event that tells of it.
ANEW = {"disputes.Seal"}
TOLD_ANEW = {"dispute.sealed"}
#: An original was made just now: its transfers are among so many newest ones, whatever is behind them.
LATELY = 20_000
#: Words that start an address.
ADDRESS = re.compile(r"\b([a-z_]+):([1-9][0-9]*)\b")


@dataclass
class Original:
    """The rows of one order, as text, table by table in the order in which they may be inserted."""

    rows: dict[type[models.Model], list[dict[str, str | None]]]
    addresses: dict[str, tuple[type[models.Model], int]]
    moves: list[Any]
    events: list[dict[str, str | None]]
    timers: list[dict[str, str | None]]


@dataclass
class Copies:
    """What was made."""

    first: int = 0
    count: int = 0
    orders: list[int] = field(default_factory=list)


def original_of(order: models.Model) -> Original:
    """Everything that hangs on an order."""
    found = {order: None}
    waiting: list[models.Model] = [order]
    while waiting:
        thing = waiting.pop()
        for each in _around(thing):
            if each not in found:
                found[each] = None
                waiting.append(each)
    keys: dict[type[models.Model], list[int]] = {}
    for each in found:
        keys.setdefault(type(each), []).append(each.pk)
    rows = {model: _texts(model, keys[model]) for model in _in_order(list(keys))}
    names = {_name(model): model for model in keys}
    addresses = {f"{name}:{pk}": (model, pk) for name, model in names.items() for pk in keys[model]}
    root = f"order:{order.pk}"
    event, timer = apps.get_model("timeline", "Event"), apps.get_model("timeline", "Timer")
    events = list(
        event.objects.filter(root=root).exclude(name__in=TOLD_ANEW).order_by("seq").values_list("pk", flat=True)
    )
    timers = list(timer.objects.filter(root=root).order_by("pk").values_list("pk", flat=True))
    return Original(rows, addresses, _moves(order), _texts(event, events), _texts(timer, timers))


def make(originals: list[Original], count: int, cursor: Any, *, batch: int = 500) -> Copies:
    """Make `count` copies, of one original after the other, so that they spread over its shops.

    `cursor` is psycopg2's, of the owner.
    """
    from disputes import seal
    from timeline import clock

    made = Copies(count=count)
    next_pk = {}
    for model in {model for original in originals for model in original.rows}:
        cursor.execute(f"select coalesce(max({_pk(model)}), 0) from {model._meta.db_table}")
        next_pk[model] = int(cursor.fetchone()[0]) + 1
    for start in range(0, count, batch):
        _make_some(cursor, originals, range(start, min(count, start + batch)), next_pk, made)
    for model, pk in next_pk.items():
        cursor.execute("select pg_get_serial_sequence(%s, %s)", [model._meta.db_table, _pk(model)])
        if sequence := cursor.fetchone()[0]:
            cursor.execute("select setval(%s, %s)", [sequence, pk])
    # A batch says how many codes came with it; now it has more.
    cursor.execute(
        "update shops_batch b set size = c.n from (select batch_id, count(*) n from shops_card group by 1) c"
        " where c.batch_id = b.id and b.size <> c.n"
    )
    made.first = made.orders[0] if made.orders else 0
    while seal.catch_up(at=clock.now()):
        pass
    return made


def _make_some(cursor: Any, originals: list[Original], places: range, next_pk: Any, made: Copies) -> None:
    from ledger.transfers import Move, post
    from timeline import clock

    texts: dict[str, io.StringIO] = {}
    heads: dict[str, list[str]] = {}
    moves: list[Move] = []

    def add(table: str, row: dict[str, str | None]) -> None:
        heads.setdefault(table, list(row))
        texts.setdefault(table, io.StringIO()).write("\t".join(_field(value) for value in row.values()) + "\n")

    for place in places:
        original = originals[place % len(originals)]
        new: dict[tuple[type[models.Model], int], int] = {}
        for model, rows in original.rows.items():
            for row in rows:
                new[model, int(row[_pk(model)] or 0)] = next_pk[model]
                next_pk[model] += 1
        renamed = {old: f"{old.split(':')[0]}:{new[key]}" for old, key in original.addresses.items()}

        def rename(text: str, renamed: dict[str, str] = renamed) -> str:
            return ADDRESS.sub(lambda match: renamed.get(match[0], match[0]), text)

        for model, rows in original.rows.items():
            for row in rows:
                add(model._meta.db_table, _copied(model, row, new, rename))
            if model._meta.label == "orders.Order":
                made.orders.append(new[model, int(rows[0][_pk(model)] or 0)])
        for table, some in (("timeline_timer", original.timers), ("timeline_event", original.events)):
            for row in some:
                add(table, {name: rename(value) if value else value for name, value in row.items() if name != "id"})
        for move in original.moves:
            words = (rename(move.source), rename(move.target), move.amount, move.reason, rename(move.subject))
            key = rename(move.key)
            moves.append(Move(key if key != move.key else f"{key}:copy:{made.orders[-1]}", *words))
    cursor.execute("begin")
    cursor.execute("set constraints all deferred")
    for table, text in texts.items():
        text.seek(0)
        names = ", ".join(f'"{name}"' for name in heads[table])
        cursor.copy_expert(f"copy {table} ({names}) from stdin", text)
    cursor.execute("commit")
    at = clock.now()
    for start in range(0, len(moves), 5_000):
        post(moves[start : start + 5_000], journal=f"bench:copies:{made.orders[-1]}:{start}", at=at)


def _copied(model: type[models.Model], row: dict[str, str | None], new: Any, rename: Any) -> dict[str, str | None]:
    """One row with its own key, its own relations, and everything that must be unique."""
    pk = new[model, int(row[_pk(model)] or 0)]
    unique = {each.column for each in model._meta.local_concrete_fields if each.unique}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            unique |= {model._meta.get_field(name).column for name in constraint.fields}
    copied: dict[str, str | None] = {}
    for each in model._meta.local_concrete_fields:
        value = row[each.column]
        related = each.related_model
        if each.primary_key and not related:
            value = str(pk)
        elif related and value is not None and (related, int(value)) in new:
            value = str(new[related, int(value)])
        elif isinstance(each, models.BinaryField) and value and each.column in unique:
            value = "\\x" + hashlib.sha256(f"{model._meta.label}:{pk}".encode()).hexdigest()[: len(value) - 2]
        elif isinstance(each, models.UUIDField) and value and each.column in unique:
            value = str(uuid4())
        elif value and isinstance(each, (models.CharField, models.TextField)):
            renamed = rename(value)
            if each.column in unique and renamed == value and not each.choices:
                size = each.max_length or 64
                renamed = hashlib.sha256(f"{model._meta.label}:{pk}".encode()).hexdigest()[: min(size, len(value), 64)]
            value = renamed
        copied[each.column] = value
    return copied


def _around(thing: models.Model) -> Iterator[models.Model]:
    """What belongs to a thing: what points at it, and the code that a unit holds."""
    for relation in thing._meta.related_objects:
        model = relation.related_model
        if _is_shared(model) or not relation.field.concrete or relation.many_to_many:
            continue
        yield from model._base_manager.filter(**{relation.field.name: thing}).order_by("pk")
    if thing._meta.label == "orders.Unit" and thing.card_id:
        yield thing.card
    if thing._meta.label == "refunds.Refund":
        payout = apps.get_model("ledger", "Payout")
        yield from payout.objects.filter(cause=f"refund:{thing.pk}").order_by("pk")


def _is_shared(model: type[models.Model]) -> bool:
    return model._meta.app_label in SHARED or model._meta.label in SHARED_MODELS | ANEW or model._meta.proxy


def _in_order(found: list[type[models.Model]]) -> list[type[models.Model]]:
    """Models before those that point at them; the database checks at the end of the transaction anyway."""
    every = list(apps.get_models(include_auto_created=True))
    return sorted(found, key=every.index)


def _texts(model: type[models.Model], keys: list[int]) -> list[dict[str, str | None]]:
    names = [each.column for each in model._meta.local_concrete_fields]
    columns = ", ".join(f'"{name}"::text' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            # By the key as a number: without the table's name it would be the text that is selected.
            f"select {columns} from {model._meta.db_table} t where t.{_pk(model)} = any(%s) order by t.{_pk(model)}",
            [keys],
        )
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _moves(order: models.Model) -> list[Any]:
    """The transfers of an order that was made just now in their order, and first the money that its buyer brought."""
    from ledger.models import Transfer
    from ledger.transfers import Move

    lately = Transfer.objects.latest("pk").pk - LATELY
    subjects = r"^(order|unit|refund|dispute|case|payout):"
    mine = Transfer.objects.filter(pk__gt=lately, subject__regex=subjects).order_by("pk")
    pattern = re.compile(rf"\border:{order.pk}\b")
    found = [
        Move(each.key, each.source.address, each.target.address, each.amount, each.reason, each.subject)
        for each in mine.select_related("source", "target")
        if pattern.search(f"{each.key} {each.source.address} {each.target.address} {each.subject}")
    ]
    brought = [
        Move(f"{move.key}:brought", "channel:bench", move.source, move.amount, "top_up", "bench:1")
        for move in found
        if move.source.startswith("user:")
    ]
    return brought + found


def _name(model: type[models.Model]) -> str:
    machine = getattr(model, "machine", None)
    return str(machine.name if machine else model._meta.model_name)


def _pk(model: type[models.Model]) -> str:
    return model._meta.pk.column


def _field(value: str | None) -> str:
    if value is None:
        return r"\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
