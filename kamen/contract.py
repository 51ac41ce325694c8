"""What every address of the API has in common, written into the contract: who may ask, and how each no is told."""

from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension

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
