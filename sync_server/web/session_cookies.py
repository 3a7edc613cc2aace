"""Read the session cookie that browsers send to the office."""

from flask import Flask, session

TOKEN = "token"  # noqa: S105 - the name of a field, not a secret
"""The cookie's field with the session token. The cookie of a visitor who has not signed in yet has
no such field."""


def has_signed_session(app: Flask, cookies: str) -> bool:
    """Return whether a `Cookie` header contains a session that this server signed for an account.

    The database is not read, so a session that has ended still counts.
    """
    with app.test_request_context(headers={"Cookie": cookies}):
        return TOKEN in session
