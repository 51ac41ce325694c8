"""The story of an appeal: file · admit or turn away · answer, perhaps join · vote · withdraw · lapse.

Once per side, free, final inside the mall. Three new people vote in writing; the award is the middle one of theirs, and
never less than before if the buyer alone appeals. What was paid early stays with a buyer in good faith.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import Role, StaffRole
from disputes import assignment, course, evidence, hearing, neutrals, rulings, seal, suspension
from disputes.models import PARTIES, Appeal, Dispute, Neutral, Ruling, Seat, Side, Vote
from disputes.rulings import WHOLE, Draft, Finding
from disputes.states import APPEAL, AppealState, DisputeState
from orders.models import Attachment
from refunds.endings import platform_part_of
from refunds.models import Refund
from rulebook import clocks
from timeline import page
from timeline.door import begin, change, enter, lock, note, require, verb
from timeline.spans import Span, hours

#: A statement that nobody can answer to is none.
SHORTEST = 50
SHORTEST_REASONS = 20
#: What new reviewers get, then the chief, then the next chief (machines: A10).
REPLACED, CHIEF = hours(48), hours(24)
#: What a case that was sent back gets (machines: D24).
ANEW = hours(48)

Word = Vote.Word

#: Who must be among the three, where the matter asks for it (machines 4.6.2): somebody who knows the law of consumers,
#: somebody from outside the mall.
COUNSEL, OUTSIDER = "counsel", "outsider"
#: In which roles somebody of the mall sits on a panel.
SITTING = frozenset({Role.SENIOR, Role.ARBITER, Role.LEAD, Role.COUNSEL})
#: From so many fen at stake on, a panel has somebody who knows the law.
COUNSEL_FROM = 500_000
#: What the leads are alarmed with where nobody of a kind is free.
NOBODY_OF = {
    COUNSEL: "nobody who knows the law is free for the panel",
    OUTSIDER: "nobody from outside is free for the panel",
}


@verb
def file(
    dispute: Dispute,
    *,
    ground: str,
    text: str,
    by: Any,
    at: datetime,
    late_because: str = "",
    attachments: Sequence[Attachment] = (),
) -> Appeal:
    """A side does not accept the ruling, and says on which ground; new evidence says why it is late.

    Refused: `not_your_turn`, `wrong_moment`, `appealed_already`, `nothing_to_gain`, `waived`, `ground_missing`,
    `too_short`, `late_because_missing`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    require(dispute.state == DisputeState.RULED and not dispute.is_overdue(at), "wrong_moment", course.WRONG_MOMENT)
    require(not has_appealed(dispute, side), "appealed_already", _("Each side appeals once. You have."))
    require(not dispute.has_waived(side), "waived", _("You have said that you will not appeal."))
    require(
        may_gain(dispute, side),
        "nothing_to_gain",
        _("The decision gives you all that you asked for; there is nothing to appeal against."),
    )
    _require_ground(ground, text)
    require(
        ground != Appeal.Ground.EVIDENCE or bool(late_because.strip()),
        "late_because_missing",
        _("Say why this evidence comes only now."),
    )
    appeal = Appeal(
        dispute=dispute,
        side=side,
        ground=ground,
        text=text.strip(),
        late_because=late_because.strip(),
        by=by,
        filed_at=at,
    )
    change(dispute, left=course.what_is_left(dispute, at))
    begin(appeal, by=by, at=at, span=_span(appeal, "ADMIT"), data={"side": str(side), "ground": ground})
    enter(dispute, DisputeState.APPEALED, by=by, at=at, data={"side": str(side)})
    _add_files(dispute, side, attachments, at=at)
    return appeal


@verb
def admit(appeal: Appeal, *, by: Any, at: datetime) -> None:
    """A lead who did not judge the case lets the appeal in; the other side answers. Refused: `not_your_turn`,
    `wrong_moment`."""
    lock(appeal)
    _require_admitting(appeal, by, at)
    enter(appeal, AppealState.ANSWERING, by=by, at=at, span=_span(appeal, "ANSWER"), event="appeal.admitted")


@verb
def turn_away(appeal: Appeal, *, formal: str, by: Any, at: datetime) -> None:
    """A lead does not admit it, for a defect of form that is named; the time to appeal goes on for the other side.

    Refused: `not_your_turn`, `wrong_moment`, `defect_missing`.
    """
    lock(appeal)
    _require_admitting(appeal, by, at)
    require(formal in Appeal.Formal.values, "defect_missing", _("Name the defect of form; what it is about is heard."))
    change(appeal, formal=formal, closed_at=at)
    enter(appeal, AppealState.INADMISSIBLE, by=by, at=at, data={"formal": formal})
    _back_to_ruled(appeal.dispute, by=by, at=at)


