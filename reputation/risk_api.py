"""The API of the risk desk: people and what weighs on them, with the evidence; measures, appeals, innocent reasons.

A score adds delay, proof or a person, and never takes a fen away (rules 6.4).
"""

from datetime import timedelta
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lifecycle as people_verbs
from accounts.models import LONGEST_SUSPENSION, Role, Suspension, User
from accounts.requests import signed_in
from reputation import contacts, measures, signals
from reputation.models import KnownContact, Measure, Signal
from reputation.serializers import A_MEASURE, A_SUSPENSION, AppealWords, MeasureShown, SuspensionShown
from reputation.suspending import HEARING
from reputation.thresholds import thresholds
from timeline import clock
from timeline.api import CURSOR, idempotent, page
from timeline.sweep import fire_overdue

A_SIGNAL = {
    "id": 5,
    "name": "many_claims",
    "weight": 15,
    "now": 12,
    "evidence": ["R26112204817365"],
    "seen_at": "2026-11-22T02:00:00Z",
    "is_dismissed": False,
}
APPEALED = A_SUSPENSION | {"appeal": "那是我本人换了手机登录。", "appealed_at": "2026-11-22T05:00:00Z"}
A_PERSON = {"person": 7, "risk": 12, "level": "M1", "barred_until": None}


