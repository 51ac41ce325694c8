"""The API of reputation: levels and appeals, recalls, ratings, the mall's figures; the same verbs as the pages."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.requests import signed_in
from orders.models import Order
from refunds.models import Refund
from reputation import alarms, batch_answers, measures, ratings, satisfaction, shop_levels
from reputation import figures as counts
from reputation import transparency as figures
from reputation.figures import FEWEST, Figures
from reputation.models import Alarm, BatchAnswer, Downgrade, Measure, Rating
from reputation.progress import progress, shop_progress
from reputation.published import PUBLISHED, Published, of_shop
from reputation.serializers import (
    A_BATCH_ANSWER,
    A_MEASURE,
    AppealWords,
    BatchAnswerShown,
    CaseOpened,
    LevelWithProgress,
    MeasureShown,
    OwnLevel,
    RatingPage,
    RatingShown,
    RecallShown,
    ScoreGiven,
    ScoreShown,
    ShopFiguresShown,
    Stars,
    TransparencyShown,
    Wish,
    Words,
)
from reputation.states import DowngradeState
from reputation.thresholds import thresholds
from shops.models import SELL, SERVE, Shop, keeping
from timeline import clock
from timeline.api import CURSOR, after_what_is_overdue, idempotent, page

A_LEVEL = {
    "level": "M1",
    "falls_at": None,
    "falls_to": "",
    "version": "2026.11.0",
    "levels": [
        {
            "level": "M1",
            "is_reached": True,
            "takes": [{"what": "Finished orders", "has": "3", "takes": "1", "is_met": True}],
        }
    ],
}
A_RECALL = {
    "number": "B261122-7K2M",
    "state": "confirmed",
    "shop": "xinghe",
    "listing": "星河激活码 30 天",
    "sold": 40,
    "bad": 12,
    "raised_at": "2026-11-22T02:00:00Z",
    "deadline_at": "2026-12-22T02:00:00Z",
    "finding": "The issuer confirms that the whole batch is void.",
    "units": [
        {"order": "K261122-5H3T", "place": 1, "fate": "asked", "refund": None, "upstream": "", "redeemed_at": None}
    ],
}
A_RATING = {"id": 9, "stars": 4, "text": "Quick.", "at": "2026-11-22T02:00:00Z", "reply": ""}
A_MONTH = {
    "month": "2026-11",
    "orders": 1200,
    "claims": 31,
    "disputes": None,
    "on_time_bp": 9_870,
    "instant_bp": 4_200,
    "reversal_bp": None,
    "overturn_bp": None,
    "ruling_on_time_bp": None,
    "response_minutes": 5,
    "cycle_minutes": 60,
    "late_payments": 0,
}
A_FIGURE = {
    "code": "on_time",
    "group": "deliveries",
    "unit": "bp",
    "name": "Delivered on time",
    "formula": "Units that came within the promise ÷ units that came or never will.",
    "value": 9_870,
}
#: A shop's figures are those of so many days.
SHOP_DAYS = 90


@extend_schema(
    operation_id="getOwnLevel",
    summary="See your level",
    description="What it takes, when it falls, the measures against you, the suspension you are under. Nobody else's.",
    responses=OwnLevel,
    examples=[OpenApiExample("Level M1", {**A_LEVEL, "measures": [A_MEASURE], "suspension": None}, response_only=True)],
)
@api_view(["GET"])
def level(request: Request) -> Response:
    """The level of whoever asks."""
    user: Any = request.user
    falls = Downgrade.objects.filter(user=user, state=DowngradeState.ANNOUNCED).first()
    at = clock.now()
    told = _level(user.level, progress(user, at), falls)
    told |= {
        "measures": user.measures.order_by("-pk")[:50],
        "suspension": user.suspensions.live(at).order_by("-pk").first(),
    }
    return Response(OwnLevel(told).data)


@extend_schema(
    operation_id="appealMeasure",
    summary="Let another person look at a measure",
    description="If nobody answers in 7 days, it is lifted. Refused: `wrong_moment`, `no_reason`.",
    request=AppealWords,
    responses=MeasureShown,
    examples=[
        OpenApiExample("Why", {"words": "The picture is the original."}, request_only=True),
        OpenApiExample("The measure", A_MEASURE | {"state": "appealed"}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def appeal(request: Request, pk: int) -> Response:
    """An appeal against a measure."""
    found = get_object_or_404(Measure.objects.select_related("user"), pk=pk, user=request.user)
    told = AppealWords(data=request.data)
    told.is_valid(raise_exception=True)
    measures.appeal(found, by=request.user, at=clock.now(), **told.validated_data)
    return Response(MeasureShown(found).data)


@extend_schema(
    operation_id="getLevelOfShop",
    summary="See a shop's level",
    description="What it takes and when it falls, for whoever works in the shop.",
    responses=LevelWithProgress,
    examples=[OpenApiExample("Level S1", A_LEVEL | {"level": "S1"}, response_only=True)],
)
@api_view(["GET"])
def standing(request: Request, slug: str) -> Response:
    """The level of a shop."""
    shop = get_object_or_404(Shop, keeping(request.user), slug=slug)
    at = clock.now()
    rows = shop_progress(shop_levels.standings([shop], at=at)[shop.pk], at)
    falls = Downgrade.objects.filter(shop=shop, state=DowngradeState.ANNOUNCED).first()
    return Response(LevelWithProgress(_level(shop.level, rows, falls)).data)


def _seen(request: Request, number: str) -> Alarm:
    """The alarm for whoever has a unit of it or sees the master case."""
    found = get_object_or_404(Alarm.objects.select_related("shop", "batch__listing"), number=number)
    is_holder = found.units.filter(unit__order__buyer=request.user.pk).exists()
    if not is_holder and not found.is_seen_by(request.user):
        raise Http404
    return found


@extend_schema(
    operation_id="getRecall",
    summary="See a recall",
    description="The batch, and your own units of it. For holders, the shop and the mall's people of risk.",
    responses=RecallShown,
    examples=[OpenApiExample("A recall", A_RECALL, response_only=True)],
)
@api_view(["GET"])
def recall(request: Request, number: str) -> Response:
    """A recall."""
    return Response(_recall(request, _seen(request, number)))


@extend_schema(
    operation_id="joinRecall",
    summary="Take what a recall offers",
    description=(
        "For all units of one of your orders: `money`, or `reissue` for working codes. Once the recall is confirmed it"
        " is paid at once. Refused: `wrong_moment`, `nothing_left`."
    ),
    request=Wish,
    responses={201: CaseOpened},
    examples=[
        OpenApiExample("The price", {"wants": "money"}, request_only=True),
        OpenApiExample(
            "The case", {"number": "R261122-9Q4W", "state": "refunded"}, response_only=True, status_codes=["201"]
        ),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_seen)
@idempotent
def join(request: Request, number: str, order: str) -> Response:
    """A holder's answer."""
    found = _seen(request, number)
    sale = get_object_or_404(Order, number=order, buyer=request.user)
    told = Wish(data=request.data)
    told.is_valid(raise_exception=True)
    case = alarms.join(found, sale, by=request.user, at=clock.now(), wants=told.validated_data["wants"])
    return Response(CaseOpened(case).data, status=201, headers={"Location": reverse("api:refund", args=[case.number])})


