"""Remember in a signed cookie which accounts have signed in with this browser.

In such a browser, failed sign-ins from elsewhere cause no wait. Strangers who guess a password
therefore cannot lock the account's owner out.
"""

import secrets

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from sync_server.config import Settings

COOKIE = "browser"
LIFE_S = 365 * 24 * 3600
MOST_ACCOUNTS = 8
"""The maximum number of accounts in a cookie. The account that signed in longest ago is dropped
first."""


def known_browser(name: str) -> str | None:
    """Return this browser's code for an account, or None if the account never signed in here."""
    return _codes().get(name)


def remember_browser(response: Response, name: str) -> None:
    """Add an account to the response's cookie of accounts that have signed in with this browser.

    An account that is already in the cookie keeps its code; any other account gets a random code.
    """
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