@verb
def answer(
    appeal: Appeal,
    *,
    text: str,
    by: Any,
    at: datetime,
    joined_ground: str = "",
    joined_text: str = "",
    attachments: Sequence[Attachment] = (),
) -> None:
    """The other side answers, or has nothing to say; it may join with an appeal of its own. Then the panel sits.

    `ValidationError` where the answer is too long. Refused: `not_your_turn`, `wrong_moment`, `ground_missing`,
    `too_short`, `nothing_to_gain`, `appealed_already`.
    """
    lock(appeal)
    dispute = appeal.dispute
    side = course.require_side(dispute, by)
    require(side == appeal.respondent, "not_your_turn", _("The other side answers to an appeal."))
    _require_open(appeal, AppealState.ANSWERING, at)
    said = hearing.readable(text, is_needed=False)
    if joined_ground:
        _require_ground(joined_ground, joined_text)
        require(
            not dispute.appeals.filter(side=side).exists(), "appealed_already", _("Each side appeals once. You have.")
        )
        require(
            may_gain(dispute, side),
            "nothing_to_gain",
            _("The decision gives you all that you asked for; there is nothing to appeal against."),
        )
    change(
        appeal,
        answer=said,
        answered_by=by,
        answered_at=at,
        joined_ground=joined_ground,
        joined_text=joined_text.strip() if joined_ground else "",
    )
    _add_files(dispute, side, attachments, at=at)
    note(appeal, "appeal.answered", by=by, at=at, data={"side": str(side), "joined": joined_ground})
    _convene(appeal, by=by, at=at)


@verb
def vote(
    appeal: Appeal,
    *,
    word: str,
    reasons: str,
    by: Any,
    at: datetime,
    shares: Mapping[str, int] | None = None,
    grants: Mapping[int, int] | None = None,
    compensation: int | None = None,
) -> None:
    """A member of the panel says in writing what should become of the ruling; with the last word it is decided.

    Who would change it says by which shares (basis points), what goes back per unit id where it does not follow them,
    and which compensation (fen) comes on top: nothing said leaves that as it was ruled. No chief finds fraud alone.
    Refused: `not_your_turn`, `wrong_moment`, `voted_already`, `reasons_missing`, `remanded_before`, `incomplete`,
    `no_staff_ruling` (the platform itself would pay more than its staff may rule, and nobody from outside sits here).
    """
    lock(appeal)
    seat = _seat(appeal, by)
    require(seat is not None, "not_your_turn", _("Only the members of the panel vote."))
    _require_open(appeal, AppealState.PANEL, at)
    votes = list(appeal.votes.select_related("user").order_by("pk"))
    is_first = all(each.user_id != by.pk for each in votes)
    require(is_first, "voted_already", _("Your vote is in. It stays as it is."))
    require(
        word in Word.values and len(reasons.strip()) >= SHORTEST_REASONS,
        "reasons_missing",
        rulings.MISSING["reasons"],
    )
    dispute = appeal.dispute
    require(
        word != Word.REMAND or not dispute.is_remanded,
        "remanded_before",
        _("A case is sent back once only. Decide it with what is there."),
    )
    is_change = word == Word.CHANGE
    given, per_unit = _worked_out(dispute, shares or {}, grants or {}, compensation) if is_change else ({}, {})
    mine = Vote(
        appeal=appeal,
        user=by,
        word=word,
        shares=given,
        grants=per_unit,
        compensation=compensation if is_change else None,
        reasons=reasons.strip(),
        at=at,
    )
    assert seat is not None  # noqa: S101 - asked above
    _require_outside(appeal, mine)
    if seat.part == Seat.Part.CHIEF and len(votes) + 1 < assignment.PANEL and _may_find_fraud(mine, dispute):
        is_alone = _finding_fraud([*votes, mine], dispute) == [mine]
        require(not is_alone, "incomplete", _("Only a panel of people can find fraud"))
    page.insert([mine])
    note(appeal, "appeal.voted", by=by, at=at, data={"sha256": mine.sha256})
    if seat.part == Seat.Part.CHIEF or len(votes) + 1 >= assignment.PANEL:
        _decide(appeal, [*votes, mine], by=by, at=at)