@extend_schema(
    operation_id="keepRecalled",
    summary="Keep what is recalled",
    description="Your codes work: the order goes on. Refused: `wrong_moment`, `nothing_left`.",
    request=None,
    responses=RecallShown,
    examples=[OpenApiExample("The recall", A_RECALL, response_only=True)],
)
@api_view(["POST"])
@after_what_is_overdue(_seen)
@idempotent
def keep(request: Request, number: str, order: str) -> Response:
    """A holder keeps the codes."""
    found = _seen(request, number)
    sale = get_object_or_404(Order, number=order, buyer=request.user)
    alarms.keep(found, sale, by=request.user, at=clock.now())
    return Response(_recall(request, found))


def _decision(name: str, verb: Callable[..., None], summary: str, description: str, state: str) -> Any:
    """The address of what risk decides about an alarm."""

    @extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        request=Words,
        responses=RecallShown,
        examples=[
            OpenApiExample("Why", {"words": "The issuer confirms it."}, request_only=True),
            OpenApiExample("The recall", A_RECALL | {"state": state}, response_only=True),
        ],
    )
    @api_view(["POST"])
    @after_what_is_overdue(_seen)
    @idempotent
    def decide(request: Request, number: str) -> Response:
        if not signed_in(request).has_role(Role.RISK):
            raise Http404
        found = _seen(request, number)
        told = Words(data=request.data)
        told.is_valid(raise_exception=True)
        verb(found, finding=told.validated_data["words"], by=request.user, at=clock.now())
        return Response(_recall(request, found))

    return decide