class RiskySignal(serializers.Serializer[Any]):
    """A signal with what it rests on, and what it weighs now: it fades by half in ninety days."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    weight = serializers.IntegerField(help_text="When it was seen last.")
    now = serializers.SerializerMethodField(help_text="What it weighs now.")
    evidence = serializers.ListField(child=serializers.CharField())
    seen_at = serializers.DateTimeField()
    is_dismissed = serializers.BooleanField(help_text="It has an innocent reason, and weighs nothing.")

    def get_now(self, signal: Signal) -> int:
        """What it weighs at this moment."""
        return int(signal.now(self.context["at"], thresholds().signals.half_life.days))


class RiskyPerson(serializers.Serializer[User]):
    """Somebody with a score."""

    person = serializers.IntegerField(source="pk")
    risk = serializers.IntegerField(help_text="0 to 100; from 40 proof, from 60 no instant lane, from 80 a person.")
    level = serializers.CharField()
    barred_until = serializers.DateTimeField(allow_null=True)


class RiskyPage(serializers.Serializer[Any]):
    """A page of people."""

    results = RiskyPerson(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class SuspensionPage(serializers.Serializer[Any]):
    """A part of the list."""

    results = SuspensionShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class AnswerToSuspended(serializers.Serializer[Any]):
    """What another person found; the one who is suspended reads it."""

    lifts = serializers.BooleanField(help_text="Whether the suspension ends; else it stands.")
    why = serializers.CharField(max_length=500)


class SuspensionToMake(serializers.Serializer[Any]):
    """Why, and for how long; the person reads it."""

    reason = serializers.CharField(max_length=200)
    days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_SUSPENSION, required=False, help_text="Left out: until it is lifted."
    )


class RiskyStory(serializers.Serializer[Any]):
    """One person: every signal, linked accounts, measures, suspensions."""

    about = RiskyPerson()
    signals = RiskySignal(many=True)
    linked = serializers.ListField(child=serializers.IntegerField(), help_text="People who share something telling.")
    measures = MeasureShown(many=True)
    suspensions = SuspensionShown(many=True)


class MeasureToTake(serializers.Serializer[Any]):
    """The next step against a buyer, with what was found; the person reads it."""

    step = serializers.ChoiceField(Measure.Step.choices)
    ground = serializers.ChoiceField(Measure.Ground.choices)
    reason = serializers.CharField(max_length=500)
    is_grave = serializers.BooleanField(default=False, help_text="Leave out the steps before it.")


class RiskReason(serializers.Serializer[Any]):
    """Why."""

    why = serializers.CharField(max_length=500)


def _require_risk(request: Request) -> Any:
    if not signed_in(request).has_role(Role.RISK):
        raise Http404
    return request.user


A_CONTACT = {
    "id": 3,
    "said": "QQ群 123 456 789",
    "reason": "群内售卖“仅退款”教程。",
    "listed_at": "2026-11-22T02:00:00Z",
    "dropped_at": None,
}


class KnownContactToList(serializers.Serializer[Any]):
    """A contact as people write it, and what was found."""

    handle = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=500)


class KnownContactShown(serializers.Serializer[Any]):
    """A contact that sells guides to refunds."""

    id = serializers.IntegerField()
    said = serializers.CharField()
    reason = serializers.CharField()
    listed_at = serializers.DateTimeField()
    dropped_at = serializers.DateTimeField(allow_null=True)


class KnownContactPage(serializers.Serializer[Any]):
    """A part of the list."""

    results = KnownContactShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


@extend_schema(
    operation_id="listRiskyPeople",
    summary="See who has a score",
    description="For people of risk: everybody above zero, 50 a page.",
    parameters=[CURSOR],
    responses=RiskyPage,
    examples=[OpenApiExample("One", {"results": [A_PERSON], "next": None}, response_only=True)],
)
@api_view(["GET"])
def people(request: Request) -> Response:
    """Everybody with a score."""
    _require_risk(request)
    return Response(RiskyPage(page(request, User.objects.filter(risk__gt=0), by="pk")).data)


@extend_schema(
    operation_id="getRiskyPerson",
    summary="See what weighs on somebody",
    description="For people of risk: every signal with its evidence, linked accounts, measures.",
    responses=RiskyStory,
    examples=[
        OpenApiExample(
            "One",
            {"about": A_PERSON, "signals": [A_SIGNAL], "linked": [9], "measures": [], "suspensions": []},
            response_only=True,
        )
    ],
)
@api_view(["GET"])
def person(request: Request, pk: int) -> Response:
    """One person."""
    _require_risk(request)
    found = get_object_or_404(User, pk=pk)
    story = {
        "about": found,
        "signals": _signals(found),
        "linked": sorted({user.pk for user, _what in signals.linked(found)}),
        "measures": list(found.measures.order_by("-pk")),
        "suspensions": list(found.suspensions.order_by("-pk")),
    }
    return Response(RiskyStory(story, context={"at": clock.now()}).data)


@extend_schema(
    operation_id="imposeMeasure",
    summary="Take the next step against a buyer",
    description="Refused: `not_yourself`, `no_reason`, `in_force`, `step_left_out`.",
    request=MeasureToTake,
    responses={201: MeasureShown},
    examples=[
        OpenApiExample(
            "A warning", {"step": "warning", "ground": "false_proof", "reason": A_MEASURE["reason"]}, request_only=True
        ),
        OpenApiExample("In force", A_MEASURE, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@idempotent
def impose(request: Request, pk: int) -> Response:
    """Impose a measure."""
    by = _require_risk(request)
    found = get_object_or_404(User, pk=pk)
    told = MeasureToTake(data=request.data)
    told.is_valid(raise_exception=True)
    fire_overdue(found.address, at=clock.now())
    return Response(MeasureShown(measures.impose(found, by=by, at=clock.now(), **told.validated_data)).data, status=201)


@extend_schema(
    operation_id="suspendPerson",
    summary="Suspend somebody",
    description=(
        "They can neither sell nor withdraw nor work for the mall, and are told why; roles of staff end at once. Only"
        " a lead suspends a lead. Refused: `not_your_turn`, `not_yourself`, `reason_missing`, `suspended`."
    ),
    request=SuspensionToMake,
    responses={201: SuspensionShown},
    examples=[
        OpenApiExample("For a week", {"reason": A_SUSPENSION["reason"], "days": 7}, request_only=True),
        OpenApiExample("In force", A_SUSPENSION, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@idempotent
def suspend(request: Request, pk: int) -> Response:
    """Suspend somebody."""
    by, at = _require_risk(request), clock.now()
    found = get_object_or_404(User, pk=pk)
    told = SuspensionToMake(data=request.data)
    told.is_valid(raise_exception=True)
    days = told.validated_data.get("days")
    until = at + timedelta(days=days) if days else None
    made = people_verbs.suspend(found, reason=told.validated_data["reason"], until=until, by=by, at=at)
    return Response(SuspensionShown(made).data, status=201)


@extend_schema(
    operation_id="liftSuspension",
    summary="End a suspension early",
    description="Roles of staff do not come back. Refused: `not_your_turn`, `not_yourself`, `wrong_moment`.",
    request=None,
    responses=SuspensionShown,
    examples=[OpenApiExample("Lifted", {**A_SUSPENSION, "lifted_at": "2026-11-23T02:00:00Z"}, response_only=True)],
)
@api_view(["POST"])
@idempotent
def end_suspension(request: Request, pk: int) -> Response:
    """End a suspension."""
    by = _require_risk(request)
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk)
    people_verbs.lift(found, by=by, at=clock.now())
    return Response(SuspensionShown(found).data)


@extend_schema(
    operation_id="appealSuspension",
    summary="Let another person look at your suspension",
    description=(
        "A person answers within a day. Once, and again 30 days after an answer. Refused: `wrong_moment`, `no_reason`."
    ),
    request=AppealWords,
    responses=SuspensionShown,
    examples=[
        OpenApiExample("Why", {"words": "那是我本人换了手机登录。"}, request_only=True),
        OpenApiExample("Appealed", APPEALED, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def appeal_suspension(request: Request, pk: int) -> Response:
    """Appeal against one's own suspension."""
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk, user=request.user)
    told = AppealWords(data=request.data)
    told.is_valid(raise_exception=True)
    people_verbs.appeal(found, words=told.validated_data["words"], by=signed_in(request), at=clock.now())
    return Response(SuspensionShown(found).data)


