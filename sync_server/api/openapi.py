"""Describe the API as an OpenAPI 3.1 document, generated from its routes and types."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Struct
from werkzeug.routing import Rule

from sync_server.api.bodies import json_response
from sync_server.api.enrolment import EnrolRequest
from sync_server.api.releases import ActivateRequest
from sync_server.api.sync import SyncAnswer, SyncRequest
from sync_server.domain.records.kinds import Record
from sync_server.domain.release import Manifest
from sync_server.storage.access.devices import EnrolmentAnswer
from sync_server.storage.blobs.releases import ReleaseRow
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.people.roster import RosterLine

blueprint = Blueprint("openapi", __name__)

PREFIX = "api."
PUBLIC = frozenset(
    {
        "health.healthz",
        "health.readyz",
        "openapi.document",
        "enrolment.enrol",
        "releases.served_release",
    }
)


class Problem(Struct):
    """The body of every error response (RFC 9457).

    `code` identifies the kind of error, and stays the same in later versions; docs/errors.md lists
    all codes.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str


class RosterAnswer(Struct):
    """The people summoned at a hall. `rev` is the list's revision; `units` is {code: name}."""

    rev: str
    people: list[RosterLine]
    units: dict[str, str]


REQUESTS: Mapping[str, Any] = {
    "sync.sync": SyncRequest,
    "enrolment.enrol": EnrolRequest,
    "releases.put_release": Manifest,
    "releases.activate": ActivateRequest,
}
RESPONSES: Mapping[str, Any] = {
    "sync.sync": SyncAnswer,
    "enrolment.enrol": EnrolmentAnswer,
    "meetings.meetings": list[MeetingSummary],
    "meetings.point_roster": RosterAnswer,
    "releases.kept_releases": list[ReleaseRow],
}
"""The types of the JSON bodies of responses, by endpoint. docs/api.md describes the bodies of all
other responses.
"""
CREATED = frozenset({"enrolment.enrol"})
PIECES = frozenset({"details.put_detail", "releases.put_blob"})
"""The endpoints that receive a file in pieces (`Content-Range`)."""
REF = "#/components/schemas/{name}"


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the OpenAPI document of this API."""
    rules = [
        rule
        for rule in current_app.url_map.iter_rules()
        if rule.endpoint.startswith(PREFIX) and not rule.endpoint.startswith("api.metrics.")
    ]
    return json_response(_document(sorted(rules, key=lambda rule: rule.rule)))


def _document(rules: Sequence[Rule]) -> dict[str, Any]:
    types = [Problem, Record, *REQUESTS.values(), *RESPONSES.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = {str(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    for schema in [*schemas, *components.values()]:
        _translate_patterns(schema)
    components["SyncRequest"]["properties"]["records"]["items"] = by_type[str(Record)]
    paths: dict[str, Any] = {}
    for rule in rules:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, method, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Điểm Cầu", "version": "1", "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(rule: Rule, method: str, by_type: Mapping[str, Any]) -> dict[str, Any]:
    name = rule.endpoint.removeprefix(PREFIX)
    docstring = current_app.view_functions[rule.endpoint].__doc__ or ""
    parameters = [_parameter(argument, "path") for argument in sorted(rule.arguments)]
    if name == "meetings.standing":
        parameters.append(_parameter("point", "query"))
    operation: dict[str, Any] = {
        "operationId": f"{name}.{method.lower()}",
        "summary": docstring.split("\n\n")[0].replace("\n    ", " "),
        "parameters": parameters,
        "responses": {
            "201" if name in CREATED else "200": _content(by_type.get(str(RESPONSES.get(name)))),
            "default": _content(by_type[str(Problem)], "application/problem+json"),
        },
    }
    if name not in PUBLIC:
        operation["security"] = [{"token": []}]
    if name in REQUESTS:
        operation["requestBody"] = {**_content(by_type[str(REQUESTS[name])]), "required": True}
    elif name in PIECES and method == "PUT":
        operation["requestBody"] = _content({"type": "string"}, "application/octet-stream")
    return operation


def _translate_patterns(schema: Any) -> None:
    r"""Replace `\Z` with `$` in the regular expressions of a schema.

    OpenAPI uses the syntax of ECMA 262, which does not have Python's `\Z`.
    """
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            schema["pattern"] = pattern.replace(r"\Z", "$")
        for part in schema.values():
            _translate_patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            _translate_patterns(part)


def _parameter(name: str, place: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 64}
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _content(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    return {"description": "", "content": {media_type: {"schema": schema or {}}}}