confirm = _decision(
    "confirmRecall",
    alarms.confirm,
    "Confirm a recall",
    "Only people of risk. Holders then need nobody's consent. Refused: `wrong_moment`, `own_shop`, `no_reason`.",
    "confirmed",
)
lift = _decision(
    "liftRecall",
    alarms.lift,
    "Lift a recall",
    "Only people of risk. The batch is sold again, held money goes on. Refused: `wrong_moment`, `own_shop`.",
    "lifted",
)


def _own_order(request: Request, number: str) -> Order:
    """The order of this number, for who bought it."""
    return get_object_or_404(Order, number=number, buyer=request.user)


@extend_schema(
    operation_id="rateOrder",
    summary="Rate a finished order",
    description="Once, for ever. Refused: `wrong_moment`, `rated`.",
    request=Stars,
    responses={201: RatingShown},
    examples=[
        OpenApiExample("Four stars", {"stars": 4, "text": "Quick."}, request_only=True),
        OpenApiExample("The rating", A_RATING, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_own_order)
@idempotent
def rate(request: Request, number: str) -> Response:
    """The buyer's rating."""
    order = _own_order(request, number)
    told = Stars(data=request.data)
    told.is_valid(raise_exception=True)
    made = ratings.rate(order, by=request.user, at=clock.now(), **told.validated_data)
    return Response(RatingShown(made).data, status=201)


@extend_schema(
    operation_id="replyToRating",
    summary="Reply to a rating",
    description="The shop, once. Refused: `rated`, `text_missing`.",
    request=Words,
    responses=RatingShown,
    examples=[
        OpenApiExample("Thanks", {"words": "Thank you."}, request_only=True),
        OpenApiExample("The rating", A_RATING | {"reply": "Thank you."}, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def reply(request: Request, pk: int) -> Response:
    """The shop's reply."""
    mine = Rating.objects.select_related("order__shop")
    found = get_object_or_404(mine, keeping(request.user, SERVE, shop="shop"), pk=pk)
    told = Words(data=request.data)
    told.is_valid(raise_exception=True)
    ratings.reply(found, text=told.validated_data["words"], by=request.user, at=clock.now())
    return Response(RatingShown(found).data)


@extend_schema(
    operation_id="listRatings",
    summary="Read a shop's ratings",
    description="Public. Newest first, 50 a page; none is ever removed.",
    parameters=[CURSOR],
    responses=RatingPage,
    auth=[],
    examples=[OpenApiExample("One", {"results": [A_RATING], "next": None}, response_only=True)],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def all_ratings(request: Request, slug: str) -> Response:
    """The ratings of a shop."""
    shop = get_object_or_404(Shop, slug=slug)
    return Response(RatingPage(page(request, shop.ratings.all(), by="-pk")).data)


@extend_schema(
    operation_id="getTransparency",
    summary="See how the mall keeps its word",
    description="Public. Twelve months; a figure with fewer than ten cases behind it is null.",
    responses=TransparencyShown,
    auth=[],
    examples=[
        OpenApiExample(
            "A month",
            {
                "months": [A_MONTH],
                "deposits": 50_000_000,
                "fund": 1_000_000,
                "fund_aim": 600_000,
                "owed": 0,
                "versions": ["default-cn 2026.11.0"],
                "rules": [{"number": "default-cn 2026.11.0", "notice_days": None}],
                "days": 30,
                "figures": [A_FIGURE],
                "figures_by_month": [
                    {"month": "2026-11", "values": {"on_time": 9_870}, "fund_in": 40_000, "fund_out": 12_000}
                ],
                "reasons": [{"reason": "CODE_INVALID", "claims": 12, "in_1000_orders": 10, "paid_bp": 7_500}],
                "outcomes": [{"part": "instant", "count": 14}],
                "cycle": [{"fault": "SELLER", "median": 60, "p95": 1_440}],
                "sources": [{"paid_from": "escrow", "amount": 1_200_000}],
                "won_by_reason": [{"part": "CODE_INVALID", "decided": 20, "buyer_bp": 6_000}],
                "won_by_level": [{"part": "M1", "decided": 20, "buyer_bp": 6_000}],
                "complaints_from_outside": [{"part": "wechat", "count": 11}],
                "guarantee_fund": {
                    "held": 1_000_000,
                    "aim": 600_000,
                    "by_turnover": 600_000,
                    "by_payouts": 200_000,
                    "cover_bp": 16_666,
                    "came_from": [{"reason": "funding", "amount": 900_000}],
                    "put_in": [{"at": "2026-10-04T02:00:00Z", "purse": "fund", "amount": 300_000}],
                    "shortfalls": [
                        {
                            "state": "over",
                            "since": "2026-10-02T02:00:00Z",
                            "stopped_at": None,
                            "over_at": "2026-10-04T02:00:00Z",
                            "held": 300_000,
                            "aim": 580_000,
                        }
                    ],
                },
            },
            response_only=True,
        )
    ],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def transparency(request: Request) -> Response:
    """The figures of the transparency page."""
    told = figures.told(clock.now())
    months = [_month(name, found) for name, (_first, found) in zip(told["names"], told["months"], strict=True)]
    versions = [row["number"] for row in told["versions"]]
    lately: Figures = told["lately"]
    more = {
        "months": months,
        "versions": versions,
        "rules": [{"number": row["number"], "notice_days": row["notice"]} for row in told["versions"]],
        "figures": [_figure(each, told["year"] if each.is_of_year else lately) for each in PUBLISHED],
        "figures_by_month": [
            {
                "month": name,
                "values": {each.code: each.of(found) for each in PUBLISHED},
                "fund_in": found.fund_in,
                "fund_out": found.fund_out,
            }
            for name, (_first, found) in zip(told["names"], told["months"], strict=True)
        ],
        "reasons": [
            {
                "reason": code,
                "claims": count,
                "in_1000_orders": share,
                "paid_bp": lately.paid_bp(code) if code else None,
            }
            for code, count, share in lately.claims_by_reason()
        ],
        "outcomes": _parts(lately.outcomes()),
        "cycle": [{"fault": fault, "median": median, "p95": p95} for fault, median, p95 in lately.classes()],
        "sources": [{"paid_from": source, "amount": amount} for source, amount in lately.sources()],
        "won_by_reason": _won(lately, "reason"),
        "won_by_level": _won(lately, "level"),
        "complaints_from_outside": _parts(lately.complaints_from_outside()),
        "guarantee_fund": {
            "held": told["fund"],
            "aim": told["fund_aim"],
            "by_turnover": told["fund_by_turnover"],
            "by_payouts": told["fund_by_payouts"],
            "cover_bp": told["fund_cover_bp"],
            "came_from": [{"reason": reason, "amount": amount} for reason, amount in told["year"].fund_came_from()],
            "put_in": told["put_in"],
            "shortfalls": told["shortfalls"],
        },
    }
    return Response(TransparencyShown(told | more).data)


@extend_schema(
    operation_id="getFiguresOfShop",
    summary="See how a shop keeps its word",
    description="Public. Ninety days; none while it has fewer than thirty orders. docs/figures.md has the formulas.",
    responses=ShopFiguresShown,
    auth=[],
    examples=[
        OpenApiExample("One", {"shop": "xinghe", "days": 90, "figures": [A_FIGURE]}, response_only=True),
    ],
)
@api_view(["GET"])
@permission_classes([AllowAny])
def shop_figures(request: Request, slug: str) -> Response:
    """The figures of a shop's page."""
    shop = get_object_or_404(Shop, slug=slug)
    since, until = counts.window(clock.now(), SHOP_DAYS)
    found = counts.of(shop, since=since, until=until)
    rows = [_figure(each, found) for each, _says in of_shop(found)]
    return Response(ShopFiguresShown({"shop": shop.slug, "days": SHOP_DAYS, "figures": rows}).data)


@extend_schema(
    operation_id="answerRecall",
    summary="Answer for a batch of your shop that rang",
    description=(
        "Within four hours; a shop that says nothing about a batch of which more than 2 % is bad sells nothing for a"
        " week. Refused: `not_your_turn`, `wrong_moment`, `no_reason`."
    ),
    request=AppealWords,
    responses=BatchAnswerShown,
    examples=[
        OpenApiExample("What happened", {"words": "上游确认一批码重复，已停用并换货。"}, request_only=True),
        OpenApiExample("Given", A_BATCH_ANSWER, response_only=True),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(lambda request, number: _asked(request, number))
@idempotent
def answer_recall(request: Request, number: str) -> Response:
    """The shop's answer."""
    asked = _asked(request, number)
    told = AppealWords(data=request.data)
    told.is_valid(raise_exception=True)
    batch_answers.give(asked, words=told.validated_data["words"], by=request.user, at=clock.now())
    return Response(BatchAnswerShown(asked).data)


def _asked(request: Request, number: str) -> BatchAnswer:
    """What a shop is asked about its batch, for who may answer."""
    found = get_object_or_404(BatchAnswer.objects.select_related("shop", "alarm"), alarm__number=number)
    if not found.shop.may(request.user, SELL):
        raise Http404
    return found


def _own_case(request: Request, number: str) -> Refund:
    """The case of this number, for whoever sees it."""
    return get_object_or_404(Refund.objects.visible_to(request.user).select_related("order__shop"), number=number)


@extend_schema(
    operation_id="scoreCase",
    summary="Say how your case was handled",
    description=(
        "Once for each side, within 30 days after it is over; it changes nothing about the case. Refused:"
        " `not_your_turn`, `wrong_moment`, `scored`."
    ),
    request=ScoreGiven,
    responses={201: ScoreShown},
    examples=[
        OpenApiExample("Well", {"score": 4}, request_only=True),
        OpenApiExample(
            "What was said",
            {"side": "buyer", "score": 4, "at": "2026-11-22T02:00:00Z"},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)
@api_view(["POST"])
@after_what_is_overdue(_own_case)
@idempotent
def score(request: Request, number: str) -> Response:
    """One side's score."""
    case = _own_case(request, number)
    told = ScoreGiven(data=request.data)
    told.is_valid(raise_exception=True)
    made = satisfaction.score(case, score=told.validated_data["score"], by=request.user, at=clock.now())
    return Response(ScoreShown(made).data, status=201)


def _figure(each: Published, found: Figures) -> dict[str, Any]:
    names = {"code": each.code, "group": each.group, "unit": each.unit, "name": each.name, "formula": each.formula}
    return names | {"value": each.of(found)}


def _parts(rows: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"part": part, "count": count} for part, count in rows]


def _won(found: Figures, what: str) -> list[dict[str, Any]]:
    return [{"part": part, "decided": count, "buyer_bp": share} for part, count, share in found.won_by(what)]


def _level(level: str, rows: list[dict[str, Any]], falls: Downgrade | None) -> dict[str, Any]:
    names = ("what", "has", "takes", "is_met")
    return {
        "level": level,
        "falls_at": falls.deadline_at if falls else None,
        "falls_to": falls.target if falls else "",
        "version": thresholds().version,
        "levels": [row | {"takes": [dict(zip(names, take, strict=True)) for take in row["takes"]]} for row in rows],
    }


def _recall(request: Request, found: Alarm) -> Any:
    mine = found.units.filter(unit__order__buyer=request.user).select_related("unit__order", "refund", "inquiry")  # type: ignore[misc]
    return RecallShown(found, context={"units": mine.order_by("pk")}).data


def _month(name: str, found: Figures) -> dict[str, Any]:
    def told(count: int) -> int | None:
        return count if count >= FEWEST else None

    return {
        "month": name,
        "orders": told(found.count("orders")),
        "claims": told(found.count("claims")),
        "disputes": told(found.count("disputes")),
        "on_time_bp": found.on_time_bp,
        "instant_bp": found.instant_bp,
        "reversal_bp": found.reversal_bp,
        "overturn_bp": found.overturn_bp,
        "ruling_on_time_bp": found.ruling_on_time_bp,
        "response_minutes": found.response_median,
        "cycle_minutes": found.at_most("cycle", 50),
        "late_payments": found.count("late_payments"),
    }
