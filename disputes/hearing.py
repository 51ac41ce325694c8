"""What the two sides do while they are heard: speak, have nothing to add, need longer, want somebody else to judge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from disputes import assignment, course, evidence, neutrals
from disputes.models import HEARING, UNDECIDED, Challenge, Dispute, Evidence, Seat, Side, Statement
from disputes.states import DisputeState
from orders.models import Attachment
from timeline.door import change, lock, note, rearm, require, verb
from timeline.spans import deadline, hours

#: How often one side may say something in one case.
MOST_STATEMENTS = 20
LONGEST_STATEMENT = 4_000
#: What a side gets on top of the time for evidence, once.
LONGER = hours(24)
#: What the leads are alarmed with where whoever has a part now had one in another case of the same two sides of late.
NEAR = "only people who judged the same two sides of late are free"


class Need(models.TextChoices):
    """Why a side needs longer."""

    SUPPLIER = "supplier", gettext_lazy("An answer of the supplier is on its way")
    ISSUER = "issuer", gettext_lazy("An answer of the issuer is on its way")
    AWAY = "away", gettext_lazy("Ill or away")
    LARGE = "large", gettext_lazy("There is much to hand in")


@verb
def submit(
    dispute: Dispute,
    *,
    text: str,
    by: Any,
    at: datetime,
    attachments: Sequence[Attachment] = (),
    about: Evidence | None = None,
    answers: str = "",
) -> list[Evidence]:
    """A side says something or gives files; what comes after the time for evidence is marked as late.

    `about` is the item of the other side that is answered to, `answers` what was asked for by name. Until both sides
    have spoken, or half of the time is over, the other side does not read it.
    `ValidationError` on `text`: nothing said and nothing given, or too long. Refused: `not_your_turn`, `wrong_moment`,
    `too_often`, `no_such_evidence`.
    """
    lock(dispute)
    side = _side_that_speaks(dispute, by)
    require(side is not None, "not_your_turn", _("Only the two sides and the staff who assist add to the file."))
    assert side is not None  # noqa: S101 - asked above
    require(dispute.state in HEARING, "wrong_moment", _("Nothing can be added to the file now."))
    said = readable(text, is_needed=not attachments)
    if any(each.order_id != dispute.refund.order_id or each.uploader_id != by.pk for each in attachments):
        raise ValueError("These files are not this person's in this order.")
    given = dispute.statements.filter(side=side).count()
    require(given < MOST_STATEMENTS, "too_often", _("Each side can speak 20 times in a case. That is done."))
    if about is not None:
        shown = evidence.visible_to(dispute, side if side != Side.PLATFORM else None, at=at)
        require(
            shown.filter(pk=about.pk).exclude(side=side).exists(),
            "no_such_evidence",
            _("You can answer to what the other side or the mall has put into this file."),
        )
    statement = None
    if said:
        statement = Statement.objects.create(dispute=dispute, side=side, author=by, text=said, about=about, at=at)
    is_late = (dispute.state != DisputeState.EVIDENCE or dispute.is_overdue(at)) and not answers
    is_sealed = side != Side.PLATFORM and dispute.is_sealed(at)
    added = evidence.add(
        dispute, side, statement, attachments, is_late=is_late, is_sealed=is_sealed, answers=answers, at=at
    )
    data = {"side": str(side), "evidence": [item.pk for item in added], "late": is_late}
    if about is not None:
        data["about"] = about.pk
    note(dispute, "dispute.evidence_submitted", by=by, at=at, data=data)
    if is_sealed and _has_spoken(dispute, side.other):
        _unseal(dispute, at=at)
    return added


@verb
def rest(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """A side has nothing to add; when both say so, the review begins. Refused: `not_your_turn`, `wrong_moment`."""
    lock(dispute)
    side = dispute.side_of(by)
    require(side is not None, "not_your_turn", _("Only the two sides say that they have nothing to add."))
    assert side is not None  # noqa: S101 - asked above
    require(
        dispute.state == DisputeState.EVIDENCE and not dispute.is_overdue(at) and not dispute.has_rested(side),
        "wrong_moment",
        _("The time for evidence is over, or you have said this already."),
    )
    if side == Side.BUYER:
        change(dispute, buyer_rested=True)
    else:
        change(dispute, shop_rested=True)
    note(dispute, "dispute.rested", by=by, at=at, data={"side": str(side)})
    if dispute.buyer_rested and dispute.shop_rested:
        course.begin_review(dispute, by=by, at=at)
    elif dispute.is_sealed(at) and _has_spoken(dispute, side.other):
        _unseal(dispute, at=at)


@verb
def extend(dispute: Dispute, *, need: str, by: Any, at: datetime) -> None:
    """A side needs 24 hours more to show what it knows: once, and it says why. The other side has them, too.

    Refused: `not_your_turn`, `wrong_moment`, `extended_already`, `ground_missing`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    require(dispute.state == DisputeState.EVIDENCE and not dispute.is_overdue(at), "wrong_moment", course.WRONG_MOMENT)
    require(not dispute.has_extended(side), "extended_already", _("Each side has more time once. You have had it."))
    require(need in Need.values, "ground_missing", _("Say why you need longer."))
    assert dispute.deadline_at is not None  # noqa: S101 - this state has a clock
    if side == Side.BUYER:
        change(dispute, buyer_extended=True)
    else:
        change(dispute, shop_extended=True)
    rearm(dispute, deadline(LONGER, dispute.deadline_at), at=at)
    note(dispute, "dispute.extended", by=by, at=at, data={"side": str(side), "need": need})


