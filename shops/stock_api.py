"""The API of a shop's stock: batches, lists for the background, suppliers. Codes go in and never come out."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from shops import batches as verbs
from shops import intakes as readings
from shops import stock as store
from shops import suppliers as sources
from shops.api import own_listing
from shops.models import SELL, VAULTED, Batch, Clash, Form, Intake, Shop, Supplier, keeping
from shops.stock_serializers import (
    BatchInStock,
    BatchPage,
    BatchToAdd,
    BatchToStop,
    ClashForRisk,
    ClashPage,
    ClashToSettle,
    IntakeInStock,
    IntakePage,
    IntakeToSend,
    ListingInStock,
    RestToKeep,
    StockPage,
    SupplierOfShop,
    SupplierPage,
    SupplierToAdd,
    SupplierToEdit,
)
from timeline import clock
from timeline.api import CURSOR, idempotent, page

FIGURES = {
    "free": 10,
    "ending": 0,
    "stopped": 0,
    "taken": 0,
    "reserved": 0,
    "sold": 0,
    "revealed": 0,
    "voided": 0,
    "expired": 0,
    "failed": 0,
    "failure_bp": None,
}
A_BATCH = {
    **FIGURES,
    "id": 3,
    "listing": 7,
    "added_at": "2026-11-22T02:30:00Z",
    "size": 10,
    "note": "",
    "form": "code",
    "supplier": 2,
    "unit_cost": 8_900,
    "purchased_on": "2026-11-20",
    "expires_at": "2027-11-30T16:00:00Z",
    "stopped_at": None,
    "stop_reason": "",
    "is_stopped_by_mall": False,
    "actions": ["stop"],
}
A_LISTING = {**FIGURES, "listing": 7, "title": "星河激活码 30 天", "rest_days": 30}
AN_INTAKE = {
    "id": 4,
    "listing": 7,
    "batch": 3,
    "added_at": "2026-11-22T02:30:00Z",
    "finished_at": "2026-11-22T02:30:04Z",
    "name": "codes.csv",
    "form": "code",
    "encoding": "gb18030",
    "lines": 11,
    "done": 11,
    "accepted": 10,
    "failure": "",
    "problems": [{"line": 5, "reason": "repeated", "detail": "The same code stands above."}],
}
A_SUPPLIER = {
    "id": 2,
    "name": "上游甲",
    "contact": "service@upstream.example",
    "gateway": "",
    "added_at": "2026-11-20T02:00:00Z",
    "left_at": None,
}
A_CLASH = {
    "id": 5,
    "count": 2,
    "at": "2026-11-22T02:30:00Z",
    "batch": 3,
    "listing": 7,
    "shop": "xinghe",
    "other_shop": "yunhe",
    "settled_at": None,
    "finding": "",
}


@extend_schema(
    operation_id="getStock",
    summary="See a shop's stock by listing",
    description="For the shop itself. Newest listing first, 50 a page. Counts only.",
    parameters=[CURSOR],
    responses=StockPage,
    examples=[OpenApiExample("One listing", {"results": [A_LISTING], "next": None}, response_only=True)],
)
@api_view(["GET"])
def stock(request: Request, slug: str) -> Response:
    """Where the codes of each listing are."""
    part = page(request, _own_shop(request, slug).listings.filter(kind__in=VAULTED), by="-pk")
    figures = verbs.by_listing([listing.pk for listing in part.results], at=clock.now())
    results = [{"listing": listing, "figures": figures[listing.pk]} for listing in part.results]
    return Response(StockPage({"results": results, "next": part.next}).data)


@extend_schema(
    operation_id="keepRestTerm",
    summary="Sell no code that ends soon",
    description="Days that a code must still be good for when it is sold. Codes that are there follow.",
    request=RestToKeep,
    responses=ListingInStock,
    examples=[
        OpenApiExample("A month", {"days": 30}, request_only=True),
        OpenApiExample("The listing", A_LISTING, response_only=True),
    ],
)
@api_view(["POST"])
@idempotent
def rest_term(request: Request, pk: int) -> Response:
    """The shop keeps a rest term."""
    found = own_listing(request, pk)
    told = RestToKeep(data=request.data)
    told.is_valid(raise_exception=True)
    at = clock.now()
    store.keep_rest(found, told.validated_data["days"], by=request.user, at=at)
    return Response(ListingInStock({"listing": found, "figures": verbs.by_listing([pk], at=at)[pk]}).data)


# Batches


@extend_schema(
    methods=["GET"],
    operation_id="listBatches",
    summary="See what is in stock of a listing",
    description="For the shop itself. Newest batch first, 50 a page. Counts only: no address gives codes back.",
    parameters=[CURSOR],
    responses=BatchPage,
    examples=[OpenApiExample("One batch", {"results": [A_BATCH], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="addBatch",
    summary="Add codes to the stock",
    description=(
        "All or none. What is wrong is said with status 422 by line, from 1: `too_long`, `not_visible`, `repeated`"
        " within the batch, `known` to the shop already, `malformed` for a pair without two parts. Codes are sealed at"
        " once and never given back by any address. Refused with `vault_closed` while the vault cannot seal."
    ),
    request=BatchToAdd,
    responses={201: BatchInStock},
    examples=[
        OpenApiExample("Two codes", {"codes": ["XXXX-XXXX-0001", "XXXX-XXXX-0002"], "note": ""}, request_only=True),
        OpenApiExample("The batch", A_BATCH, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
@sensitive_variables("told", "codes")
def batches(request: Request, pk: int) -> Response:
    """The batches of a listing, and a new one."""
    found = own_listing(request, pk)
    if request.method == "POST":
        told = BatchToAdd(data=request.data)
        told.is_valid(raise_exception=True)
        codes, said, at = told.validated_data["codes"], told.validated_data, clock.now()
        added = store.add_batch(
            found, codes, by=request.user, at=at, note=said.get("note", ""), origin=_origin(found.shop, said)
        )
        return Response(_shown(request, added), status=201)
    part = page(request, Batch.objects.filter(listing=found).select_related("listing__shop"), by="-pk")
    figures = verbs.by_batch(part.results, at=clock.now())
    is_of_risk = _is_of_risk(request)
    results = [
        {
            "batch": each,
            "figures": figures[each.pk],
            "actions": verbs.actions_for(each, request.user, is_of_risk=is_of_risk),
        }
        for each in part.results
    ]
    return Response(BatchPage({"results": results, "next": part.next}).data)


@extend_schema(
    operation_id="getBatch",
    summary="Look at a batch",
    description="For the shop itself, and for the people of risk.",
    responses=BatchInStock,
    examples=[OpenApiExample("The batch", A_BATCH, response_only=True)],
)
@api_view(["GET"])
def batch(request: Request, pk: int) -> Response:
    """One batch."""
    return Response(_shown(request, _visible_batch(request, pk)))


@extend_schema(
    operation_id="stopBatch",
    summary="Stop selling a batch",
    description="Nothing more of it is sold; orders keep what they have. Refused: `wrong_moment`.",
    request=BatchToStop,
    responses=BatchInStock,
    examples=[
        OpenApiExample("Why", {"reason": "上游通知可能失效"}, request_only=True),
        OpenApiExample(
            "Stopped",
            {**A_BATCH, "free": 0, "stopped": 10, "stopped_at": "2026-11-22T03:00:00Z", "actions": ["resume"]},
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def stop_batch(request: Request, pk: int) -> Response:
    """Nothing more of it is sold."""
    found = _visible_batch(request, pk)
    told = BatchToStop(data=request.data)
    told.is_valid(raise_exception=True)
    verbs.stop(found, reason=told.validated_data.get("reason", ""), by=request.user, at=clock.now())
    return Response(_shown(request, found))


@extend_schema(
    operation_id="resumeBatch",
    summary="Sell a batch again",
    description="Refused with `stopped_by_mall` where the mall stopped it, `wrong_moment` where nobody did.",
    request=None,
    responses=BatchInStock,
    examples=[OpenApiExample("On sale again", A_BATCH, response_only=True)],
)
@api_view(["POST"])
@idempotent
def resume_batch(request: Request, pk: int) -> Response:
    """What is left is sold again."""
    found = _visible_batch(request, pk)
    verbs.resume(found, by=request.user, at=clock.now())
    return Response(_shown(request, found))


# Lists for the background


@extend_schema(
    methods=["GET"],
    operation_id="listIntakes",
    summary="See what was sent in for a listing",
    description="For the shop itself. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=IntakePage,
    examples=[OpenApiExample("One list", {"results": [AN_INTAKE], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="sendIntake",
    summary="Send a long list of codes",
    description=(
        "Read in the background: good lines are added, the others reported by line and reason. Sealed at once, and"
        " forgotten when it was read. The same text sent again for the same listing gives the first intake. Refused:"
        " `too_many_waiting`, `vault_closed`."
    ),
    request=IntakeToSend,
    responses={202: IntakeInStock},
    examples=[
        OpenApiExample(
            "Two codes, one that ends", {"codes": "XXXX-XXXX-0001\nXXXX-XXXX-0002,2027-01-31\n"}, request_only=True
        ),
        OpenApiExample(
            "Not read yet",
            {
                **AN_INTAKE,
                "batch": None,
                "finished_at": None,
                "encoding": "",
                "lines": 0,
                "done": 0,
                "accepted": 0,
                "problems": [],
            },
            response_only=True,
            status_codes=["202"],
        ),
    ],
)
@api_view(["GET", "POST"])
@idempotent
@sensitive_variables("told", "said")
def intakes(request: Request, pk: int) -> Response:
    """What was sent in for a listing, and a new list."""
    found = own_listing(request, pk)
    if request.method == "POST":
        told = IntakeToSend(data=request.data)
        told.is_valid(raise_exception=True)
        said = told.validated_data
        intake = readings.send_in(
            found,
            said["codes"].encode(),
            name=said.get("name", ""),
            origin=_origin(found.shop, said),
            remark=said.get("note", ""),
            by=request.user,
            at=clock.now(),
        )
        where = reverse("api:intake", args=[intake.pk])
        return Response(IntakeInStock(intake).data, status=202, headers={"Location": where})
    return Response(IntakePage(page(request, Intake.objects.filter(listing=found), by="-pk")).data)


@extend_schema(
    operation_id="getIntake",
    summary="See how far a list was read",
    description="For the shop itself. Ask again while `finished_at` is null.",
    responses=IntakeInStock,
    examples=[OpenApiExample("Read", AN_INTAKE, response_only=True)],
)
@api_view(["GET"])
def intake(request: Request, pk: int) -> Response:
    """One list."""
    return Response(IntakeInStock(get_object_or_404(Intake, keeping(request.user, SELL, shop="shop"), pk=pk)).data)


# Suppliers


@extend_schema(
    methods=["GET"],
    operation_id="listSuppliers",
    summary="See a shop's suppliers",
    description="For the shop itself. Newest first, 50 a page.",
    parameters=[CURSOR],
    responses=SupplierPage,
    examples=[OpenApiExample("One supplier", {"results": [A_SUPPLIER], "next": None}, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="addSupplier",
    summary="Name a supplier",
    description="Its contact is told to buyers when the trouble lies upstream. Refused: `too_many`.",
    request=SupplierToAdd,
    responses={201: SupplierOfShop},
    examples=[
        OpenApiExample("A supplier", {"name": "上游甲", "contact": "service@upstream.example"}, request_only=True),
        OpenApiExample("The supplier", A_SUPPLIER, response_only=True, status_codes=["201"]),
    ],
)
@api_view(["GET", "POST"])
@idempotent
def suppliers(request: Request, slug: str) -> Response:
    """Where a shop's codes come from, and a new one."""
    shop = _own_shop(request, slug)
    if request.method == "POST":
        told = SupplierToAdd(data=request.data)
        told.is_valid(raise_exception=True)
        added = sources.add(shop, by=request.user, at=clock.now(), **told.validated_data)
        return Response(SupplierOfShop(added).data, status=201)
    return Response(SupplierPage(page(request, shop.suppliers.all(), by="-pk")).data)


