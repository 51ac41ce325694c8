"""Every address of the API, and its contract: /api/schema/ for machines, /api/docs/ for people."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

import accounts.api
import complaints.api
import desks.api
import disputes.acts_api
import disputes.api
import disputes.bundle_api
import disputes.drafts_api
import disputes.owed_api
import disputes.precedent_api
import disputes.seal_api
import ledger.api
import ledger.contributions_api
import ledger.debts_api
import ledger.reconciling_api
import notifications.api
import notifications.mail_api
import notifications.webhook_api
import orders.api
import orders.coupon_api
import orders.delivery_api
import orders.outage_api
import orders.talk_api
import orders.trial_api
import privacy.api
import refunds.api
import refunds.contests_api
import refunds.guardians_api
import refunds.papers_api
import refunds.talks_api
import reputation.api
import reputation.risk_api
import rulebook.api
import rulebook.staff_api
import shops.api
import shops.applications_api
import shops.commission_api
import shops.connections_api
import shops.money_api
import shops.staff_api
import shops.standing_api
import shops.stock_api
import support.api
import timeline.clock_api
from kamen import problems

#: What can go wrong, by status: how the contract calls it, and one example of its code.
PROBLEMS = {
    "400": ("Malformed", "malformed", "A cursor, a key or a body that cannot be understood."),
    "401": ("NotSignedIn", "not_signed_in", "Nobody is signed in."),
    "403": ("Forbidden", "csrf_failed", "Not allowed, or the CSRF token is missing."),
    "404": ("NotFound", "not_found", "Not there, or not yours to see."),
    "406": ("NotAcceptable", "not_acceptable", "Asked for something that is not JSON."),
    "409": ("Refused", "wrong_moment", "The mall says no; `code` says why. Nothing was changed."),
    "413": ("TooLarge", "too_large", "The body is too large."),
    "415": ("UnsupportedMediaType", "unsupported_media_type", "The body is not sent as JSON."),
    "422": ("Invalid", "invalid", "A field is missing or wrong; `errors` says which."),
    "429": ("TooManyRequests", "too_many_requests", "Too often; `Retry-After` says how many seconds to wait."),
    "500": ("InternalError", "internal_error", "A fault of ours; it was recorded."),
    "503": ("TryAgain", "try_again", "The database is busy or away; send the same again after `Retry-After`."),
}
ALWAYS = {"406", "429", "500", "503"}
#: The objects of a no, told once for all.
SHARED = {"Problem", "FieldError"}
#: What is there for some is not there for others.
SIGNED_IN = {"401", "403", "404"}
WRITING = {"400", "409", "413", "415", "422"}


class SessionScheme(OpenApiAuthenticationExtension):
    """The contract's words for signing in with the session of the pages."""

    target_class = "kamen.problems.SignedIn"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": (
                "The session cookie of the pages (in production `__Host-session`). A POST also needs the session's CSRF"
                " token in the header `X-CSRFToken`."
            ),
        }


def describe_what_all_share(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write into the contract what holds for every operation: the problems, and the key of a POST."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(_problem_schemas())
    components["responses"] = {
        name: _problem_response(int(status), code, text) for status, (name, code, text) in PROBLEMS.items()
    }
    components["parameters"] = {
        "IdempotencyKey": {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]{1,200}$"},
            "description": (
                "Chosen by the sender, a new one for every new request (a UUID, say). Sending the same request again"
                " with the same key gives the first answer again and changes nothing."
            ),
            "example": "6f1c2a3e-0a55-4a3b-9c51-6d7a2f0e8b11",
        }
    }
    for route, operations in result["paths"].items():
        for method, operation in operations.items():
            statuses = set(ALWAYS)
            # `x-names`: what the query or the body names may not be there, or not be yours.
            if "{" in route or "x-names" in operation:
                statuses.add("404")
            # `x-judges`: what is asked may make no sense, beyond what the contract can say.
            if "x-judges" in operation:
                statuses.add("422")
            # `x-refuses`: a GET that is refused as the verb would be that it looks ahead to.
            if "x-refuses" in operation:
                statuses.add("409")
            if operation.get("security"):
                statuses |= SIGNED_IN
            if any(each["name"] == "cursor" for each in operation.get("parameters", [])):
                statuses.add("400")
            if method == "post":
                statuses |= WRITING
            if method == "post" and operation.get("x-idempotency-key") != "none":
                operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
                _describe_replays(operation)
            for status in sorted(statuses):
                operation["responses"][status] = {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
    return result


def _describe_replays(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})["Idempotency-Replayed"] = {
                "schema": {"type": "string", "enum": ["true"]},
                "description": "There if this is an earlier answer, given again.",
            }


