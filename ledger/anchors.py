"""The daily anchor: the heads of all chains as one Merkle root, signed, so that a later rewrite is found and named.

One anchor a day (Asia/Shanghai), each naming the one before it. Kept in a table that nobody can change and in a file
that operations can carry elsewhere; only the heads that grew since the anchor before are stored with it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from ledger import merkle, signing
from ledger.models import Anchor

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: One anchor is made at a time.
ANCHORING = 520_056


@dataclass(frozen=True)
class Head:
    """The end of a chain: `account:user:3:wallet` or `stream:order:41`, how many links it has, the last one's hash."""

    chain: str
    seq: int
    head: bytes

    @property
    def hash(self) -> bytes:
        """The leaf of the tree. A frozen format."""
        return merkle.leaf("\x1f".join([self.chain, str(self.seq), self.head.hex()]))


@dataclass(frozen=True)
class Proof:
    """That one chain's head is under an anchor's root."""

    anchor: Anchor
    head: Head
    steps: Sequence[merkle.Step]

    def holds(self) -> bool:
        """Whether the way up from the head ends in the root that was signed."""
        return merkle.follow(self.head.hash, self.steps).hex() == self.anchor.root


def day_of(at: datetime) -> date:
    """The day of an anchor that is made at `at`."""
    return at.astimezone(SHANGHAI).date()


def make(*, at: datetime) -> Anchor | None:
    """Anchor the day of `at`, unless it is; nothing is returned then. The file is written once the row is for good."""
    day = day_of(at)
    if Anchor.objects.filter(day__gte=day).exists():
        return None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = '10min'; set local lock_timeout = '10s'")
            cursor.execute("select pg_advisory_xact_lock(%s)", [ANCHORING])
        previous = Anchor.objects.order_by("-day").first()
        if previous is not None and previous.day >= day:
            return None  # somebody was faster
        found = sorted(_now(), key=lambda head: head.chain)
        known = {head.chain: head for head in heads(previous)} if previous else {}
        grown = [head for head in found if known.get(head.chain) != head]
        made = _write(day, found, grown, previous, at=at)
    transaction.on_commit(lambda: write_file(made))
    return made


def heads(anchor: Anchor) -> list[Head]:
    """All heads at an anchor, as they were kept, in the order of the tree."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct on (l.chain) l.chain, l.seq, l.head from ledger_anchorleaf l"
            " join ledger_anchor a on a.id = l.anchor_id where a.day <= %s order by l.chain, a.day desc",
            [anchor.day],
        )
        found = [Head(chain, seq, bytes(head)) for chain, seq, head in cursor.fetchall()]
    return sorted(found, key=lambda head: head.chain)  # by code point, whatever the database's collation


def prove(anchor: Anchor, chain: str) -> Proof | None:
    """The proof that `chain` is under the anchor's root; nothing if it did not exist then."""
    found = heads(anchor)
    place = next((place for place, head in enumerate(found) if head.chain == chain), None)
    if place is None:
        return None
    return Proof(anchor, found[place], merkle.proof([head.hash for head in found], place))


def faults(anchor: Anchor) -> Iterator[str]:
    """What is wrong with an anchor, in words that name the account or stream; nothing if all is as it was signed."""
    yield from _faults_of_signature(anchor)
    kept = heads(anchor)
    root = merkle.root([head.hash for head in kept]).hex()
    if root != anchor.root or len(kept) != anchor.leaves:
        yield f"the heads kept for {anchor.day} are not those that were signed (root {root}, signed {anchor.root})"
    yield from _faults_of_file(anchor)
    yield from _rewritten(anchor)


def write_file(anchor: Anchor) -> Path:
    """The anchor as a file of its own, once; one that says something else is left for people to look at."""
    directory = Path(settings.ANCHORS_DIR)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = file_of(anchor)
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(_as_file(anchor))
        fresh.chmod(0o444)
        fresh.replace(path)
    return path


def file_of(anchor: Anchor) -> Path:
    """Where an anchor's file is."""
    return Path(settings.ANCHORS_DIR) / f"{anchor.day.isoformat()}.json"