@extend_schema(
    operation_id="editSupplier",
    summary="Write a supplier anew",
    description="Batches that came from there keep it.",
    request=SupplierToEdit,
    responses=SupplierOfShop,
    examples=[
        OpenApiExample("It has left", {"name": "上游甲", "contact": "", "has_left": True}, request_only=True),
        OpenApiExample(
            "The supplier", {**A_SUPPLIER, "contact": "", "left_at": "2026-11-22T02:00:00Z"}, response_only=True
        ),
    ],
)
@api_view(["POST"])
@idempotent
def edit_supplier(request: Request, pk: int) -> Response:
    """The shop writes a supplier anew."""
    found = get_object_or_404(Supplier.objects.select_related("shop"), keeping(request.user, SELL, shop="shop"), pk=pk)
    told = SupplierToEdit(data=request.data)
    told.is_valid(raise_exception=True)
    said = {"contact": "", "has_left": False, **told.validated_data}
    sources.edit(found, by=request.user, at=clock.now(), **said)
    return Response(SupplierOfShop(found).data)


# For the people of risk


@extend_schema(
    operation_id="listClashes",
    summary="See codes that two shops have",
    description="For the people of risk; to others the address does not exist. Newest first, 50 a page. Never a code.",
    parameters=[CURSOR],
    responses=ClashPage,
    examples=[OpenApiExample("One", {"results": [A_CLASH], "next": None}, response_only=True)],
)
@api_view(["GET"])
def clashes(request: Request) -> Response:
    """What two shops have."""
    _require_risk(request)
    found = Clash.objects.select_related("batch__listing__shop", "other")
    return Response(ClashPage(page(request, found, by="-pk")).data)