def _problem_schemas() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "Problem": {
            "type": "object",
            "description": "A no, as in RFC 9457.",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": {"type": "string", "format": "uri", "description": "Where the code is explained."},
                "title": {**text, "description": "What kind of no it is, in the person's language."},
                "status": {"type": "integer"},
                "detail": {**text, "description": "A sentence for the person, in their language."},
                "code": {**text, "description": "Stable, for machines."},
                "errors": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/FieldError"},
                    "description": "What is wrong with each field; with status 422.",
                },
            },
        },
        "FieldError": {
            "type": "object",
            "required": ["field", "code", "detail"],
            "properties": {
                "field": {**text, "description": "The field's name; empty if it is the whole."},
                "code": text,
                "detail": text,
            },
        },
    }


def _problem_response(status: int, code: str, text: str) -> dict[str, Any]:
    with translation.override("en"):
        title = str(problems.TITLES[status])
        detail = str(problems.SENTENCES.get(code, text))
    example: dict[str, Any] = {
        "type": f"https://mall.example/api/docs/#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if status == 422:
        example["errors"] = [{"field": "name", "code": "required", "detail": "This field is required."}]
    found: dict[str, Any] = {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
    if status in {429, 503}:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return found


@cache
def _contract() -> dict[str, Any]:
    """The contract as it is for as long as this process lives; its words are English."""
    with translation.override("en"):
        schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """What the contract holds, to read: what is true everywhere, and the way to each address, found by its words.

    Every address, object and problem has its anchor here, as the links in problems and in other people's notes say.
    """
    schema = _contract()
    asked = request.GET.get("q", "")[:100].strip()
    groups = [
        {
            "name": name,
            "operations": [
                {"id": told["operationId"], "method": method.upper(), "path": route, "summary": told["summary"]}
                for route, method, told in found
                if _is_about(route, method, told, asked)
            ],
        }
        for name, found in _groups(schema).items()
    ]
    schemas = schema["components"]["schemas"]
    context = {
        "schema": schema,
        "asked": asked,
        "groups": [each for each in groups if each["operations"]],
        "objects": _where(),
        "shared": [_object(name, schemas[name]) for name in sorted(SHARED)],
        "statuses": [{"status": status, "description": text} for status, (_name, _code, text) in PROBLEMS.items()],
        "problems": [{"code": code, "detail": sentence} for code, sentence in sorted(problems.SENTENCES.items())],
    }
    return render(request, "api/docs.html", context)


@login_not_required
@require_safe
def docs_of(request: HttpRequest, group: str) -> HttpResponse:
    """The addresses of one group, each with all it takes and answers, and the objects of these answers."""
    schema = _contract()
    if group not in _groups(schema):
        raise Http404
    schemas = schema["components"]["schemas"]
    context = {
        "schema": schema,
        "group": group,
        "groups": list(_groups(schema)),
        "operations": [_told(schema, *each) for each in _groups(schema)[group]],
        "objects": [_object(name, schemas[name]) for name in sorted(_objects_of(schema, group))],
    }
    return render(request, "api/docs_of.html", context)


def _groups(schema: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """The operations as address, method and what the contract says, by the thing that the address is about."""
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for route, methods in schema["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((route, method, operation))
    return dict(sorted(found.items()))


def _is_about(route: str, method: str, operation: dict[str, Any], asked: str) -> bool:
    """Whether each word asked for is in the address, the name or the summary of an operation."""
    told = f"{method} {route} {operation['operationId']} {operation['summary']}".lower()
    return all(word in told for word in asked.lower().split())


def _objects_of(schema: dict[str, Any], group: str) -> set[str]:
    """The objects that a group's answers bring, and those inside of them and inside of what is sent."""
    schemas = schema["components"]["schemas"]
    waiting: set[str] = set()
    for _route, _method, operation in _groups(schema)[group]:
        for response in operation["responses"].values():
            waiting |= set() if _is_shared(response) else _named(_followed(schema, response).get("content", {}))
        for name in _named(operation.get("requestBody", {})):
            waiting |= _named(schemas[name])
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _named(schemas[name]) - found
    return found - SHARED


@cache
def _where() -> dict[str, str]:
    """Each object, and the first group in which it is told."""
    schema = _contract()
    found: dict[str, str] = {}
    for group in _groups(schema):
        for name in _objects_of(schema, group):
            found.setdefault(name, group)
    return dict(sorted(found.items()))


def _named(part: Any) -> set[str]:
    """The objects that a part of the contract names."""
    if isinstance(part, list):
        return set().union(*map(_named, part))
    if not isinstance(part, dict):
        return set()
    here = str(part.get("$ref", ""))
    own = {here.rpartition("/")[2]} if here.startswith("#/components/schemas/") else set()
    return own.union(*map(_named, part.values()))


def _told(schema: dict[str, Any], route: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with its references followed."""
    bodies = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(bodies), "")
    request_body = bodies.get(media_type, {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": route,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "is_public": not operation.get("security"),
        "parameters": [
            {"required": False, "description": "", **each}
            for each in operation.get("parameters", [])
            if "$ref" not in each
        ],
        "request": _object("", _followed(schema, request_body["schema"])) if request_body else None,
        "media_type": "" if media_type == "application/json" else media_type,
        "request_example": _example(request_body),
        "answers": [
            _answer(schema, status, each) for status, each in operation["responses"].items() if not _is_shared(each)
        ],
        "refusals": [status for status, each in operation["responses"].items() if _is_shared(each)],
    }


def _is_shared(response: dict[str, Any]) -> bool:
    """Whether this answer means the same everywhere; what does is told once, at the top."""
    return str(response.get("$ref", "")).startswith("#/components/responses/")


def _answer(schema: dict[str, Any], status: str, response: dict[str, Any]) -> dict[str, Any]:
    found = _followed(schema, response)
    contents: dict[str, Any] = found.get("content", {})
    media_type = next(iter(contents), "")
    content = contents.get(media_type, {})
    reference = content.get("schema", {}).get("$ref", "")
    return {
        "status": status,
        "description": found.get("description", ""),
        "media_type": media_type,
        "object": reference.rpartition("/")[2],
        "example": _example(content),
        "is_problem": media_type == "application/problem+json",
    }


def _object(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", [])
    return {
        "name": name,
        "description": schema.get("description", ""),
        "words": schema.get("enum", []),
        "fields": [
            {
                "name": each,
                "required": each in required,
                "type": _type(found),
                "description": found.get("description", ""),
            }
            for each, found in schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    """What a field holds, in a few words."""
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return " | ".join(_type(each) for each in schema[several])
    if reference := schema.get("$ref"):
        return str(reference).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]"
    words = [schema.get("type", ""), schema.get("format", "")]
    limits = [f"≤ {schema['maxLength']}" if "maxLength" in schema else "", schema.get("pattern", "")]
    nothing = "| null" if schema.get("nullable") else ""
    return " ".join(filter(None, [*words, *limits, nothing]))


def _example(content: dict[str, Any]) -> str:
    examples = [each["value"] for each in content.get("examples", {}).values()]
    examples += [content["example"]] if "example" in content else []
    return json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else ""


def _followed(schema: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The thing itself where only a reference to it stands."""
    if "$ref" not in found:
        return found
    target: Any = schema
    for step in found["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    followed: dict[str, Any] = target
    return followed


app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("docs/<slug:group>/", docs_of, name="docs_of"),
    path("v1/me/", accounts.api.me, name="me"),
    path("v1/wallet/", ledger.api.wallet, name="wallet"),
    path("v1/wallet/debt/", ledger.debts_api.debt, name="debt"),
    path("v1/wallet/debt/pay/", ledger.debts_api.pay, name="pay_debt"),
    path("v1/debts/", ledger.debts_api.debtors, name="debtors"),
    path("v1/debts/<int:pk>/write-off/", ledger.debts_api.propose, name="propose_write_off"),
    path("v1/write-offs/<int:number>/agree/", ledger.debts_api.agree, name="agree_write_off"),
    path("v1/write-offs/<int:number>/decline/", ledger.debts_api.decline, name="decline_write_off"),
    path("v1/contributions/", ledger.contributions_api.all_contributions, name="contributions"),
    path("v1/contributions/<int:number>/book/", ledger.contributions_api.book, name="book_contribution"),
    path("v1/contributions/<int:number>/decline/", ledger.contributions_api.decline, name="decline_contribution"),
    path("v1/payments/", ledger.api.all_payments, name="payments"),
    path("v1/payments/<slug:number>/", ledger.api.payment, name="payment"),
    path("v1/payments/<slug:number>/check/", ledger.api.check_payment, name="check_payment"),
    path("v1/payouts/", ledger.api.all_payouts, name="payouts"),
    path("v1/payouts/<slug:number>/", ledger.api.payout, name="payout"),
    path("v1/finance/brake/", ledger.api.payout_brake, name="brake"),
    path("v1/finance/brake/raise/", ledger.api.raise_brake, name="raise_brake"),
    path("v1/finance/brake/release/", ledger.api.release_brake, name="release_brake"),
    path("v1/finance/accounts/<str:address>/", ledger.api.account, name="account"),
    path("v1/orders/", orders.api.orders, name="orders"),
    path("v1/orders/<slug:number>/", orders.api.order, name="order"),
    path("v1/orders/<slug:number>/trial/", orders.trial_api.trial_of, name="trial"),
    path("v1/orders/<slug:number>/pay/", orders.api.pay, name="pay_order"),
    path("v1/orders/<slug:number>/charge/", orders.api.charge, name="charge_order"),
    path("v1/orders/<slug:number>/cancel/", orders.api.cancel, name="cancel_order"),
    path("v1/orders/<slug:number>/confirm/", orders.api.confirm, name="confirm_order"),
    path("v1/orders/<slug:number>/wait/", orders.delivery_api.wait, name="wait_longer"),
    path("v1/orders/<slug:number>/cannot-deliver/", orders.delivery_api.given_up, name="give_up_delivery"),
    path("v1/orders/<slug:number>/handovers/", orders.delivery_api.handovers, name="handovers"),
    path("v1/deliveries/<slug:number>/result/", orders.delivery_api.push, name="push_result"),
    path("v1/shops/<slug:slug>/deliveries/", orders.delivery_api.to_deliver, name="to_deliver"),
    path("v1/orders/<slug:number>/coupon/", orders.coupon_api.use, name="use_coupon"),
    path("v1/orders/<slug:number>/coupon/drop/", orders.coupon_api.drop, name="drop_coupon"),
    path("v1/orders/<slug:number>/join/", orders.talk_api.join, name="join_conversation"),
    path("v1/orders/<slug:number>/read/", orders.talk_api.read, name="read_conversation"),
    path("v1/orders/<slug:number>/exchanges/", orders.talk_api.exchanges, name="exchanges"),
    path("v1/orders/<slug:number>/supplier/ask/", orders.talk_api.ask_supplier, name="ask_supplier"),
    path("v1/orders/<slug:number>/supplier/answered/", orders.talk_api.supplier_answered, name="supplier_answered"),
    path("v1/orders/<slug:number>/units/<int:place>/again/", orders.talk_api.try_again, name="try_again"),
    path("v1/orders/<slug:number>/units/<int:place>/redemption/", orders.talk_api.redemption, name="redemption"),
    path("v1/coupons/", orders.coupon_api.of_platform, name="platform_coupons"),
    path("v1/coupons/<slug:number>/", orders.coupon_api.decide, name="decide_coupon"),
    path("v1/shops/<slug:slug>/coupons/", orders.coupon_api.of_shop, name="coupons"),
    path("v1/signs/", orders.talk_api.signs, name="signs"),
    path("v1/commission/", shops.commission_api.rates, name="commission"),
    path("v1/commission/proposals/", shops.commission_api.proposals, name="commission_proposals"),
    path("v1/commission/proposals/<int:pk>/agree/", shops.commission_api.agree, name="agree_commission"),
    path("v1/commission/proposals/<int:pk>/drop/", shops.commission_api.drop, name="drop_commission"),
    path("v1/connections/", shops.connections_api.of_all, name="connections"),
    path("v1/connections/<int:pk>/end/", shops.connections_api.untie, name="untie_connection"),
    path("v1/suppliers/", orders.talk_api.suppliers, name="supplier_health"),
    path("v1/orders/<slug:number>/units/", orders.api.units, name="units"),
    path("v1/orders/<slug:number>/units/<int:place>/reveal/", orders.api.reveal, name="reveal_code"),
    path("v1/orders/<slug:number>/messages/", orders.api.messages, name="messages"),
    path("v1/orders/<slug:number>/files/", orders.api.files, name="files"),
    path("v1/refunds/", refunds.api.refunds, name="refunds"),
    path("v1/refunds/preview/", refunds.api.preview, name="preview_refund"),
    path("v1/refunds/<slug:number>/", refunds.api.refund, name="refund"),
    path("v1/refunds/<slug:number>/credit-note/", refunds.papers_api.credit_note, name="credit_note"),
    path("v1/credit-notes/", refunds.papers_api.credit_notes, name="credit_notes"),
    path("v1/credit-notes/<slug:number>/", refunds.papers_api.note, name="credit_note_by_number"),
    path("v1/refunds/<slug:number>/signals/", refunds.papers_api.signal_list, name="signals"),
    path("v1/refunds/<slug:number>/guardian/", refunds.guardians_api.papers, name="guardian_papers"),
    path("v1/refunds/<slug:number>/guardian/proofs/", refunds.guardians_api.seal, name="seal_guardian_paper"),
    path(
        "v1/refunds/<slug:number>/guardian/proofs/<int:pk>/open/",
        refunds.guardians_api.open_paper,
        name="open_guardian_paper",
    ),
    path("v1/refunds/<slug:number>/guardian/give/", refunds.guardians_api.give, name="give_guardian_papers"),
    path("v1/refunds/<slug:number>/guardian/accept/", refunds.guardians_api.accept, name="accept_guardian_papers"),
    path("v1/refunds/<slug:number>/guardian/refuse/", refunds.guardians_api.refuse, name="refuse_guardian_papers"),
    path("v1/refunds/<slug:number>/guardian/ask-again/", refunds.guardians_api.ask_again, name="ask_guardian_again"),
    path("v1/contests/", refunds.contests_api.contest_list, name="contests"),
    path("v1/refunds/<slug:number>/contest/", refunds.contests_api.contest, name="contest"),
    path("v1/refunds/<slug:number>/contest/file/", refunds.contests_api.file, name="file_contest"),
    path("v1/refunds/<slug:number>/contest/withdraw/", refunds.contests_api.withdraw, name="withdraw_contest"),
    path("v1/refunds/<slug:number>/contest/uphold/", refunds.contests_api.uphold, name="uphold_contest"),
    path("v1/refunds/<slug:number>/contest/overturn/", refunds.contests_api.overturn, name="overturn_contest"),
    path("v1/reports/", refunds.papers_api.report_list, name="reports"),
    path("v1/reports/<slug:number>/uphold/", refunds.papers_api.uphold_report, name="uphold_report"),
    path("v1/reports/<slug:number>/dismiss/", refunds.papers_api.dismiss_report, name="dismiss_report"),
    path("v1/shops/<slug:slug>/answers/", refunds.papers_api.answers, name="answers"),
    path("v1/shops/<slug:slug>/answers/<int:pk>/", refunds.papers_api.answer, name="answer"),
    path("v1/shops/<slug:slug>/word/", refunds.papers_api.word, name="word"),
    path("v1/refunds/<slug:number>/accept/", refunds.api.accept, name="accept_refund"),
    path("v1/refunds/<slug:number>/decline/", refunds.api.decline, name="decline_refund"),
    path("v1/refunds/<slug:number>/withdraw/", refunds.api.withdraw, name="withdraw_refund"),
    path("v1/refunds/<slug:number>/escalate/", refunds.api.escalate, name="escalate_refund"),
    path("v1/me/copies/", privacy.api.ask_copy, name="ask_copy"),
    path("v1/me/copies/<slug:number>/", privacy.api.copy, name="copy"),
    path("v1/me/erasures/", privacy.api.erasures, name="own_erasures"),
    path("v1/me/erasures/<slug:number>/withdraw/", privacy.api.withdraw, name="withdraw_erasure"),
    path("v1/me/looks/", privacy.api.looks, name="own_looks"),
    path("v1/staff/looks/", privacy.api.all_looks, name="all_looks"),
    path("v1/staff/erasures/", privacy.api.waiting, name="erasures"),
    path("v1/staff/erasures/<slug:number>/agree/", privacy.api.agree, name="agree_to_erasure"),
    path("v1/staff/erasures/<slug:number>/refuse/", privacy.api.refuse, name="refuse_erasure"),
    path("v1/staff/holds/", privacy.api.all_holds, name="holds"),
    path("v1/staff/holds/<slug:number>/propose/", privacy.api.propose, name="propose_release"),
    path("v1/staff/holds/<slug:number>/sign/", privacy.api.sign, name="sign_release"),
    path("v1/staff/holds/<slug:number>/keep/", privacy.api.keep, name="keep_hold"),
    path("v1/me/level/", reputation.api.level, name="own_level"),
    path("v1/me/measures/<int:pk>/appeal/", reputation.api.appeal, name="appeal_measure"),
    path("v1/recalls/<slug:number>/", reputation.api.recall, name="recall"),
    path("v1/recalls/<slug:number>/orders/<slug:order>/join/", reputation.api.join, name="join_recall"),
    path("v1/recalls/<slug:number>/orders/<slug:order>/keep/", reputation.api.keep, name="keep_recall"),
    path("v1/recalls/<slug:number>/answer/", reputation.api.answer_recall, name="answer_recall"),
    path("v1/recalls/<slug:number>/confirm/", reputation.api.confirm, name="confirm_recall"),
    path("v1/recalls/<slug:number>/lift/", reputation.api.lift, name="lift_recall"),
    path("v1/orders/<slug:number>/rating/", reputation.api.rate, name="rate_order"),
    path("v1/ratings/<int:pk>/reply/", reputation.api.reply, name="reply_to_rating"),
    path("v1/shops/<slug:slug>/ratings/", reputation.api.all_ratings, name="ratings"),
    path("v1/shops/<slug:slug>/figures/", reputation.api.shop_figures, name="shop_figures"),
    path("v1/refunds/<slug:number>/score/", reputation.api.score, name="score_case"),
    path("v1/shops/<slug:slug>/standing/", reputation.api.standing, name="standing"),
    path("v1/risk/people/", reputation.risk_api.people, name="risky_people"),
    path("v1/risk/people/<int:pk>/", reputation.risk_api.person, name="risky_person"),
    path("v1/risk/people/<int:pk>/measures/", reputation.risk_api.impose, name="impose_measure"),
    path("v1/risk/measures/<int:pk>/uphold/", reputation.risk_api.uphold, name="uphold_measure"),
    path("v1/risk/measures/<int:pk>/lift/", reputation.risk_api.lift, name="lift_measure"),
    path("v1/risk/contacts/", reputation.risk_api.known_contacts, name="known_contacts"),
    path("v1/risk/contacts/<int:pk>/drop/", reputation.risk_api.drop_contact, name="drop_contact"),
    path("v1/risk/signals/<int:pk>/dismiss/", reputation.risk_api.dismiss, name="dismiss_signal"),
    path("v1/transparency/", reputation.api.transparency, name="transparency"),
    path("v1/refunds/<slug:number>/offer/", refunds.talks_api.offer, name="offer_in_refund"),
    path("v1/refunds/<slug:number>/counter/", refunds.talks_api.counter, name="counter_in_refund"),
    path("v1/refunds/<slug:number>/take/", refunds.talks_api.take, name="take_in_refund"),
    path("v1/refunds/<slug:number>/end-talks/", refunds.talks_api.end_talks, name="end_talks_in_refund"),
    path("v1/refunds/<slug:number>/question/", refunds.talks_api.question, name="question_refund"),
    path("v1/refunds/<slug:number>/answer/", refunds.talks_api.answer, name="answer_refund"),
    path("v1/refunds/<slug:number>/extend/", refunds.talks_api.extend, name="extend_refund"),
    path("v1/refunds/<slug:number>/goodwill/", refunds.talks_api.goodwill, name="goodwill_refund"),
    path("v1/refunds/<slug:number>/replace/", refunds.talks_api.replace, name="replace_refund"),
    path("v1/refunds/<slug:number>/promise/", refunds.talks_api.promise, name="promise_refund"),
    path("v1/refunds/<slug:number>/cannot-supply/", refunds.talks_api.cannot_supply, name="cannot_supply_refund"),
    path(
        "v1/refunds/<slug:number>/confirm-replacement/",
        refunds.talks_api.confirm_replacement,
        name="confirm_replacement",
    ),
    path("v1/refunds/<slug:number>/bad-again/", refunds.talks_api.bad_again, name="bad_again_refund"),
    path("v1/rules/versions/", rulebook.staff_api.all_versions, name="rule_versions"),
    path("v1/rules/versions/<int:pk>/", rulebook.staff_api.version, name="rule_version"),
    path("v1/rules/versions/<int:pk>/propose/", rulebook.staff_api.propose, name="propose_rules"),
    path("v1/rules/versions/<int:pk>/sign/", rulebook.staff_api.sign, name="sign_rules"),
    path("v1/rules/versions/<int:pk>/send-back/", rulebook.staff_api.send_back, name="send_rules_back"),
    path("v1/rules/versions/<int:pk>/withdraw/", rulebook.staff_api.withdraw, name="withdraw_rules"),
    path("v1/rules/versions/<int:pk>/replay/", rulebook.staff_api.replay, name="replay_rules"),
    path("v1/rules/calculate/", rulebook.api.calculate, name="calculate"),
    path("v1/shops/<slug:slug>/webhooks/", notifications.webhook_api.endpoints, name="endpoints"),
    path("v1/webhooks/<int:pk>/rotate/", notifications.webhook_api.rotate, name="rotate_endpoint"),
    path("v1/webhooks/<int:pk>/replay/", notifications.webhook_api.replay, name="replay_endpoint"),
    path("v1/webhooks/<int:pk>/calls/", notifications.webhook_api.calls, name="calls"),
    path("v1/webhooks/<int:pk>/news/", notifications.webhook_api.news, name="news"),
    path("v1/notices/settings/", notifications.api.choices, name="notice_settings"),
    path("v1/orders/<slug:number>/person/", support.api.call, name="call_for_person"),
    path("v1/talks/", support.api.talks, name="talks"),
    path("v1/talks/<slug:number>/close/", support.api.close, name="close_talk"),
    path("v1/staff/talks/", support.api.queue, name="waiting_talks"),
    path("v1/staff/talks/<slug:number>/", support.api.story, name="talk_story"),
    path("v1/staff/talks/<slug:number>/take/", support.api.take, name="take_talk"),
    path("v1/staff/talks/<slug:number>/answer/", support.api.answer, name="answer_talk"),
    path("v1/staff/talks/<slug:number>/hand-over/", support.api.hand_over, name="hand_talk_over"),
    path("v1/complaints/", complaints.api.complaints, name="complaints"),
    path("v1/complaints/<slug:number>/", complaints.api.complaint, name="complaint"),
    path("v1/complaints/<slug:number>/take/", complaints.api.take, name="take_complaint"),
    path("v1/complaints/<slug:number>/link/", complaints.api.link, name="link_complaint"),
    path("v1/complaints/<slug:number>/case/", complaints.api.open_case, name="open_case_for_complaint"),
    path("v1/complaints/<slug:number>/say/", complaints.api.say, name="say_to_complaint"),
    path("v1/complaints/<slug:number>/preview/", complaints.api.preview, name="preview_complaint_answer"),
    path("v1/complaints/<slug:number>/answer/", complaints.api.answer, name="answer_complaint"),
    path("v1/complaints/<slug:number>/hand-in/", complaints.api.hand_in, name="hand_in_answer"),
    path("v1/complaints/<slug:number>/close/", complaints.api.close, name="close_complaint"),
    path("v1/left_over/", orders.outage_api.left_over, name="left_over"),
    path("v1/left_over/<int:pk>/<int:order>/again/", orders.outage_api.try_left_over_again, name="try_left_over_again"),
    path("v1/outages/", timeline.clock_api.register, name="outages"),
    path("v1/outages/<int:pk>/", timeline.clock_api.outage, name="outage"),
    path("v1/outages/<int:pk>/end/", timeline.clock_api.end, name="end_outage"),
    path("v1/outages/<int:pk>/widen/", timeline.clock_api.widen, name="widen_outage"),
    path("v1/clocks/stuck/", timeline.clock_api.stuck, name="stuck_clocks"),
    path("v1/clocks/<int:pk>/try-again/", timeline.clock_api.try_again, name="try_clock_again"),
    path("v1/shops/", shops.api.shops, name="shops"),
    path("v1/shops/<slug:slug>/", shops.api.shop, name="shop"),
    path("v1/shops/<slug:slug>/deposit/", shops.api.deposit, name="deposit"),
    path("v1/shops/<slug:slug>/looks/", shops.money_api.looks_of_shop, name="looks_of_shop"),
    path("v1/money_looks/", shops.money_api.all_looks, name="all_money_looks"),
    path("v1/shops/<slug:slug>/deposit/close/", shops.api.close_deposit, name="close_deposit"),
    path("v1/shops/<slug:slug>/money/<slug:pocket>/", desks.api.money, name="money_of_shop"),
    path("v1/shops/<slug:slug>/orders/", orders.api.orders_of_shop, name="orders_of_shop"),
    path("v1/shops/<slug:slug>/listings/", shops.api.listings_of_shop, name="listings_of_shop"),
    path("v1/listings/", shops.api.listings, name="listings"),
    path("v1/listings/<int:pk>/", shops.api.listing, name="listing"),
    path("v1/listings/<int:pk>/edit/", shops.api.edit_listing, name="edit_listing"),
    path("v1/listings/<int:pk>/sell/", shops.api.put_on_sale, name="put_on_sale"),
    path("v1/listings/<int:pk>/pause/", shops.api.pause_listing, name="pause_listing"),
    path("v1/listings/<int:pk>/resume/", shops.api.resume_listing, name="resume_listing"),
    path("v1/listings/<int:pk>/close/", shops.api.close_listing, name="close_listing"),
    path("v1/listings/<int:pk>/batches/", shops.stock_api.batches, name="batches"),
    path("v1/listings/<int:pk>/intakes/", shops.stock_api.intakes, name="intakes"),
    path("v1/listings/<int:pk>/rest/", shops.stock_api.rest_term, name="rest_term"),
    path("v1/batches/<int:pk>/", shops.stock_api.batch, name="batch"),
    path("v1/batches/<int:pk>/stop/", shops.stock_api.stop_batch, name="stop_batch"),
    path("v1/batches/<int:pk>/resume/", shops.stock_api.resume_batch, name="resume_batch"),
    path("v1/intakes/<int:pk>/", shops.stock_api.intake, name="intake"),
    path("v1/suppliers/<int:pk>/edit/", shops.stock_api.edit_supplier, name="edit_supplier"),
    path("v1/shops/<slug:slug>/stock/", shops.stock_api.stock, name="stock"),
    path("v1/shops/<slug:slug>/suppliers/", shops.stock_api.suppliers, name="suppliers"),
    path("v1/shops/<slug:slug>/deposit/pay/", shops.money_api.pay_in, name="pay_in"),
    path("v1/shops/<slug:slug>/withdrawals/", shops.money_api.withdrawals, name="withdrawals"),
    path("v1/shops/<slug:slug>/account/", shops.money_api.account, name="account_of_shop"),
    path("v1/shops/<slug:slug>/members/", shops.staff_api.members, name="members"),
    path("v1/members/<int:pk>/duty/", shops.staff_api.change_duty, name="change_duty"),
    path("v1/members/<int:pk>/accept/", shops.staff_api.accept, name="accept_invitation"),
    path("v1/members/<int:pk>/decline/", shops.staff_api.decline, name="decline_invitation"),
    path("v1/members/<int:pk>/remove/", shops.staff_api.remove, name="remove_member"),
    path("v1/invitations/", shops.staff_api.invitations, name="invitations"),
    path("v1/applications/", shops.applications_api.applications, name="applications"),
    path("v1/applications/<int:pk>/", shops.applications_api.application, name="application"),
    path("v1/applications/<int:pk>/write/", shops.applications_api.write_application, name="write_application"),
    path(
        "v1/applications/<int:pk>/papers/",
        shops.applications_api.give_application_paper,
        name="give_application_paper",
    ),
    path("v1/applications/<int:pk>/hand_in/", shops.applications_api.hand_in, name="hand_in"),
    path("v1/applications/<int:pk>/withdraw/", shops.applications_api.withdraw, name="withdraw_application"),
    path("v1/applications/<int:pk>/appeal/", shops.applications_api.appeal_application, name="appeal_application"),
    path("v1/applications/<int:pk>/take_on/", shops.applications_api.take_on, name="take_on"),
    path("v1/applications/<int:pk>/approve/", shops.applications_api.approve, name="approve_application"),
    path("v1/applications/<int:pk>/send_back/", shops.applications_api.send_back, name="send_back_application"),
    path("v1/applications/<int:pk>/refuse/", shops.applications_api.refuse, name="refuse_application"),
    path("v1/shops/<slug:slug>/papers/", shops.standing_api.papers_of_shop, name="papers_of_shop"),
    path("v1/papers/<int:pk>/take/", shops.standing_api.take_paper, name="take_paper"),
    path("v1/papers/<int:pk>/refuse/", shops.standing_api.refuse_paper, name="refuse_paper"),
    path("v1/shops/<slug:slug>/level/", shops.standing_api.set_level, name="set_level"),
    path("v1/shops/<slug:slug>/steps/", shops.standing_api.steps, name="steps"),
    path("v1/shops/<slug:slug>/contact/", shops.standing_api.show_contact, name="show_contact"),
    path("v1/steps/<int:pk>/appeal/", shops.standing_api.appeal_step, name="appeal_step"),
    path("v1/steps/<int:pk>/renew/", shops.standing_api.renew_step, name="renew_step"),
    path("v1/steps/<int:pk>/lift/", shops.standing_api.lift_step, name="lift_step"),
    path("v1/steps/<int:pk>/uphold/", shops.standing_api.uphold_step, name="uphold_step"),
    path("v1/listings/<int:pk>/look_over/", shops.standing_api.look_over, name="look_over_listing"),
    path("v1/listings/<int:pk>/take_down/", shops.standing_api.take_down, name="take_down_listing"),
    path("v1/clashes/", shops.stock_api.clashes, name="clashes"),
    path("v1/clashes/<int:pk>/settle/", shops.stock_api.settle_clash, name="settle_clash"),
    path("v1/staff/mail/", notifications.mail_api.mails, name="mails"),
    path("v1/staff/mail/<int:pk>/again/", notifications.mail_api.try_again, name="retry_mail"),
    path("v1/notices/", notifications.api.notices, name="notices"),
    path("v1/notices/read/", notifications.api.read_notices, name="read_notices"),
    path("v1/notices/<int:pk>/read/", notifications.api.read_notice, name="read_notice"),
    path("v1/owed/", disputes.owed_api.owed_to_me, name="owed"),
    path("v1/disputes/", disputes.api.disputes, name="disputes"),
    path("v1/disputes/<slug:number>/", disputes.api.dispute, name="dispute"),
    path("v1/disputes/<slug:number>/open/", disputes.api.open_file, name="open_dispute_file"),
    path("v1/disputes/<slug:number>/statements/", disputes.api.statements, name="submit_to_dispute"),
    path("v1/disputes/<slug:number>/rest/", disputes.api.rest, name="rest_dispute"),
    path("v1/disputes/<slug:number>/assign/", disputes.api.assign, name="assign_dispute"),
    path("v1/disputes/<slug:number>/rule/", disputes.api.rule, name="rule_dispute"),
    path("v1/disputes/<slug:number>/draft/", disputes.drafts_api.draft, name="ruling_draft"),
    path("v1/disputes/<slug:number>/sign/", disputes.api.sign, name="sign_dispute"),
    path("v1/disputes/<slug:number>/withdraw/", disputes.api.withdraw, name="withdraw_dispute"),
    path("v1/disputes/<slug:number>/concede/", disputes.api.concede, name="concede_dispute"),
    *(
        path(f"v1/disputes/<slug:number>/{name}/", act, name=f"{name.replace('-', '_')}_dispute_act")
        for name, act in disputes.acts_api.ADDRESSES.items()
    ),
    path("v1/neutrals/", disputes.acts_api.neutrals, name="neutrals"),
    path("v1/disputes/<slug:number>/bundles/", disputes.bundle_api.ask, name="ask_for_bundle"),
    path("v1/bundles/<slug:number>/", disputes.bundle_api.bundle, name="bundle"),
    path("v1/differences/", ledger.reconciling_api.differences, name="differences"),
    path("v1/differences/<int:pk>/settle/", ledger.reconciling_api.settle, name="settle_difference"),
    path("v1/precedents/", disputes.precedent_api.listed, name="precedents"),
    path("v1/precedents/digest/", disputes.precedent_api.digest, name="digest"),
    path("v1/second-looks/<int:pk>/", disputes.precedent_api.look, name="second_look"),
    path("v1/rulings/<slug:number>/", disputes.seal_api.ruling, name="ruling_file"),
    path("v1/seals/", disputes.seal_api.seals, name="seals"),
    path("v1/seals/check/", disputes.seal_api.check_file, name="check_ruling_file"),
    path("v1/seals/keys/", disputes.seal_api.keys, name="public_keys"),
    path("v1/seals/<slug:number>/", disputes.seal_api.check, name="check_seal"),
    re_path(r"^(?P<rest>.*)$", problems.unknown_route),
]
