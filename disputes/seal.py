"""The seal under a ruling: a number of the year, the mall's signature, and a link to the seal before it.

A ruling is sealed in the transaction that serves it. What is signed (the statement) names the hash of the ruling's text
and the hash of the seal before, so that everybody who has two statements can check the chain, and nobody learns from it
what was decided. Times are UTC, amounts fen, shares basis points.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from disputes.models import Appeal, Dispute, Ruling, Seal, Signature
from ledger import signing
from timeline import page
from timeline.door import lock, note, verb
from timeline.spans import SHANGHAI

#: What the files say they are; a frozen format.
FORMAT = "kamen-ruling-1"
NUMBER = re.compile(r"KM[0-9]{4}-[0-9]{6,9}")
#: How many seals before it a downloaded ruling carries, so that its link can be checked without us.
LINKS = 20
#: A file that somebody brings to be checked is no longer than this, in characters.
LONGEST_FILE = 400_000


@verb
def put(dispute: Dispute, ruling: Ruling, *, at: datetime, signatures: Iterable[Signature] | None = None) -> Seal:
    """Seal a ruling that is being served; the case's root is locked. Once: what is sealed stays as it is.

    From here to the end of the transaction nobody else seals: the number has no gap and the chain no fork.
    `signatures` are those of people who agreed, if the caller knows them all.
    """
    if signatures is None:
        signatures = ruling.signatures.filter(agrees=True).select_related("user").order_by("pk")
    text = _canonical(_told(dispute, ruling, signatures))
    if page.waits(Seal):
        page.send_now()  # the one before this one, of the same verb
    with connection.cursor() as cursor:
        cursor.execute("select id, number, year, place, sha256 from disputes_seal_tail()")
        last = cursor.fetchone() or (None, "", 0, 0, "")
    year = max(at.astimezone(SHANGHAI).year, last[2])
    place = last[3] + 1 if year == last[2] else 1
    number = f"KM{year}-{place:06}"
    statement = _canonical(
        {
            "format": FORMAT,
            "mall": settings.PUBLIC_ADDRESS,
            "number": number,
            "sealed_at": at.isoformat(),
            "text_sha256": _sha256(text),
            "previous": last[1],
            "previous_sha256": last[4],
        }
    )
    seal = Seal(
        number=number,
        year=year,
        place=place,
        ruling=ruling,
        previous_id=last[0],
        text=text,
        statement=statement,
        sha256=_sha256(statement),
        signature=signing.sign(statement),
        public_key=signing.public_key(),
        at=at,
    )
    page.insert([seal])
    data = {"number": number, "version": ruling.version, "sha256": seal.sha256}
    note(dispute, "dispute.sealed", by=None, at=at, data=data)
    return seal


def catch_up(*, at: datetime, most: int = 100) -> int:
    """Seal what was served without a seal, by an earlier version of the mall, oldest first; returns how many."""
    waiting = Ruling.objects.filter(is_final=True, seal=None).order_by("at", "pk").values_list("pk", flat=True)[:most]
    return sum(_seal_late(pk, at=at) for pk in list(waiting))


@verb
def _seal_late(pk: int, *, at: datetime) -> bool:
    ruling = Ruling.objects.select_related("dispute__refund__order").get(pk=pk)
    dispute = ruling.dispute
    lock(dispute)
    if not Ruling.objects.filter(pk=pk, is_final=True, seal=None).exists():
        return False
    put(dispute, ruling, at=at)
    return True


# Giving it away


def file_of(seal: Seal) -> dict[str, Any]:
    """A sealed ruling as a file that can be checked without us, with the seals before it."""
    earlier = Seal.objects.filter(pk__lt=seal.pk).order_by("-pk")[:LINKS]
    return {
        "format": FORMAT,
        "text": seal.text,
        **link_of(seal),
        "chain": [link_of(each) for each in earlier],
    }


def link_of(seal: Seal) -> dict[str, str]:
    """One link of the chain, which says nothing of what was decided."""
    return {"statement": seal.statement, "signature": seal.signature, "public_key": seal.public_key}


# Checking one


@dataclass
class Verdict:
    """What a check found: each step with whether it held; `seal` is ours, where there is one under this number."""

    number: str = ""
    seal: Seal | None = None
    steps: list[tuple[str, bool]] = field(default_factory=list)

    def add(self, step: str, holds: bool) -> bool:
        """Note a step."""
        self.steps.append((step, holds))
        return holds

    @property
    def is_valid(self) -> bool:
        """Whether there was something to check, and all of it held."""
        return bool(self.steps) and all(holds for _step, holds in self.steps)


def check_number(number: str, sha256: str) -> Verdict:
    """Whether the mall set a seal with this number and this hash (of the statement or of the ruling's text)."""
    verdict = Verdict(number.strip().upper())
    verdict.seal = numbered(verdict.number)
    if not verdict.add("known", verdict.seal is not None):
        return verdict
    assert verdict.seal is not None  # noqa: S101 - asked above
    given = sha256.strip().lower()
    told = json.loads(verdict.seal.statement)
    verdict.add("hash", given in {verdict.seal.sha256, told["text_sha256"]})
    _check_link(verdict, link_of(verdict.seal))
    _check_neighbors(verdict)
    return verdict


def check_file(content: str) -> Verdict:
    """Whether a ruling's file is the mall's, unchanged, in its place of the chain; anything else is not valid."""
    verdict = Verdict()
    told = _read(content)
    if not verdict.add("readable", told is not None and told.get("format") == FORMAT and "text" in told):
        return verdict
    assert told is not None  # noqa: S101 - asked above
    statement = _read(told["statement"])
    verdict.number = str(statement.get("number", ""))[:20] if statement else ""
    verdict.add("text", bool(statement) and statement.get("text_sha256") == _sha256(told["text"]))  # type: ignore[union-attr]
    _check_link(verdict, told)
    verdict.add("links", are_linked([told, *told["chain"]]))
    verdict.seal = numbered(verdict.number)
    if verdict.add("known", verdict.seal is not None and verdict.seal.statement == told["statement"]):
        _check_neighbors(verdict)
    return verdict


def numbered(number: str) -> Seal | None:
    """The seal of a number as somebody wrote it; nothing for what is no number."""
    if not NUMBER.fullmatch(number):
        return None
    return Seal.objects.select_related("previous", "ruling").filter(number=number).first()


def are_linked(links: Sequence[Mapping[str, str]]) -> bool:
    """Whether each of `links`, newest first, names the one after it in the list as the seal before."""
    told = [_read(link["statement"]) or {} for link in links]
    if not all(signing.holds(link["statement"], link["signature"], link["public_key"]) for link in links):
        return False
    return all(
        newer.get("previous") == older.get("number") and newer.get("previous_sha256") == _sha256(link["statement"])
        for newer, older, link in zip(told, told[1:], links[1:], strict=False)
    )


def _check_link(verdict: Verdict, link: Mapping[str, str]) -> None:
    verdict.add("signature", signing.holds(link["statement"], link["signature"], link["public_key"]))
    verdict.add("key", link["public_key"] in signing.trusted_keys())


def _check_neighbors(verdict: Verdict) -> None:
    """The seal before ours and the one after it are linked with it."""
    seal = verdict.seal
    assert seal is not None  # noqa: S101 - asked by the callers
    following = Seal.objects.filter(previous=seal).first()
    chain: Iterable[Seal | None] = (following, seal, seal.previous)
    verdict.add("chain", are_linked([link_of(each) for each in chain if each is not None]))


def _is_text(word: Any) -> bool:
    """Whether it is a text that has bytes: half of a surrogate pair has none."""
    return isinstance(word, str) and not any("\ud800" <= sign <= "\udfff" for sign in word)


def _read(content: str) -> dict[str, Any] | None:
    """An object of JSON whose parts are of their kinds; nothing for anything else."""
    try:
        told = json.loads(content) if len(content) <= LONGEST_FILE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    if told.get("format") == FORMAT and "text" in told:
        links = [told, *told["chain"]] if isinstance(told.get("chain"), list) else []
        names = ("statement", "signature", "public_key")
        are_links = bool(links) and all(isinstance(each, dict) for each in links)
        if not are_links or not all(isinstance(each.get(name), str) for each in links for name in names):
            return None
        words = [told["text"], *(each[name] for each in links for name in names)]
        return told if all(_is_text(each) for each in words) else None
    return told if "statement" not in told and told.get("format") == FORMAT else None


# What is said


def _told(dispute: Dispute, ruling: Ruling, signatures: Iterable[Signature]) -> dict[str, Any]:
    """A ruling as both sides were given it. Nobody is named who is not staff; codes are never part of it."""
    refund, order = dispute.refund, dispute.refund.order
    pieces = {piece.pk: piece for piece in dispute.evidence.order_by("pk")}
    return {
        "ruling": {"dispute": dispute.number, "version": ruling.version, "kind": ruling.kind, "sha256": ruling.sha256},
        "case": {
            "order": order.number,
            "shop": order.shop.name,
            "refund": refund.number,
            "reason": refund.reason,
            "asked": refund.asked,
            "opened_at": dispute.opened_at.isoformat(),
        },
        "decided": {
            "award": ruling.award,
            "compensation": ruling.compensation,
            "shares": ruling.shares,
            "units": [
                {name: line[name] for name in ("place", "paid", "buyer_bp", "grant")} for line in ruling.arithmetic
            ],
            "funding": ruling.funding,
        },
        "rules": {"ids": ruling.rule_ids, "version": ruling.rulebook_version},
        "findings": [
            {
                "evidence": finding["evidence"],
                "kind": pieces[finding["evidence"]].kind,
                "title": pieces[finding["evidence"]].title,
                "side": pieces[finding["evidence"]].side,
                "sha256": pieces[finding["evidence"]].sha256,
                "weight": finding["weight"],
                "note": finding["note"],
            }
            for finding in ruling.findings
            if finding["evidence"] in pieces
        ],
        "issues": ruling.issues,
        "reasons": ruling.reasons,
        "next_steps": ruling.next_steps,
        "orders_replacement": ruling.orders_replacement,
        "departs_because": ruling.departs_because,
        "written_by": ruling.by.display_name if ruling.by else "",
        "written_at": ruling.at.isoformat(),
        "signed_by": [
            {
                "name": each.user.display_name,
                "at": each.at.isoformat(),
                # What a member of a panel finds is part of the decision; what a senior notes is between the two.
                **({"found": each.note} if ruling.needs_panel else {}),
            }
            for each in signatures
        ],
        # Three stand for what a panel decided: each with the word and the reasons of their own, dissent included.
        **({"panel": _voted(ruling.appeal)} if ruling.appeal else {}),
        "other_roads": ["12315", "court", "payment channel"],
    }


def _voted(appeal: Appeal) -> list[dict[str, Any]]:
    votes = appeal.votes.select_related("user").order_by("pk")
    return [
        {"name": each.user.display_name, "at": each.at.isoformat(), "word": each.word, "reasons": each.reasons}
        for each in votes
    ]


def _canonical(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
