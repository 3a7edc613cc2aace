"""Test that the OpenAPI document describes the routes of the API.

Random requests that the document permits must not make the server fail.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from tests.conftest import Persona

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
"""The number of random requests that are sent to every operation of the API; `make fuzz` sends
more.
"""
FIRST_SERVER_ERROR = 500


def test_every_route_and_no_other_is_in_the_document(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    described = {
        (path, method.upper()) for path, methods in document["paths"].items() for method in methods
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
    assert ("/api/v1/sync", "POST") in described
    assert ("/api/v1/meetings/{meeting}/points/{point}/roster", "GET") in described
    assert len(described) >= 20
    records = document["components"]["schemas"]["SyncRequest"]["properties"]["records"]
    assert records["items"]["discriminator"]["propertyName"] == "kind"


def statuses_of(operation: Any, headers: dict[str, str]) -> set[int]:
    """Send random requests to an operation of the API; return the HTTP statuses of the answers.

    Raises: AssertionError if the server fails (status 500 or more).
    """
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        answer = case.call(headers=headers)
        statuses.add(answer.status_code)
        assert answer.status_code < FIRST_SERVER_ERROR, case.as_curl_command()

    send()
    return statuses


@pytest.mark.parametrize("caller", ["clerk", "headquarters", "stranger"])
def test_no_request_that_the_document_allows_breaks_the_server(
    app: Flask,
    caller: str,
    as_clerk: Callable[..., Persona],
    as_headquarters: Persona,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sync_server.web.rate_limits.count_attempt", lambda *_: None)
    token = {"clerk": as_clerk().token, "headquarters": as_headquarters.token, "stranger": None}
    headers = {"Authorization": f"Bearer {token[caller]}"} if token[caller] else {}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    statuses: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        statuses[result.ok().label] = statuses_of(result.ok(), headers)
    assert len(statuses) >= 20
    assert 200 in statuses["GET /healthz"]
