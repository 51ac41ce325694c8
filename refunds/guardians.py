"""The papers of a family in a case about a child's purchase: given · opened · accepted · refused · lapsed.

A paper is never an attachment of the order: neither the shop nor the conversation sees it. Each lies encrypted under a
key of its own, and that key lies in the vault; whoever of the staff opens one says why, and that is on record.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts import unmasking
from accounts.models import Role
from orders import attachments
from orders.parties import Side, side_of
from refunds import lifecycle
from refunds.papers import Guardian, Proof, Relation
from refunds.states import GuardianState
from rulebook import clocks
from shops import vault
from timeline import events, spans
from timeline.door import change, enter, lock, note, rearm, require, verb

#: Who of the staff may open sealed papers, and who says what they show.
OPENING = frozenset({Role.ARBITER, Role.SENIOR, Role.LEAD})
DECIDING = frozenset({Role.SENIOR, Role.LEAD})
MOST_PAPERS, SHORTEST_REASON = 12, 10
NEEDED = (Proof.What.IDENTITY, Proof.What.CUSTODY, Proof.What.OPERATION)
NONCE, KEY = 12, 32
WRONG_MOMENT = gettext_lazy("The papers have moved on meanwhile. Look at the page again.")


def prove(guardian: Guardian, upload: UploadedFile, *, what: str, by: Any, at: datetime) -> Proof:
    """The family gives a paper; it is sealed as it is. What a file is, its content says, as with any other file.

    `ValidationError` on `file` as in `orders.attachments`. Refused: `not_your_turn`, `wrong_moment`, `too_many_files`.
    """
    require(guardian.is_of(by), "not_your_turn", _("Only whoever filed the case gives papers."))
    content = attachments.content_of(upload)
    sha256 = hashlib.sha256(content).hexdigest()
    media_type = attachments.media_type_of(content, attachments.visible_name(upload.name or ""))
    if media_type in attachments.IMAGES:
        content_to_keep = attachments.viewing_copy(content)  # a place in a photo's metadata is nobody's business
        media_type = "image/png" if content_to_keep.startswith(b"\x89PNG") else "image/jpeg"
    else:
        content_to_keep = content
    return _keep_sealed(guardian, content_to_keep, sha256, len(content), media_type, what, by=by, at=at)


@sensitive_variables("content", "secret")
def _keep_sealed(
    guardian: Guardian, content: bytes, sha256: str, size: int, media_type: str, what: str, *, by: Any, at: datetime
) -> Proof:
    secret, nonce = os.urandom(KEY), os.urandom(NONCE)
    sealed = nonce + AESGCM(secret).encrypt(nonce, content, _binding(guardian, sha256))
    name = storages["files"].save(f"sealed/{guardian.pk}/{sha256}", ContentFile(sealed))
    return _add(guardian, name, secret, sha256, size, media_type, what, by=by, at=at)


@verb
@sensitive_variables("secret")
def _add(
    guardian: Guardian,
    name: str,
    secret: bytes,
    sha256: str,
    size: int,
    media_type: str,
    what: str,
    *,
    by: Any,
    at: datetime,
) -> Proof:
    lock(guardian)
    require(guardian.state == GuardianState.AWAITED, "wrong_moment", WRONG_MOMENT)
    known = guardian.proofs.filter(sha256=sha256).first()
    if known is not None:
        return known
    require(
        guardian.proofs.count() < MOST_PAPERS,
        "too_many_files",
        _("Twelve papers are enough. Describe the rest in words."),
    )
    key = vault.seal_words(guardian.refund.order.shop, {"key": secret.hex()}, hint={}, at=at)
    key.save(force_insert=True)
    proof = Proof.objects.create(
        guardian=guardian, what=what, media_type=media_type, size=size, sha256=sha256, sealed=name, key=key, at=at
    )
    note(guardian, "guardian.proof_sealed", by=by, at=at, data={"what": what, "sha256": sha256, "size": size})
    return proof


@verb
@sensitive_variables("words")
def give(guardian: Guardian, *, words: Mapping[str, str], relation: str, by: Any, at: datetime) -> None:
    """The family says that its papers are complete: who the guardian is (sealed), and one paper of each kind is there.

    Refused: `not_your_turn`, `wrong_moment`, `papers_missing`.
    """
    lock(guardian)
    require(guardian.is_of(by), "not_your_turn", _("Only whoever filed the case gives papers."))
    require(guardian.state == GuardianState.AWAITED and not guardian.is_overdue(at), "wrong_moment", WRONG_MOMENT)
    if relation not in Relation.values:
        raise ValidationError({"relation": ValidationError(_("Choose one of the list."), code="invalid")})
    missing = missing_papers(guardian)
    require(not missing, "papers_missing", _("Still missing: %(what)s.") % {"what": _(", ").join(missing)})
    sealed = vault.seal_words(guardian.refund.order.shop, dict(words), hint=_masked(words), at=at)
    sealed.save(force_insert=True)
    change(guardian, relation=relation, words=sealed)
    span = clocks.span("MINOR_REVIEW", version=guardian.refund.order.rulebook_version)
    enter(guardian, GuardianState.GIVEN, by=by, at=at, span=span, data={"proofs": guardian.proofs.count()})


def missing_papers(guardian: Guardian) -> list[str]:
    """Which kinds of papers are not there yet, in words."""
    there = set(guardian.proofs.values_list("what", flat=True).order_by("pk"))
    return [str(what.label) for what in NEEDED if what not in there]


@sensitive_variables("secret")
def open_proof(proof: Proof, *, why: str, by: Any, at: datetime) -> bytes:
    """Somebody of the staff who decides looks at a sealed paper and says why; that is on record before it opens.

    Refused: `not_your_turn`, `why_missing`. Raises `orders.attachments.FileBroken` if the seal does not hold.
    """
    _record_opening(proof, why=why, by=by, at=at)
    secret = bytes.fromhex(vault.open_words(proof.key)["key"])
    try:
        with storages["files"].open(proof.sealed) as file:
            sealed: bytes = file.read()
        return AESGCM(secret).decrypt(sealed[:NONCE], sealed[NONCE:], _binding(proof.guardian, proof.sha256))
    except (InvalidTag, FileNotFoundError):
        raise attachments.FileBroken(f"The seal of proof {proof.pk} does not hold.") from None


@verb
def _record_opening(proof: Proof, *, why: str, by: Any, at: datetime) -> None:
    guardian = proof.guardian
    lock(guardian)
    require(may_open(guardian, by), "not_your_turn", _("Only the staff who decide cases open sealed papers."))
    require(
        len(why.strip()) >= SHORTEST_REASON,
        "why_missing",
        _("Write why you need to see it, in a sentence. It is kept with your name."),
    )
    people = [guardian.refund.buyer_id]
    unmasking.unmask(people, what=unmasking.What.PAPER, subject=guardian.address, reason=why, by=by, at=at)
    data = {"proof": proof.pk, "what": proof.what, "why": why.strip()[:500]}
    note(guardian, "guardian.proof_opened", by=by, at=at, data=data)


def may_open(guardian: Guardian, user: Any) -> bool:
    """Whether `user` may open sealed papers of this case: staff who decide, and nobody who takes part in it."""
    return bool(user.roles & OPENING) and side_of(guardian.refund.order, user) == Side.PLATFORM


def may_decide(guardian: Guardian, user: Any) -> bool:
    """Whether `user` says what the papers show: seniors and leads, and nobody who takes part in the case."""
    return bool(user.roles & DECIDING) and side_of(guardian.refund.order, user) == Side.PLATFORM


@verb
def accept(guardian: Guardian, *, finding: str, by: Any, at: datetime) -> None:
    """The papers show who the guardian is and who operated. Refused: `not_your_turn`, `wrong_moment`."""
    _decide(guardian, GuardianState.ACCEPTED, finding=finding, by=by, at=at)


@verb
def refuse(guardian: Guardian, *, finding: str, by: Any, at: datetime) -> None:
    """The papers do not show it; the case itself is decided all the same. Refused: `not_your_turn`, `wrong_moment`."""
    _decide(guardian, GuardianState.REFUSED, finding=finding, by=by, at=at)


@verb
def ask_again(guardian: Guardian, *, finding: str, by: Any, at: datetime) -> None:
    """Something is missing: the family has its time once more. Refused: `not_your_turn`, `wrong_moment`."""
    _decide(guardian, GuardianState.AWAITED, finding=finding, by=by, at=at, event="guardian.asked_again")


def _decide(guardian: Guardian, state: GuardianState, *, finding: str, by: Any, at: datetime, event: str = "") -> None:
    lock(guardian)
    require(may_decide(guardian, by), "not_your_turn", _("Only a senior arbiter or a lead says what the papers show."))
    require(guardian.state == GuardianState.GIVEN, "wrong_moment", WRONG_MOMENT)
    require(bool(finding.strip()), "why_missing", _("Say in words what the papers show, or what is missing."))
    change(guardian, finding=finding.strip()[:2000], looked_by=by)
    version = guardian.refund.order.rulebook_version
    span = clocks.span("MINOR_MATERIALS", version=version) if state == GuardianState.AWAITED else None
    enter(guardian, state, by=by, at=at, span=span, event=event, data={"finding": guardian.finding})


@verb
def lapse(guardian: Guardian, *, limit: str, at: datetime) -> None:
    """A clock of the papers ran out.

    Without papers the case ends without prejudice: it can be filed again. Papers that nobody looked at are an alarm for
    the lead, again and again.
    """
    lock(guardian)
    if guardian.machine.limits.get(guardian.state) != limit or not guardian.is_overdue(at):
        return  # given or decided while this call was on its way
    if guardian.refund.is_over:
        enter(guardian, GuardianState.CLOSED, by=None, at=at)
        return
    if guardian.state == GuardianState.GIVEN:
        note(guardian, "guardian.late", by=None, at=at, data={"since": guardian.entered_at.isoformat()})
        rearm(guardian, spans.deadline(spans.hours(24), at), at=at)
        return
    enter(guardian, GuardianState.CLOSED, by=None, at=at)
    lifecycle.close_without_prejudice(guardian.refund, at=at)


def happenings(guardian: Guardian) -> Sequence[Any]:
    """Who opened which paper and why, the latest first; for the staff."""
    stream = events.stream(guardian.root_address).filter(subject=guardian.address)
    return stream.filter(name="guardian.proof_opened").order_by("-seq")[:50]


def _binding(guardian: Guardian, sha256: str) -> bytes:
    """A seal fits this case and this paper, no other."""
    return f"guardian:{guardian.pk}:{sha256}".encode()


def _masked(words: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:1] + "•" * min(max(len(value) - 1, 1), 8) for name, value in words.items() if value}