@extend_schema(
    operation_id="settleClash",
    summary="Say whose codes they are",
    description="For the people of risk. Refused: `wrong_moment` where somebody has looked into it already.",
    request=ClashToSettle,
    responses=ClashForRisk,
    examples=[
        OpenApiExample("A finding", {"finding": "后来的店铺从同一上游重复采购，已退回。"}, request_only=True),
        OpenApiExample(
            "Settled",
            {
                **A_CLASH,
                "settled_at": "2026-11-22T03:00:00Z",
                "finding": "后来的店铺从同一上游重复采购，已退回。",
            },
            response_only=True,
        ),
    ],
)
@api_view(["POST"])
@idempotent
def settle_clash(request: Request, pk: int) -> Response:
    """Somebody of risk says what they found."""
    _require_risk(request)
    found = get_object_or_404(Clash.objects.select_related("batch__listing__shop", "other"), pk=pk)
    told = ClashToSettle(data=request.data)
    told.is_valid(raise_exception=True)
    verbs.settle(found, finding=told.validated_data["finding"], by=request.user, at=clock.now())
    return Response(ClashForRisk(found).data)


def _own_shop(request: Request, slug: str) -> Shop:
    return get_object_or_404(Shop, keeping(request.user, SELL), slug=slug)


def _visible_batch(request: Request, pk: int) -> Batch:
    """The batch, for its shop and the people of risk; else the same 404 as for one that is not there."""
    seen = Batch.objects.select_related("listing__shop")
    if not _is_of_risk(request):
        seen = seen.filter(keeping(request.user, SELL, shop="listing__shop"))
    return get_object_or_404(seen, pk=pk)


def _shown(request: Request, batch: Batch) -> Any:
    figures = verbs.by_batch([batch], at=clock.now())[batch.pk]
    return BatchInStock({"batch": batch, "figures": figures, "actions": verbs.actions_for(batch, request.user)}).data


def _origin(shop: Shop, said: dict[str, Any]) -> store.Origin:
    """What was said of where codes come from; a supplier that is not the shop's is a wrong answer like any other."""
    supplier = None
    if said.get("supplier") is not None:
        supplier = shop.suppliers.filter(pk=said["supplier"], left_at=None).first()
        if supplier is None:
            raise exceptions.ValidationError({"supplier": "This is no supplier of the shop."}, code="unknown")
    last_day = said.get("expires_on")
    return store.Origin(
        supplier=supplier,
        unit_cost=said.get("unit_cost"),
        purchased_on=said.get("purchased_on"),
        expires_at=store.end_of(last_day) if last_day else None,
        form=said.get("form", Form.CODE),
    )


def _require_risk(request: Request) -> None:
    if not _is_of_risk(request):
        raise Http404


def _is_of_risk(request: Request) -> bool:
    user: Any = request.user
    return bool(user.has_role("risk"))
