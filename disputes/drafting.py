"""A ruling while it is written: what is kept of it, what was said about earlier versions, and what changed since.

Nothing here decides anything. What is kept is the form as it was written, so that it is there again on every device; it
goes when it is proposed, or a month after it was last touched (`privacy.retention`).
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from disputes.models import Dispute, Ruling, RulingDraft

#: What of a version is text, and how it is called.
TEXTS: dict[str, Promise] = {
    "issues": _("Issues"),
    "reasons": _("Reasons"),
    "next_steps": _("What each side can do now"),
    "departs_because": _("Why the sum differs from the rulebook's figure"),
}
#: A sentence ends with one of these, in Chinese or English, or with its line.
SENTENCE = re.compile(r"[^。！？；.!?;\n]*(?:[。！？；.!?;]+\s*|\n+|$)")


def keep(dispute: Dispute, written: Mapping[str, str], *, by: Any, at: datetime) -> None:
    """Keep what somebody has written so far, in place of what was kept before."""
    legible = {name: word.replace("\x00", "") for name, word in written.items()}
    RulingDraft.objects.update_or_create(dispute=dispute, user=by, defaults={"written": legible, "at": at})


def kept(dispute: Dispute, by: Any) -> RulingDraft | None:
    """What somebody has written of the case's ruling and not proposed yet."""
    return RulingDraft.objects.filter(dispute=dispute, user=by).first()


def forget(dispute: Dispute, by: Any) -> None:
    """What somebody has written is proposed, by page or API: nothing is left to keep."""
    RulingDraft.objects.filter(dispute=dispute, user=by).delete()


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed, went or came."""

    text: str
    is_gone: bool = False
    is_new: bool = False


@dataclass(frozen=True)
class Changed:
    """One thing that differs between two versions: its name, and its text piece by piece or its two values."""

    name: str
    pieces: tuple[Piece, ...] = ()
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Remark:
    """What a second person said about a version that they sent back, and what the arbiter answered with the next."""

    version: int
    who: str
    note: str
    at: datetime
    reply: str = ""


def share(bp: int) -> str:
    """A share as it is written in the form: basis points as percent."""
    return f"{bp // 100}.{bp % 100:02}".removesuffix(".00")


def in_yuan(fen: int) -> str:
    """A sum as it is written in the form: fen as yuan."""
    return f"{fen // 100}.{fen % 100:02}"


def remarks(dispute: Dispute) -> list[Remark]:
    """Everything that second persons said when they sent a version back, the oldest first, each with the answer."""
    found = []
    versions = list(dispute.rulings.prefetch_related("signatures__user").order_by("version"))
    for ruling, following in zip(versions, [*versions[1:], None], strict=True):
        for signature in ruling.signatures.all():
            if not signature.agrees:
                reply = following.reply if following else ""
                found.append(Remark(ruling.version, str(signature.user), signature.note, signature.at, reply))
    return found


def since_sent_back(dispute: Dispute) -> tuple[Ruling, Ruling] | None:
    """The version that was sent back last and the newest one, if somebody has written anew since."""
    newest = dispute.rulings.order_by("-version").first()
    before = dispute.rulings.filter(signatures__agrees=False).order_by("-version").first()
    if newest is None or before is None or before.version >= newest.version:
        return None
    return before, newest


def sentences(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts as one, sentence by sentence: what stayed, what went, what came."""
    old, new = SENTENCE.findall(before), SENTENCE.findall(after)
    pieces = []
    for what, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(Piece("".join(old[a:b])))
            continue
        pieces += [Piece("".join(old[a:b]), is_gone=True), Piece("".join(new[c:d]), is_new=True)]
    return tuple(piece for piece in pieces if piece.text)


def changed_texts(before: Ruling, after: Ruling) -> list[Changed]:
    """The texts that differ."""
    return [
        Changed(str(name), sentences(getattr(before, field), getattr(after, field)))
        for field, name in TEXTS.items()
        if getattr(before, field) != getattr(after, field)
    ]
