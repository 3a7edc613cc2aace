"""Turns every error into its answer: a problem document for programs, a page for people."""

import logging
import secrets

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from sync_server.errors import (
    AppError,
    DatabaseBusy,
    FormExpired,
    InternalFault,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)

_log = logging.getLogger(__name__)
RETRY_SPREAD_S = 5
"""Halls that were turned away together should not come back together."""


def init_app(app: Flask) -> None:
    """Register the one handler of each kind of fault."""
    app.register_error_handler(AppError, _answer)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(OperationalError, _of_database)
    app.register_error_handler(PoolTimeout, _of_database)
    app.register_error_handler(Exception, _of_bug)


def _answer(error: AppError) -> Response:
    if request.path.startswith("/api/"):
        response = jsonify(error.problem())
        response.mimetype = "application/problem+json"
    else:
        g.is_fault = error.status >= OUR_FAULT
        response = Response(render_template("error.html", error=error, back=_back()))
    response.status_code = error.status
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status == MISSING_CREDENTIALS:
        response.headers["WWW-Authenticate"] = 'Bearer realm="diemcau"'
    return response


def _back() -> str | None:
    """Return the page of ours from which a form was sent."""
    ours = tuple(f"{scheme}://{request.host}/" for scheme in ("https", "http"))
    is_ours = (request.referrer or "").startswith(ours)
    return request.referrer if is_ours and request.method == "POST" else None


MISSING_CREDENTIALS, OUR_FAULT = 401, 500


def _of_http(fault: HTTPException) -> Response:
    if isinstance(fault, CSRFError):
        return _answer(FormExpired())
    match fault.code:
        case 404:
            return _answer(NotFound(path=request.path))
        case 405:
            return _answer(MethodNotAllowed(method=request.method, path=request.path))
        case 400:
            return _answer(MalformedRequest(fault=fault.description or "?"))
        case _:
            return make_response(fault.get_response())


def _of_database(fault: Exception) -> Response:
    _log.error("the database did not answer", exc_info=fault)
    return _answer(DatabaseBusy(retry_after_s=1 + secrets.randbelow(RETRY_SPREAD_S)))


def _of_bug(fault: Exception) -> Response:
    reference = secrets.token_hex(4)
    _log.error("internal fault %s", reference, exc_info=fault)
    return _answer(InternalFault(reference=reference))
