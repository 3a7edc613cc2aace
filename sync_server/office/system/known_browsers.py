"""Browsers in which an account has signed in before, known by a signed cookie.

Strangers who guess at an account's password do not keep its people out.
"""

import secrets

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from sync_server.config import Settings

COOKIE = "browser"
LIFE_S = 365 * 24 * 3600
MOST_ACCOUNTS = 8
"""The most accounts that a browser is known for; the one that signed in longest ago is dropped."""


def known_browser(name: str) -> str | None:
    """Return the code of this browser if the account has signed in with it before, else None."""
    return _codes().get(name)


def remember_browser(response: Response, name: str) -> None:
    """Let the response make this browser known for an account, under a new code if need be."""
    settings: Settings = current_app.config["SETTINGS"]
    codes = _codes()
    code = codes.pop(name, None) or secrets.token_hex(8)
    kept = dict([*codes.items(), (name, code)][-MOST_ACCOUNTS:])
    response.set_cookie(
        COOKIE,
        _serializer().dumps(kept),
        max_age=LIFE_S,
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
        path="/van-phong",
    )


def _codes() -> dict[str, str]:
    try:
        codes = _serializer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return {}
    return codes if isinstance(codes, dict) else {}


def _serializer() -> URLSafeSerializer:
    settings: Settings = current_app.config["SETTINGS"]
    return URLSafeSerializer(settings.secret_key, salt="known browser")