@verb
def recuse(appeal: Appeal, *, by: Any, at: datetime) -> None:
    """A member of the panel who has not voted steps back for good, without giving a reason; somebody new has the seat.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(appeal)
    require(may_step_back(appeal, by), "not_your_turn", _("Only who has a part in the case steps back from it."))
    _require_open(appeal, AppealState.PANEL, at)
    dispute = appeal.dispute
    note(dispute, "dispute.recused", by=by, at=at)
    course.leave(dispute, by.pk, because=Seat.Left.RECUSED, at=at)
    seats = dispute.seats.filter(part=Seat.Part.REVIEWER, until=None).order_by("pk")
    _seat_new(appeal, there=[*seats.values_list("user", flat=True)], at=at)
    note(appeal, "appeal.panel_replaced", by=None, at=at, data={"ran_out": appeal.ran_out})


@verb
def withdraw(appeal: Appeal, *, by: Any, at: datetime) -> None:
    """Who filed it takes it back; the time to appeal goes on. Not once the other side has joined.

    Refused: `not_your_turn`, `wrong_moment`, `joined`.
    """
    lock(appeal)
    side = course.require_side(appeal.dispute, by)
    require(side == appeal.side, "not_your_turn", _("Only who filed an appeal takes it back."))
    require(appeal.state not in APPEAL.terminal, "wrong_moment", course.WRONG_MOMENT)
    require(
        appeal.dispute.state == DisputeState.APPEALED,
        "wrong_moment",
        course.WRONG_MOMENT,
    )
    require(not appeal.joined_ground, "joined", _("The other side has joined with its own appeal; it is decided."))
    end(appeal, by=by, at=at)
    _back_to_ruled(appeal.dispute, by=by, at=at)


def fill(appeal: Appeal, *, is_for_chief: bool, at: datetime) -> None:
    """A seat of the panel is empty, for whoever had it holds no role any more: somebody new has it, or another lead."""
    dispute = appeal.dispute
    if not is_for_chief:
        seats = dispute.seats.filter(part=Seat.Part.REVIEWER, until=None).order_by("pk")
        _seat_new(appeal, there=[*seats.values_list("user", flat=True)], at=at)
        note(appeal, "appeal.panel_replaced", by=None, at=at, data={"ran_out": appeal.ran_out})
        return
    note(appeal, "appeal.chief_named", by=None, at=at, data={"chief": _name_chief(appeal, at=at)})


def end(appeal: Appeal, *, by: Any, at: datetime, event: str = "") -> None:
    """The appeal is over without a word of the panel."""
    change(appeal, closed_at=at)
    enter(appeal, AppealState.WITHDRAWN, by=by, at=at, event=event)
    _dismiss_panel(appeal, at=at)


@verb
def lapse(appeal: Appeal, *, limit: str, at: datetime) -> None:
    """A clock of the appeal ran out: it is admitted, the panel sits, missing members are replaced, a chief decides."""
    lock(appeal)
    if appeal.machine.limits.get(appeal.state) != limit or not appeal.is_overdue(at):
        return  # acted on while this call was on its way
    match AppealState(appeal.state):
        case AppealState.FILED:
            course.alarm(appeal.dispute, "nobody looked at an appeal in time", at=at)
            enter(appeal, AppealState.ANSWERING, by=None, at=at, span=_span(appeal, "ANSWER"), event="appeal.admitted")
        case AppealState.ANSWERING:
            _convene(appeal, by=None, at=at)
        case AppealState.PANEL:
            _replace(appeal, at=at)


# Questions


def has_appealed(dispute: Dispute, side: Side) -> bool:
    """Whether a side has used its one appeal, by itself or by joining the other's."""
    filed = list(dispute.appeals.order_by("pk").values_list("side", "joined_ground"))
    return any(who == side or joined for who, joined in filed)


def may_gain(dispute: Dispute, side: Side) -> bool:
    """Whether the ruling gives a side less than it asked for, or than people could give where they find the sum."""
    ruling, refund = course.served(dispute), dispute.refund
    if ruling is None:
        return False
    if ruling.orders_replacement:
        return True  # the buyer may rather have money, and the shop may owe nothing
    return ruling.award < most(refund) if side == Side.BUYER else ruling.award > 0


def appealed_against(appeal: Appeal) -> Ruling | None:
    """The ruling that an appeal is about: the one served last before the panel wrote another."""
    earlier = appeal.dispute.rulings.filter(is_final=True, at__lte=appeal.filed_at).exclude(appeal=appeal)
    return earlier.order_by("-version").first()