@verb
def challenge(dispute: Dispute, *, ground: str, text: str, by: Any, at: datetime) -> None:
    """A side does not want this person to judge: once, within a day of hearing who it is. Somebody else then does.

    Nobody examines whether the ground is right: being judged by somebody whom both sides trust is worth one change.
    Refused: `not_your_turn`, `wrong_moment`, `challenged_already`, `too_late`, `ground_missing`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    require(may_challenge(dispute, side), "wrong_moment", _("Nobody has this case now, or it is decided already."))
    require(
        not dispute.challenges.filter(side=side).exists(),
        "challenged_already",
        _("Each side can ask once for somebody else. You have."),
    )
    require(is_in_time_to_challenge(dispute, at), "too_late", _("That is possible in the first 24 hours only."))
    require(
        ground in Challenge.Ground.values and bool(text.strip()), "ground_missing", _("Say why, in a sentence or two.")
    )
    challenged = dispute.arbiter
    assert challenged is not None  # noqa: S101 - asked above
    Challenge.objects.create(
        dispute=dispute, side=side, challenged=challenged, ground=ground, text=text.strip()[:500], by=by, at=at
    )
    note(dispute, "dispute.challenged", by=by, at=at, data={"side": str(side), "ground": ground})
    replace(dispute, because=Seat.Left.CHALLENGED, at=at)


@verb
def recuse(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """Whoever has the case, or was asked to sign, steps back from it for good. Refused: `not_your_turn`,
    `wrong_moment`."""
    lock(dispute)
    require(dispute.state in UNDECIDED, "wrong_moment", course.WRONG_MOMENT)
    is_member = dispute.waits_for == course.PANEL and dispute.is_to_find(by)
    require(
        by.pk in (dispute.arbiter_id, dispute.senior_id) or is_member,
        "not_your_turn",
        _("Only who has a part in the case steps back from it."),
    )
    note(dispute, "dispute.recused", by=by, at=at)
    if is_member:
        course.leave(dispute, by.pk, because=Seat.Left.RECUSED, at=at)
        ask_a_panel(dispute, at=at)
        note(dispute, "dispute.signer_changed", by=None, at=at)
    elif by.pk == dispute.senior_id:
        ask_to_sign(dispute, assignment.next_senior(dispute, at=at), because=Seat.Left.RECUSED, at=at)
        note(dispute, "dispute.signer_changed", by=None, at=at)
    else:
        replace(dispute, because=Seat.Left.RECUSED, at=at)


def replace(dispute: Dispute, *, because: str, at: datetime) -> None:
    """Somebody else has the case from now on: the next arbiter, else a lead; of a case against the platform, the next
    neutral of the list, else nobody."""
    if dispute.is_against_platform:
        if neutrals.name(dispute, because=because, at=at):
            data = {"arbiter": dispute.arbiter_id, "because": because}
            note(dispute, "dispute.reassigned", by=None, at=at, data=data)
        else:
            neutrals.leave_open(dispute, because=because, at=at)
            neutrals.await_somebody(dispute, at=at)
        return
    chosen = assignment.next_arbiter(dispute, at=at)
    if chosen is None:
        found = assignment.next_lead(dispute, at=at)
        chosen = found if found is not None and found.pk != dispute.arbiter_id else None
    course.give_to(dispute, chosen, because=because, at=at)
    if chosen is None:
        course.alarm(dispute, "nobody is free to hear the case", at=at)
    note(dispute, "dispute.reassigned", by=None, at=at, data={"arbiter": dispute.arbiter_id, "because": because})


def ask_to_sign(dispute: Dispute, senior: Any, *, at: datetime, because: str = Seat.Left.REASSIGNED) -> None:
    """The second signature is asked of somebody whom `assignment` found; of one who judged the same two sides of late
    the leads hear at once, as of an arbiter."""
    is_new = senior is not None and dispute.senior_id != senior.pk
    course.ask_to_sign(dispute, senior, because=because, at=at)
    if is_new and getattr(senior, "knows_pair", False):
        course.alarm(dispute, NEAR, at=at)


def ask_a_panel(dispute: Dispute, *, at: datetime) -> list[int]:
    """Two more people sit with the arbiter on a finding of fraud; of new ones who judged the same two sides of late the
    leads hear at once. Returns who sits."""
    sitting = course.ask_a_panel(dispute, at=at)
    new = dispute.seats.filter(part=Seat.Part.MEMBER, until=None, since=at).select_related("user").order_by("pk")
    if any(assignment.knows_both(dispute, seat.user) for seat in new):
        course.alarm(dispute, NEAR, at=at)
    return sitting


# Questions


def may_challenge(dispute: Dispute, side: Side | None) -> bool:
    """Whether there is somebody to challenge."""
    return side is not None and dispute.arbiter_id is not None and dispute.state in UNDECIDED


def is_in_time_to_challenge(dispute: Dispute, at: datetime) -> bool:
    """Whether the day since the sides heard who has the case is not over."""
    since = dispute.assigned_at or dispute.opened_at
    return at < deadline(course.span_of(dispute, "CHALLENGE"), since)


def _has_spoken(dispute: Dispute, side: Side) -> bool:
    return (
        dispute.has_rested(side)
        or dispute.statements.filter(side=side).exists()
        or (dispute.evidence.filter(side=side, is_sealed=True).exists())
    )


def _unseal(dispute: Dispute, *, at: datetime) -> None:
    change(dispute, unseals_at=at)
    note(dispute, "dispute.unsealed", by=None, at=at)


def _side_that_speaks(dispute: Dispute, user: Any) -> Side | None:
    side = dispute.side_of(user)
    if side is not None:
        return side
    return Side.PLATFORM if course.may_assist(dispute, user, user.roles) else None


def readable(text: str, *, is_needed: bool, field: str = "text") -> str:
    """The text as it is kept; complains where something must be said, or too much is."""
    said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said and is_needed:
        raise ValidationError({field: ValidationError(_("Say something, or add a file."), code="required")})
    if len(said) > LONGEST_STATEMENT:
        raise ValidationError(
            {field: ValidationError(_("A statement has at most 4,000 characters."), code="max_length")}
        )
    if "\x00" in said:
        raise ValidationError({field: ValidationError(_("Use visible characters only."), code="not_visible")})
    return said
