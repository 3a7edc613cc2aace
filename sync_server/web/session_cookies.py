"""Read the session cookie that browsers send to the office (the pages for staff who sign in)."""

import hashlib

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

TOKEN = "token"  # noqa: S105 - the name of a field, not a secret
"""The field of the session cookie that contains the session token. It is missing until the visitor
signs in."""

API_PATH = "/api/"


class SessionInterface(SecureCookieSessionInterface):
    """Sign session cookies with SHA-256 instead of Flask's SHA-1."""

    digest_method = staticmethod(hashlib.sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(API_PATH):  # the API has no cookies, and is called most often
            return self.make_null_session(app)
        return super().open_session(app, request)


def has_signed_session(app: Flask, cookies: str) -> bool:
    """Return whether the cookies contain the session of a signed-in user, with a valid signature.

    `cookies` is the value of a `Cookie` header. The database is not read, so a session that has
    ended still counts.
    """
    with app.test_request_context(headers={"Cookie": cookies}):
        return TOKEN in session