def may_step_back(appeal: Appeal, user: Any) -> bool:
    """Whether somebody sits on the panel and has not voted yet; a chief has nobody to give the seat to."""
    seat = _seat(appeal, user)
    is_member = seat is not None and seat.part == Seat.Part.REVIEWER
    return is_member and not appeal.votes.filter(user=user).exists()


def must_sit(dispute: Dispute) -> list[str]:
    """Which kinds of people must be on a panel about the case: one who knows the law from ¥5,000 at stake or where
    fraud is alleged, one from outside the mall where the platform itself is liable."""
    refund, ruling = dispute.refund, course.served(dispute)
    # Where the rules leave the sum to people, nothing is asked in figures: then it is what the units cost.
    asked = refund.asked + refund.compensation or rulings.at_stake(refund, rulings.items_of(refund))
    is_large = max(asked, ruling.award if ruling else 0) >= COUNSEL_FROM
    is_against_us = dispute.is_against_platform or bool(ruling and ruling.shares.get("platform"))
    is_of_law = is_large or refund.is_threefold or refund.reason == "FRAUD"
    return [kind for kind, holds in {COUNSEL: is_of_law, OUTSIDER: is_against_us}.items() if holds]


def missing_from(appeal: Appeal) -> list[str]:
    """Which of the kinds that must be on the panel nobody there is of, whether they have voted or still read."""
    kinds = must_sit(appeal.dispute)
    if not kinds:
        return []
    there = _on_the_panel(appeal)
    found = {
        COUNSEL: lambda: StaffRole.objects.held().filter(there, role=Role.COUNSEL).exists(),
        OUTSIDER: lambda: _from_outside(there).exists(),
    }
    return [kind for kind in kinds if not found[kind]()]


def most(refund: Refund) -> int:
    """What the buyer can have in all, in fen: what was asked; where the rules leave it to people, all they can give."""
    if refund.asked and not refund.is_threefold:
        return refund.asked + refund.compensation
    items = rulings.items_of(refund)
    on_top = rulings.most_compensation(refund, items) if refund.is_threefold else refund.compensation
    return rulings.at_stake(refund, items) + on_top


def actions_for(appeal: Appeal, user: Any, at: datetime) -> list[str]:
    """What somebody can do with the appeal now, by the names of the verbs."""
    dispute, is_in_time = appeal.dispute, not appeal.is_overdue(at)
    if dispute.state != DisputeState.APPEALED:
        return []
    side = dispute.side_of(user)
    offered = {
        "answer_appeal": side == appeal.respondent and appeal.state == AppealState.ANSWERING and is_in_time,
        "withdraw_appeal": side == appeal.side and not appeal.joined_ground,
    }
    if side is None:
        is_admitting = appeal.state == AppealState.FILED and is_in_time and user.has_role(Role.LEAD)
        may_admit = is_admitting and assignment.may_admit(dispute, user)
        seat = _seat(appeal, user) if appeal.state == AppealState.PANEL and is_in_time else None
        offered |= {
            "admit": may_admit,
            "turn_away": may_admit,
            "vote": seat is not None and not appeal.votes.filter(user=user).exists(),
        }
        offered["recuse"] = offered["vote"] and seat is not None and seat.part == Seat.Part.REVIEWER
    return [verb for verb, is_offered in offered.items() if is_offered]


# What the verbs share


def _span(appeal: Appeal, limit: str) -> Span:
    return clocks.span(limit, version=appeal.dispute.refund.order.rulebook_version)


def _require_ground(ground: str, text: str) -> None:
    require(ground in Appeal.Ground.values, "ground_missing", _("Choose what is wrong with the decision."))
    require(
        SHORTEST <= len(text.strip()) <= hearing.LONGEST_STATEMENT,
        "too_short",
        _("Say what is wrong with the decision, in 50 characters at least and 4,000 at most."),
    )


def _require_open(appeal: Appeal, state: str, at: datetime) -> None:
    is_open = appeal.state == state and not appeal.is_overdue(at) and appeal.dispute.state == DisputeState.APPEALED
    require(is_open, "wrong_moment", course.WRONG_MOMENT)


def _require_admitting(appeal: Appeal, by: Any, at: datetime) -> None:
    course.require_lead(appeal.dispute, by)
    require(
        assignment.may_admit(appeal.dispute, by),
        "not_your_turn",
        _("Nobody who judged the case looks at the appeal against it."),
    )
    _require_open(appeal, AppealState.FILED, at)