@extend_schema(
    operation_id="listAppealsAgainstSuspensions",
    summary="List appeals against suspensions",
    description="For people of risk and leads: those that nobody has answered, the oldest suspension first.",
    parameters=[CURSOR],
    responses=SuspensionPage,
    examples=[OpenApiExample("One appeal", {"results": [APPEALED], "next": None}, response_only=True)],
)
@api_view(["GET"])
def appealed_suspensions(request: Request) -> Response:
    """Appeals that wait."""
    _require_hearing(request)
    return Response(SuspensionPage(page(request, Suspension.objects.appealed(clock.now()), by="pk")).data)


@extend_schema(
    operation_id="hearSuspension",
    summary="Answer an appeal against a suspension",
    description=(
        "By another person of risk, or a lead, than who suspended somebody; `lifts` ends it. Refused:"
        " `another_person`, `no_reason`, `wrong_moment`."
    ),
    request=AnswerToSuspended,
    responses=SuspensionShown,
    examples=[
        OpenApiExample("Lifted", {"lifts": True, "why": "已核实为本人操作。"}, request_only=True),
        OpenApiExample(
            "The suspension",
            APPEALED | {"answer": "已核实为本人操作。", "lifted_at": "2026-11-23T02:00:00Z"},
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def hear_suspension(request: Request, pk: int) -> Response:
    """Answer an appeal."""
    by = _require_hearing(request)
    told = AnswerToSuspended(data=request.data)
    told.is_valid(raise_exception=True)
    found = get_object_or_404(Suspension.objects.select_related("user"), pk=pk)
    said = told.validated_data
    people_verbs.hear(found, lifts=said["lifts"], answer=said["why"], by=by, at=clock.now())
    return Response(SuspensionShown(found).data)


def _require_hearing(request: Request) -> User:
    user = signed_in(request)
    if not user.roles & HEARING:
        raise Http404
    return user


def _hearing(name: str, verb: Any, *, summary: str, description: str, why: str, state: str) -> Any:
    """The address of what a person of risk decides about a measure."""

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=RiskReason,
        responses=MeasureShown,
        examples=[
            OpenApiExample("Why", {"why": why}, request_only=True),
            OpenApiExample("The measure", A_MEASURE | {"state": state}, response_only=True),
        ],
    )
    @api_view(["POST"])
    @idempotent
    def hear(request: Request, pk: int) -> Response:
        by = _require_risk(request)
        told = RiskReason(data=request.data)
        told.is_valid(raise_exception=True)
        found = get_object_or_404(Measure.objects.select_related("user"), pk=pk)
        fire_overdue(found.root_address, at=clock.now())
        verb(found, answer=told.validated_data["why"], by=by, at=clock.now())
        return Response(MeasureShown(found).data)

    return hear


uphold = _hearing(
    "upholdMeasure",
    measures.uphold,
    summary="Let a measure stand on appeal",
    description="By another person than who imposed it. Refused: `another_person`, `no_reason`, `wrong_moment`.",
    why="证据核对无误。",
    state="upheld",
)
lift = _hearing(
    "liftMeasure",
    measures.lift,
    summary="Take a measure back",
    description="Refused: `another_person`, `no_reason`, `wrong_moment`.",
    why="申诉成立。",
    state="lifted",
)


@extend_schema(
    operation_id="dismissSignal",
    summary="Say that a signal has an innocent reason",
    description="It weighs nothing until it is seen again. Refused: `no_reason`.",
    request=RiskReason,
    responses=RiskySignal,
    examples=[
        OpenApiExample("Why", {"why": "同一家庭共用设备。"}, request_only=True),
        OpenApiExample("Dismissed", A_SIGNAL | {"now": 0, "is_dismissed": True}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def dismiss(request: Request, pk: int) -> Response:
    """Dismiss a signal."""
    by = _require_risk(request)
    told = RiskReason(data=request.data)
    told.is_valid(raise_exception=True)
    found = get_object_or_404(Signal.objects.select_related("user", "shop", "batch__listing__shop"), pk=pk)
    signals.dismiss(found, reason=told.validated_data["why"], by=by, at=clock.now())
    return Response(_shown(found))


@extend_schema(
    methods=["GET"],
    operation_id="listKnownContacts",
    summary="List contacts that sell guides to refunds",
    description="For people of risk: those that are looked for, 50 a page.",
    parameters=[CURSOR],
    responses=KnownContactPage,
    examples=[OpenApiExample("One", {"results": [A_CONTACT], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="listContact",
    summary="List a contact that sells guides to refunds",
    description="Whoever claims and names it is seen. Refused: `bad_contact`, `no_reason`, `known_already`.",
    request=KnownContactToList,
    responses={201: KnownContactShown},
    examples=[
        OpenApiExample("A group", {"handle": A_CONTACT["said"], "reason": A_CONTACT["reason"]}, request_only=True),
        OpenApiExample("Listed", A_CONTACT, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def known_contacts(request: Request) -> Response:
    """What is looked for, and one more of it."""
    by = _require_risk(request)
    if request.method == "POST":
        told = KnownContactToList(data=request.data)
        told.is_valid(raise_exception=True)
        return Response(
            KnownContactShown(contacts.list_contact(by=by, at=clock.now(), **told.validated_data)).data, 201
        )
    return Response(KnownContactPage(page(request, KnownContact.objects.filter(dropped_at=None), by="-pk")).data)


@extend_schema(
    operation_id="dropContact",
    summary="Take a contact off the list",
    description="It is not looked for any more. Refused: `no_reason`, `wrong_moment`.",
    request=RiskReason,
    responses=KnownContactShown,
    examples=[
        OpenApiExample("Why", {"why": "号码已换主人。"}, request_only=True),
        OpenApiExample("Dropped", A_CONTACT | {"dropped_at": "2026-11-23T02:00:00Z"}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def drop_contact(request: Request, pk: int) -> Response:
    """Drop it."""
    by = _require_risk(request)
    told = RiskReason(data=request.data)
    told.is_valid(raise_exception=True)
    found = get_object_or_404(KnownContact, pk=pk)
    contacts.drop(found, reason=told.validated_data["why"], by=by, at=clock.now())
    return Response(KnownContactShown(found).data)


def _signals(user: User) -> list[Any]:
    return list(user.signals.order_by("-seen_at", "-pk"))


def _shown(signal: Signal) -> Any:
    return RiskySignal(signal, context={"at": clock.now()}).data
