"""Turn errors into responses: JSON documents (RFC 9457) for the API, HTML pages for people."""

import logging

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from sync_server.config import MAX_BODY_BYTES, OFFICE_PATH
from sync_server.database import FULL_RETRY_S, busy, is_full
from sync_server.errors import (
    AppError,
    BodyTooLarge,
    DiskFull,
    ForeignHost,
    FormExpired,
    InternalFault,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)
from sync_server.web import request_log

_log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register handlers on the app that turn every exception into an error response."""
    app.register_error_handler(AppError, error_response)
    app.register_error_handler(HTTPException, _httperror_response)
    app.register_error_handler(OperationalError, _database_fault_response)
    app.register_error_handler(OSError, _file_fault_response)
    app.register_error_handler(PoolTimeout, _database_fault_response)
    app.register_error_handler(Exception, _bug_response)


def error_response(error: AppError) -> Response:
    """Return the response to an error.

    Under `/api/`, the response is a JSON problem document (RFC 9457); elsewhere, it is an HTML
    page. If the request names a foreign host, the response is plain text, because the links of a
    page would lead to that host. Where applicable, headers state how long to wait before a retry
    and how to authenticate.
    """
    if isinstance(error, ForeignHost):  # an HTML page would contain links to that host
        return Response(str(error), error.status, mimetype="text/plain")
    if request.path.startswith("/api/"):
        response = jsonify(error.problem())
        response.mimetype = "application/problem+json"
    else:
        g.is_fault = error.status >= FIRST_SERVER_ERROR
        page = render_template("error.html", error=error, back=_form_page(), typed=_typed_texts())
        response = Response(page)
    response.status_code = error.status
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status == MISSING_CREDENTIALS:
        response.headers["WWW-Authenticate"] = 'Bearer realm="diemcau"'
    return response


def _typed_texts() -> list[str]:
    """Return the longer texts of a submitted form, so that the error page can show them.

    Only forms of the office (the web pages for signed-in users) count; for another request, return
    []. Only texts with several words and at least `MIN_SHOWN_AGAIN` characters are returned. Fields
    with "password" in their name are left out.
    """
    if request.method != "POST" or not request.path.startswith(f"{OFFICE_PATH}/"):
        return []
    return [
        text
        for name, text in request.form.items()
        if " " in text.strip() and len(text) >= MIN_SHOWN_AGAIN and "password" not in name
    ]


def _form_page() -> str | None:
    """Return the URL of the page on this site from which the request's form was sent.

    Return None if the request does not send a form, or came from another site or an unknown page.
    """
    our_origins = tuple(f"{scheme}://{request.host}/" for scheme in ("https", "http"))
    is_ours = (request.referrer or "").startswith(our_origins)
    return request.referrer if is_ours and request.method == "POST" else None


MALFORMED, MISSING_CREDENTIALS, FIRST_SERVER_ERROR = 400, 401, 500
MIN_SHOWN_AGAIN = 20
"""An error page shows a submitted text again, so that the user can copy it, if the text has at
least 20 characters. Shorter texts are quick to type again."""


def _httperror_response(fault: HTTPException) -> Response:
    if isinstance(fault, CSRFError):
        return error_response(FormExpired())
    match fault.code:
        case 404:
            return error_response(NotFound(path=request.path))
        case 405:
            return error_response(MethodNotAllowed(method=request.method, path=request.path))
        case 400:
            return error_response(MalformedRequest(fault=fault.description or "?"))
        case 413:
            return error_response(BodyTooLarge(limit=MAX_BODY_BYTES))
        case code if code is not None and MALFORMED <= code < FIRST_SERVER_ERROR:
            return error_response(MalformedRequest(fault=fault.name))
        case _:  # a redirect
            return make_response(fault.get_response())


def _database_fault_response(fault: Exception) -> Response:
    _log.error("the database did not answer", exc_info=fault)
    if is_full(fault):
        return error_response(DiskFull(retry_after_s=FULL_RETRY_S))
    return error_response(busy())


def _file_fault_response(fault: OSError) -> Response:
    return _database_fault_response(fault) if is_full(fault) else _bug_response(fault)


def _bug_response(fault: Exception) -> Response:
    reference = request_log.request_id()
    _log.error("internal fault %s", reference, exc_info=fault)
    return error_response(InternalFault(reference=reference))