def _require_outside(appeal: Appeal, vote: Vote) -> None:
    """No panel of the house alone lays more on the platform itself than its staff may rule; it sends the case back."""
    if not vote.shares.get("platform"):
        return
    ruling = course.served(appeal.dispute)
    assert ruling is not None  # noqa: S101 - an appeal is against a ruling
    platform_bp = rulings.platform_part(vote.shares)
    by_us = sum(vote.grants.values()) * platform_bp // WHOLE
    by_us += platform_part_of(appeal.dispute.refund, vote.on_top(ruling), platform_bp)
    require(
        by_us <= neutrals.STAFF_MAY_RULE or _from_outside(_on_the_panel(appeal)).exists(),
        "no_staff_ruling",
        _(
            "The platform itself would pay more than ¥200, and nobody from outside sits here: send the case back, so"
            " that somebody from outside decides it."
        ),
    )


def _seat(appeal: Appeal, user: Any) -> Seat | None:
    """The seat of somebody who still judges, in a role of the mall or from outside; else the clock finds another."""
    parts = [Seat.Part.REVIEWER, Seat.Part.CHIEF]
    seat = Seat.objects.filter(dispute=appeal.dispute, user=user, part__in=parts, until=None).first()
    is_judge = seat is not None and (user.roles & SITTING or Neutral.objects.filter(user=user).exists())
    return seat if is_judge else None


def _add_files(dispute: Dispute, side: Side, attachments: Sequence[Attachment], *, at: datetime) -> None:
    """Files that come with an appeal are part of the file, marked as late."""
    if attachments:
        evidence.add(dispute, side, None, attachments, is_late=True, at=at)


def _convene(appeal: Appeal, *, by: Any, at: datetime) -> None:
    """Three new people, as many as are free; whoever is missing in the end is replaced when the time runs out."""
    _seat_new(appeal, there=(), at=at)
    enter(appeal, AppealState.PANEL, by=by, at=at, span=_span(appeal, "PANEL"))


def _seat_new(appeal: Appeal, *, there: Sequence[int], at: datetime) -> None:
    """Somebody new on each empty seat of the panel beside those who are `there`; who must be among the three first.

    The seat of somebody who must be there and is not free stays empty until the panel's time ran out once: the leads
    hear of it and can still find somebody. Then anybody free has it, for no case waits for ever; but where the platform
    itself is the respondent, nobody of the house ever has the seat of somebody from outside.
    """
    dispute = appeal.dispute
    chosen: list[Any] = []
    kept_free = 0
    for kind in missing_from(appeal):
        person = _of_kind(kind, dispute, besides=[*there, *(each.pk for each in chosen)], at=at)
        if person is not None:
            chosen.append(person)
        else:
            course.alarm(dispute, NOBODY_OF[kind], at=at)
            is_for_good = kind == OUTSIDER and dispute.is_against_platform
            kept_free += 1 if is_for_good or not appeal.ran_out else 0
    empty = assignment.PANEL - len(there) - len(chosen) - kept_free
    besides = [*there, *(each.pk for each in chosen)]
    others = assignment.new_people(dispute, at=at, most=empty, besides=besides) if empty > 0 else []
    for person in [*chosen, *others]:
        course.take(dispute, person, Seat.Part.REVIEWER, at=at)
    if any(getattr(person, "knows_pair", False) for person in [*chosen, *others]):
        course.alarm(dispute, hearing.NEAR, at=at)
    if len(others) < empty:
        course.alarm(dispute, "too few people are free for a panel", at=at)


def _of_kind(kind: str, dispute: Dispute, *, besides: Sequence[int], at: datetime) -> Any:
    """Somebody new of a kind that must be on a panel, or nobody."""
    if kind == COUNSEL:
        return assignment.next_counsel(dispute, besides=besides, at=at)
    neutral = assignment.next_neutral(dispute, is_for_panel=True, at=at)
    return neutral.user if neutral is not None and neutral.user_id not in besides else None