def without_file(most: int = 31) -> list[Anchor]:
    """The newest anchors whose file is not there: a process may have died between the row and the file."""
    return [anchor for anchor in Anchor.objects.order_by("-day")[:most] if not file_of(anchor).exists()]


# Making one


def _now() -> list[Head]:
    with connection.cursor() as cursor:
        cursor.execute("select chain, seq, head from ledger_chain_heads()")
        return [Head(chain, seq, bytes(head)) for chain, seq, head in cursor.fetchall()]


def _write(day: date, found: list[Head], grown: list[Head], previous: Anchor | None, *, at: datetime) -> Anchor:
    root = merkle.root([head.hash for head in found]).hex()
    body = json.dumps(
        {
            "mall": settings.PUBLIC_ADDRESS,
            "day": day.isoformat(),
            "made_at": at.isoformat(),
            "leaves": len(found),
            "root": root,
            "previous": previous.root if previous else "",
            "previous_day": previous.day.isoformat() if previous else "",
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    signature, public_key = signing.sign(body), signing.public_key()
    columns: list[Any] = [
        [head.chain for head in grown],
        [head.seq for head in grown],
        [head.head for head in grown],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "select ledger_write_anchor(%s, %s, %s, %s, %s, %s, %s, %s, %s::text[], %s::bigint[], %s::bytea[])",
            [day, at, len(found), root, previous.pk if previous else None, body, signature, public_key, *columns],
        )
        return Anchor.objects.get(pk=cursor.fetchone()[0])


def _as_file(anchor: Anchor) -> str:
    told = {"body": anchor.body, "signature": anchor.signature, "public_key": anchor.public_key}
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


# Looking at one


def _faults_of_signature(anchor: Anchor) -> Iterator[str]:
    if anchor.public_key not in signing.trusted_keys():
        yield f"the anchor of {anchor.day} is signed with a key that is not ours ({anchor.public_key})"
    if not signing.holds(anchor.body, anchor.signature, anchor.public_key):
        yield f"the signature under the anchor of {anchor.day} does not hold"
    told = json.loads(anchor.body)
    previous = anchor.previous
    said = (told["day"], told["root"], told["leaves"], told["previous"])
    if said != (anchor.day.isoformat(), anchor.root, anchor.leaves, previous.root if previous else ""):
        yield f"the anchor of {anchor.day} does not say what was signed"
    if previous is None and Anchor.objects.filter(day__lt=anchor.day).exists():
        yield f"the anchor of {anchor.day} names none before it, but there are"


def _faults_of_file(anchor: Anchor) -> Iterator[str]:
    path = file_of(anchor)
    if not path.exists():
        yield f"the anchor of {anchor.day} has no file at {path}"
    elif path.read_text() != _as_file(anchor):
        yield f"the file {path} says something else than the table"


def _rewritten(anchor: Anchor) -> Iterator[str]:
    """Chains whose link at the anchor is gone or another one now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with kept as (
                select distinct on (l.chain) l.chain, l.seq, l.head, split_part(l.chain, ':', 1) as kind,
                       substr(l.chain, strpos(l.chain, ':') + 1) as address
                  from ledger_anchorleaf l join ledger_anchor a on a.id = l.anchor_id
                 where a.day <= %s order by l.chain, a.day desc)
            select k.kind, k.address, k.seq, case when n.hash is null then 'is gone' else 'is another one now' end
              from kept k
              left join lateral (
                  select p.hash from ledger_posting p join ledger_account a on a.id = p.account_id
                   where k.kind = 'account' and a.address = k.address and p.seq = k.seq
                  union all
                  select e.hash from timeline_event e where k.kind = 'stream' and e.root = k.address and e.seq = k.seq
              ) n on true
             where n.hash is distinct from k.head order by k.chain
            """,
            [anchor.day],
        )
        for kind, address, seq, what in cursor.fetchall():
            yield f"{kind} {address}: link {seq}, which was anchored on {anchor.day}, {what}"
