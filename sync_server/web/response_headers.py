"""Headers that every response carries: nothing personal is cached, nothing foreign runs.

Headers that a page has set stay.
"""

from flask import Flask, Response, current_app, request

from sync_server.config import Settings

API_HEADER = "Diemcau-Api"
"""Marks the API's answers: a Wi-Fi log-in page or a proxy may answer in their place."""
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The policy of pages outside of office and portal, which are errors."""
PORTAL_FILE, FIRST_ERROR = "site.file", 400
"""The portal's files have other headers: the policy of a worker's script binds the worker."""
HSTS = f"max-age={365 * 24 * 3600}"
"""A browser that came by TLS once comes by TLS for a year (RFC 6797)."""


def init_app(app: Flask) -> None:
    """Add the headers to every response."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add the headers that the response does not have yet."""
    settings: Settings = current_app.config["SETTINGS"]
    policy = PAGE_POLICY if response.mimetype == "text/html" else NO_CONTENT_POLICY
    if not (request.endpoint == PORTAL_FILE and response.status_code < FIRST_ERROR):
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Security-Policy", policy)
    if settings.public_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = HSTS
    if request.path.startswith("/api/"):
        response.headers[API_HEADER] = "1"
    return response