def _replace(appeal: Appeal, *, at: datetime) -> None:
    """First new members for those who did not vote; then a chief decides with the votes that are there.

    Where the platform itself is the respondent, no chief decides before somebody from outside has voted: the panel is
    filled again, from day to day.
    """
    dispute = appeal.dispute
    course.alarm(dispute, "the panel did not decide in time", at=at)
    change(appeal, ran_out=appeal.ran_out + 1)
    voted = set(appeal.votes.order_by("pk").values_list("user", flat=True))
    sitting = Seat.objects.filter(dispute=dispute, part=Seat.Part.REVIEWER, until=None)
    waits_outside = dispute.is_against_platform and not _from_outside(Q(user__in=voted)).exists()
    missing = sitting.exclude(user__in=voted)
    if waits_outside:
        missing = _who_can_be_replaced(appeal, missing, is_first=appeal.ran_out == 1, at=at)
    chiefs = Seat.objects.filter(dispute=dispute, part=Seat.Part.CHIEF, until=None)
    for seats in (missing, chiefs):
        seats.update(until=at, left=Seat.Left.LAPSED)
    there = {*voted, *sitting.order_by("pk").values_list("user", flat=True)}
    if waits_outside and appeal.ran_out > 1:
        _seat_new(appeal, there=sorted(there), at=at)
        data: dict[str, Any] = {"ran_out": appeal.ran_out}
        if OUTSIDER in missing_from(appeal):
            enter(appeal, AppealState.PANEL, by=None, at=at, span=CHIEF, event="appeal.neutral_awaited", data=data)
        else:
            enter(appeal, AppealState.PANEL, by=None, at=at, span=CHIEF, event="appeal.panel_replaced", data=data)
        return
    if appeal.ran_out == 1:
        _seat_new(appeal, there=sorted(there), at=at)
        data = {"ran_out": appeal.ran_out}
        enter(appeal, AppealState.PANEL, by=None, at=at, span=REPLACED, event="appeal.panel_replaced", data=data)
        return
    data = {"chief": _name_chief(appeal, at=at)}
    enter(appeal, AppealState.PANEL, by=None, at=at, span=CHIEF, event="appeal.chief_named", data=data)


def _name_chief(appeal: Appeal, *, at: datetime) -> int | None:
    """A lead who decides with the votes that are there, if one is free; their id."""
    chief = assignment.next_chief(appeal, at=at)
    change(appeal, chief=chief)
    if chief is None:
        return None
    course.take(appeal.dispute, chief, Seat.Part.CHIEF, at=at)
    found: int = chief.pk
    return found


def _who_can_be_replaced(appeal: Appeal, missing: Any, *, is_first: bool, at: datetime) -> Any:
    """Of the seats of those who did not vote, the ones that somebody new takes: never the one from outside while
    nobody else from outside is free, and those of the house once."""
    seats = missing if is_first else missing.none()
    outside = missing.filter(user__in=_from_outside(Q(user__in=missing.values("user"))).values("user"))
    if _of_kind(OUTSIDER, appeal.dispute, besides=[], at=at) is None:
        return seats.exclude(pk__in=outside.values("pk"))
    return missing.filter(Q(pk__in=seats.values("pk")) | Q(pk__in=outside.values("pk")))


def _on_the_panel(appeal: Appeal) -> Q:
    """Whoever sits on the panel or has voted."""
    seats = Seat.objects.filter(dispute=appeal.dispute, part=Seat.Part.REVIEWER, until=None).values("user")
    return Q(user__in=seats) | Q(user__in=appeal.votes.order_by().values("user"))


def _from_outside(there: Q) -> Any:
    """Those of them who were put on the public list and do not work for the mall."""
    works_here = StaffRole.objects.held().filter(user=OuterRef("user"))
    return Neutral.objects.filter(there).exclude(Exists(works_here))


def _worked_out(
    dispute: Dispute, shares: Mapping[str, int], grants: Mapping[int, int], compensation: int | None
) -> tuple[dict[str, int], dict[str, int]]:
    """What a vote would give, per unit; refused where the shares are no whole or a sum cannot be."""
    given = {party: shares.get(party, 0) for party in PARTIES}
    is_whole = sum(given.values()) == WHOLE and min(given.values()) >= 0 and not set(shares) - set(PARTIES)
    require(is_whole, "incomplete", rulings.MISSING["shares"])
    items = rulings.items_of(dispute.refund)
    per_unit = {}
    for item in items:
        most = rulings.open_to(item)
        amount = grants.get(item.unit_id, rulings.by_shares(item.unit.paid, most, given["buyer"]))
        require(0 <= amount <= most, "incomplete", rulings.MISSING["grants"])
        per_unit[str(item.unit_id)] = amount
    require(not set(grants) - {item.unit_id for item in items}, "incomplete", rulings.MISSING["grants"])
    refund = dispute.refund
    is_possible = compensation is None or 0 <= compensation <= rulings.most_compensation(refund, items)
    require(is_possible, "incomplete", rulings.MISSING["threefold" if refund.is_threefold else "compensation"])
    return given, per_unit


