"""A ruling while it is written, in the API: kept with the case as the workbench keeps it, and worked out to the fen.

It is one draft: what is kept here stands in the form on the page, and the other way round. It goes when it is decided.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from disputes import api, course, drafting, rulings
from disputes.forms import RulingForm
from disputes.models import PARTIES, Dispute
from disputes.rulings import Draft, Finding
from disputes.serializers import RulingKept, RulingToKeep
from disputes.states import DisputeState
from disputes.views import bench
from timeline import clock
from timeline.api import after_what_is_overdue, idempotent
from timeline.door import require

WRITTEN: dict[str, Any] = {
    "shares": {"seller": 6_000, "buyer": 4_000},
    "rule_ids": ["MX-11"],
    "findings": [{"evidence": 12, "weight": "accepted"}],
    "issues": "双方对下单、付款和交付没有争议；争议在于该卡密交付时是否已被使用。",
    "reasons": "平台记录显示该卡密在展示后三小时内被申报无效，双方均未能证明是谁使用。",
}
KEPT = {
    **WRITTEN,
    "shares": {"platform": 0, "seller": 6_000, "upstream": 0, "buyer": 4_000},
    "findings": [{"evidence": 12, "weight": "accepted", "note": ""}],
    "grants": [],
    "compensation": 0,
    "next_steps": "",
    "departs_because": "",
    "orders_replacement": False,
    "reply": "",
    "at": "2026-11-22T02:00:00Z",
    "worked_out": {
        "version": 1,
        "award": 5_880,
        "units": [{"place": 1, "paid": 9_800, "buyer_bp": 4_000, "grant": 5_880}],
        "legs": [{"name": "escrow", "amount": 5_880}],
        "short": 0,
        "rulebook": 9_800,
        "missing": ["departs"],
        "signature_because": ["departs"],
    },
}


@extend_schema(
    methods=["GET"],
    operation_id="getRulingDraft",
    summary="Read what you have written of a ruling",
    description="For the arbiter who has the case; 404 while nothing is kept. With what it would come to now.",
    responses=RulingKept,
    examples=[OpenApiExample("A draft", KEPT, response_only=True)],
)
@extend_schema(
    methods=["POST"],
    operation_id="keepRulingDraft",
    summary="Keep what you have written of a ruling",
    description=(
        "In place of what was kept before; on the page and here it is the same draft. Answers with who would pay what,"
        " to the fen, and what is missing. Nothing is decided; it goes when it is."
    ),
    request=RulingToKeep,
    responses=RulingKept,
    examples=[
        OpenApiExample("So far", WRITTEN, request_only=True),
        OpenApiExample("A draft", KEPT, response_only=True),
    ],
)
@api_view(["GET", "POST"])
@after_what_is_overdue(lambda request, number: api.visible(request, number))
@idempotent
def draft(request: Request, number: str) -> Response:
    """The arbiter's own draft."""
    found, at = api.in_hand(request, number), clock.now()
    course.require_arbiter(found, request.user)
    require(found.state == DisputeState.REVIEW, "wrong_moment", course.WRONG_MOMENT)
    if request.method == "POST":
        told = RulingToKeep(data=request.data)
        told.is_valid(raise_exception=True)
        drafting.keep(found, _as_written(found, told.validated_data), by=request.user, at=at)
    kept = drafting.kept(found, request.user)
    if kept is None:
        raise Http404
    form = bench.ruling_form(found, kept.written)
    form.is_valid()
    return Response(_shown(found, form, kept.at))


def _as_written(dispute: Dispute, words: dict[str, Any]) -> dict[str, str]:
    """The words of a body as the form has them."""
    places = {item.unit.place: item.unit_id for item in rulings.items_of(dispute.refund)}
    texts = ("issues", "reasons", "next_steps", "departs_because", "reply")
    found: dict[str, str] = {name: words[name] for name in texts if name in words}
    found |= {f"share_{party}": drafting.share(bp) for party, bp in words.get("shares", {}).items()}
    for each in words.get("grants", []):
        if (unit := places.get(each["place"])) is not None:
            found[f"grant_{unit}"] = drafting.in_yuan(each["amount"])
    for each in words.get("findings", []):
        found[f"weight_{each['evidence']}"] = each["weight"]
        found[f"note_{each['evidence']}"] = each.get("note", "")
    if words.get("compensation"):
        found["compensation"] = drafting.in_yuan(words["compensation"])
    if words.get("orders_replacement"):
        found["orders_replacement"] = "on"
    return found | ({"rule_ids": " ".join(words["rule_ids"])} if "rule_ids" in words else {})


def _shown(dispute: Dispute, form: RulingForm, at: datetime) -> Any:
    """What of the draft can be read; what somebody wrote on the page and nobody can read is left out."""
    written = _readable(form)
    prepared = rulings.prepare(dispute, written)
    places = {item.unit_id: item.unit.place for item in form.items}
    told = {
        **asdict(written),
        "grants": [{"place": places[unit], "amount": amount} for unit, amount in written.grants.items()],
        "findings": [{"evidence": pk, **asdict(each)} for pk, each in written.findings.items()],
        "at": at,
        "worked_out": {
            "version": prepared.version,
            "award": prepared.award,
            "units": prepared.arithmetic,
            "legs": prepared.funding["legs"],
            "short": prepared.funding["missing"],
            "rulebook": prepared.rulebook,
            "missing": prepared.missing,
            "signature_because": prepared.signature_because,
        },
    }
    return RulingKept(told).data


def _readable(form: RulingForm) -> Draft:
    told = form.cleaned_data
    grants = {item.unit_id: told.get(f"grant_{item.unit_id}") for item in form.items}
    weights = {piece.pk: (told.get(f"weight_{piece.pk}"), told.get(f"note_{piece.pk}", "")) for piece in form.file}
    return Draft(
        shares={party: told.get(f"share_{party}", 0) for party in PARTIES},
        grants={unit: amount for unit, amount in grants.items() if amount is not None},
        compensation=told.get("compensation") or 0,
        rule_ids=told.get("rule_ids", []),
        findings={pk: Finding(weight, note) for pk, (weight, note) in weights.items() if weight},
        issues=told.get("issues", ""),
        reasons=told.get("reasons", ""),
        next_steps=told.get("next_steps", ""),
        departs_because=told.get("departs_because", ""),
        orders_replacement=told.get("orders_replacement", False),
        reply=told.get("reply", ""),
    )
