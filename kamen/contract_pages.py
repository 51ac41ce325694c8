"""The contract as people read it: all addresses with their groups and words, and each group with its objects."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from kamen import problems
from kamen.contract import PROBLEMS, SHARED


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
