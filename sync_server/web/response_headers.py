"""Add headers to every response, so that browsers cache no personal data and run no foreign code.

Headers that a page has set itself are not changed.
"""

from flask import Flask, Response, current_app, request

from sync_server.config import Settings

API_HEADER = "Diemcau-Api"
"""Every API response has this header. If it is missing, a device knows that a Wi-Fi login page or a
proxy answered instead of the server."""
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy of HTML pages that set none themselves, such as error pages. The
pages may load styles and pictures from this site, but no scripts."""
PORTAL_FILE, FIRST_ERROR = "site.file", 400
"""The route that serves the files of the portal (the public website), and the lowest status of an
error. Below this status, responses of the route get no cache header and no content security policy
here: the route decides on these headers. A policy sent with the service worker's script would also
restrict what the service worker may load."""
HSTS = f"max-age={365 * 24 * 3600}"
"""The value of the header Strict-Transport-Security. A browser that has connected over TLS once
uses only TLS for the next year (RFC 6797)."""


def init_app(app: Flask) -> None:
    """Make the app add security and cache headers to every response."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add the security and cache headers that a response lacks, and return the response.

    Files of the portal (the public website) get no cache header and no content security policy
    here, because their route decides on these headers. API responses also get `API_HEADER`.
    """
    settings: Settings = current_app.config["SETTINGS"]
    policy = PAGE_POLICY if response.mimetype == "text/html" else NO_CONTENT_POLICY
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if not (request.endpoint == PORTAL_FILE and response.status_code < FIRST_ERROR):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Security-Policy", policy)
    if settings.public_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = HSTS
    if request.path.startswith("/api/"):
        response.headers[API_HEADER] = "1"
    return response
