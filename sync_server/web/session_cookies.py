"""The office's session cookie, which requests to the office carry."""

from flask import Flask, session

TOKEN = "token"  # noqa: S105 - a name, not a secret
"""The field of the cookie with the session's token; a visitor who is signing in has none."""


def has_signed_session(app: Flask, cookies: str) -> bool:
    """Return whether a `Cookie` header carries a session that this server signed for an account.

    The database is not read, so that a session that has ended still counts.
    """
    with app.test_request_context(headers={"Cookie": cookies}):
        return TOKEN in session
