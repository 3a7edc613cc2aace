"""Remember in a signed cookie which accounts have signed in with this browser.

After several failed sign-ins, an account must wait. In a browser that the account has used before,
failures in other browsers cause no wait, so strangers cannot lock the account out.
"""

import hashlib
import secrets

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from sync_server.config import Settings

COOKIE = "browser"
LIFE_S = 365 * 24 * 3600
MOST_ACCOUNTS = 8
"""The maximum number of accounts in the cookie that records who has signed in with a browser. The
limit keeps the cookie small. The account that signed in longest ago is dropped first."""


def known_browser(name: str) -> str | None:
    """Return the code under which this browser is known for the account `name`.

    The code is in the browser's cookie. Return None if the account has never signed in with this
    browser.
    """
    return _codes().get(name)


def remember_browser(response: Response, name: str) -> None:
    """Add the account `name` to the response's cookie of accounts that signed in with this browser.

    An account that is already in the cookie keeps its code; any other account gets a random code.
    """
    settings: Settings = current_app.config["SETTINGS"]
    codes = _codes()
    code = codes.pop(name, None) or secrets.token_hex(16)
    kept = dict([*codes.items(), (name, code)][-MOST_ACCOUNTS:])
    is_https = settings.public_url.startswith("https:")
    response.set_cookie(
        _cookie_name(),
        _serializer().dumps(kept),
        max_age=LIFE_S,
        secure=is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _cookie_name() -> str:
    """Return the name of the cookie that contains the accounts known in this browser.

    Over https, the name has a prefix that makes browsers send the cookie only to this host.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return f"__Host-{COOKIE}" if settings.public_url.startswith("https:") else COOKIE


def _codes() -> dict[str, str]:
    try:
        codes = _serializer().loads(request.cookies.get(_cookie_name(), ""))
    except BadSignature:
        return {}
    return codes if isinstance(codes, dict) else {}


def _serializer() -> URLSafeSerializer:
    settings: Settings = current_app.config["SETTINGS"]
    return URLSafeSerializer(
        settings.secret_key, salt="known browser", signer_kwargs={"digest_method": hashlib.sha256}
    )