def _decide(appeal: Appeal, votes: Sequence[Vote], *, by: Any, at: datetime) -> None:
    """All votes are there, or the chief's: sent back by the majority, else the middle award of all votes.

    `votes` are all of them as they came; of equal awards the earlier one comes first. The last is not written yet.
    Between two that are left beside a third that sends it back, one alone finds no fraud.
    """
    ruling = course.served(appeal.dispute)
    assert ruling is not None  # noqa: S101 - an appeal is against a ruling
    remands = [each for each in votes if each.word == Word.REMAND]
    chief = next((each for each in votes if each.user_id == appeal.chief_id), None)
    if 2 * len(remands) > len(votes) or (2 * len(remands) == len(votes) and chief in remands):
        _remand(appeal, ruling, votes, by=by, at=at)
        return
    about_sums = sorted((each for each in votes if each.word != Word.REMAND), key=lambda each: each.award(ruling))
    middle = _of_most(about_sums[len(about_sums) // 2], about_sums, ruling)
    if len(about_sums) % 2 == 0 and chief in about_sums:
        assert chief is not None  # noqa: S101 - it is one of them
        middle = chief
    if _may_find_fraud(middle, appeal.dispute) and _finding_fraud(about_sums, appeal.dispute) == [middle]:
        middle = next(each for each in about_sums if each is not middle)
    is_less = middle.award(ruling) < ruling.award and appeal.is_of_buyer_alone
    if middle.word == Word.UPHOLD or is_less or _is_same(middle, ruling):
        _uphold(appeal, ruling, votes, by=by, at=at)
    else:
        _modify(appeal, ruling, middle, votes, by=by, at=at)


def _may_find_fraud(vote: Vote, dispute: Dispute) -> bool:
    """Whether a vote could be the first to give the law's sum for fraud."""
    return dispute.refund.is_threefold and vote.word == Word.CHANGE and bool(vote.compensation)


def _finding_fraud(votes: Sequence[Vote], dispute: Dispute) -> list[Vote]:
    """The votes that give more of the law's sum for fraud than was ruled."""
    ruling = course.served(dispute)
    assert ruling is not None  # noqa: S101 - an appeal is against a ruling
    found = [each for each in votes if _may_find_fraud(each, dispute)]
    return [each for each in found if each.on_top(ruling) > ruling.compensation]


def _of_most(middle: Vote, votes: Sequence[Vote], ruling: Ruling) -> Vote:
    """Of votes for the same award, the one that most agree with on who bears it; the ruling's own split if equal."""
    alike = [each for each in votes if each.award(ruling) == middle.award(ruling)]
    same = [each for each in alike if each.word == Word.UPHOLD or _is_same(each, ruling)]
    groups = [
        same,
        *([one for one in alike if _comes_to(one) == _comes_to(each)] for each in alike if each not in same),
    ]
    most = max(groups, key=len)
    return middle if middle in most else most[0]


def _comes_to(vote: Vote) -> tuple[Any, ...]:
    """What a vote decides, so that two can be compared."""
    borne = sorted((party, part) for party, part in vote.shares.items() if part)
    sums = sorted((unit, amount) for unit, amount in vote.grants.items() if amount)
    return vote.word, tuple(borne), tuple(sums), vote.compensation


def _is_same(vote: Vote, ruling: Ruling) -> bool:
    """Whether a vote comes to what was ruled: the same sums, borne by the same; who would pay money for goods that were
    to be replaced changes that."""
    sums = {unit: amount for unit, amount in vote.grants.items() if amount}
    ruled = {unit: amount for unit, amount in ruling.grants.items() if amount}
    is_borne_alike = {party: part for party, part in vote.shares.items() if part} == {
        party: part for party, part in ruling.shares.items() if part
    }
    is_same_sum = sums == ruled and vote.on_top(ruling) == ruling.compensation
    return is_same_sum and is_borne_alike and not ruling.orders_replacement


def _uphold(appeal: Appeal, ruling: Ruling, votes: Sequence[Vote], *, by: Any, at: datetime) -> None:
    _close(appeal, AppealState.UPHELD, votes, award=ruling.award, by=by, at=at)
    course.enforce(appeal.dispute, ruling, by=by, at=at)


def _modify(appeal: Appeal, ruling: Ruling, middle: Vote, votes: Sequence[Vote], *, by: Any, at: datetime) -> None:
    """A new version takes the place of the first, with the reasons of all who voted: shares, sums and compensation of
    the middle vote, in money."""
    dispute = appeal.dispute
    draft = Draft(
        shares=middle.shares,
        grants={int(unit): amount for unit, amount in middle.grants.items()},
        compensation=middle.on_top(ruling),
        rule_ids=ruling.rule_ids,
        issues=ruling.issues,
        next_steps=rulings.final_steps(),
        findings={each["evidence"]: Finding(each["weight"], each["note"]) for each in ruling.findings},
        reasons="\n\n".join(each.reasons for each in votes),
        departs_because=middle.reasons,
    )
    course.set_aside(dispute)
    prepared = rulings.prepare(dispute, draft)
    new = rulings.write(
        dispute, draft, prepared, by=middle.user, at=at, kind=Ruling.Kind.APPEAL, appeal=appeal, is_signed=True
    )
    change(new, is_final=True)
    seal.put(dispute, new, at=at)
    _close(appeal, AppealState.MODIFIED, votes, award=new.award, by=by, at=at)
    course.enforce(dispute, new, by=by, at=at)


def _remand(appeal: Appeal, ruling: Ruling, votes: Sequence[Vote], *, by: Any, at: datetime) -> None:
    """Facts are missing: somebody new judges the case, once."""
    dispute = appeal.dispute
    _close(appeal, AppealState.REMANDED, votes, award=ruling.award, by=by, at=at)
    course.set_aside(dispute)
    chosen: Any
    if dispute.is_against_platform:
        if not neutrals.name(dispute, because=Seat.Left.REMANDED, at=at):
            neutrals.leave_open(dispute, because=Seat.Left.REMANDED, at=at)
        chosen = dispute.neutral
    else:
        chosen = assignment.next_arbiter(dispute, at=at) or assignment.next_lead(dispute, at=at)
        if chosen is not None and chosen.pk == dispute.arbiter_id:
            chosen = None
        course.give_to(dispute, chosen, because=Seat.Left.REMANDED, at=at)
    course.ask_to_sign(dispute, None, at=at)
    members = Seat.objects.filter(dispute=dispute, part=Seat.Part.MEMBER, until=None)
    members.update(until=at, left=Seat.Left.REMANDED)
    change(dispute, outcome="", is_remanded=True, ran_out=0, left=None, buyer_waived=False, shop_waived=False)
    if chosen is None and not dispute.is_against_platform:
        course.alarm(dispute, "nobody is free to hear the case anew", at=at)
    data = {"arbiter": dispute.arbiter_id}
    enter(dispute, DisputeState.REVIEW, by=by, at=at, span=ANEW, event="dispute.remanded", data=data)
    if neutrals.is_awaited(dispute):
        neutrals.await_somebody(dispute, at=at)


def _close(appeal: Appeal, state: str, votes: Sequence[Vote], *, award: int, by: Any, at: datetime) -> None:
    change(appeal, closed_at=at)
    words, hashes = sorted(str(each.word) for each in votes), sorted(each.sha256 for each in votes)
    data = {"votes": words, "sha256": hashes, "award_before": award}
    enter(appeal, state, by=by, at=at, data=data)
    _dismiss_panel(appeal, at=at)


def _dismiss_panel(appeal: Appeal, *, at: datetime) -> None:
    parts = [Seat.Part.REVIEWER, Seat.Part.CHIEF]
    seats = Seat.objects.filter(dispute=appeal.dispute, part__in=parts, until=None)
    page.update(seats, until=at, left=Seat.Left.SETTLED)


def _back_to_ruled(dispute: Dispute, *, by: Any, at: datetime) -> None:
    """The appeal is gone: the time to appeal goes on with what was left, and the other side keeps its right."""
    left = dispute.left
    change(dispute, left=None)
    if not left:
        ruling = course.served(dispute)
        assert ruling is not None  # noqa: S101 - an appeal is against a ruling
        course.enforce(dispute, ruling, by=by, at=at)
        return
    span = course.whole_minutes(left)
    enter(dispute, DisputeState.RULED, by=by, at=at, span=span, event="dispute.appeal_ended")


def of(dispute: Dispute) -> Appeal | None:
    """The appeal that is not over, if there is one."""
    return suspension.open_appeal(dispute)
