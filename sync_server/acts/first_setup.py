"""Let the person who installs the server create its first account in a browser.

The address of the page contains a signed code. The code works for 24 hours, and only as long as the
server has no account.
"""

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Connection

from sync_server.storage.access import accounts

SALT = "first-setup"
CODE_LIFE_S = 24 * 3600


def new_code(secret_key: str) -> str:
    """Return a code that opens the page for creating the server's first account.

    The code is signed with `secret_key`, the server's secret key.
    """
    return URLSafeTimedSerializer(secret_key, salt=SALT).dumps("")


def is_valid(connection: Connection, secret_key: str, code: str) -> bool:
    """Return whether a code opens the page for creating the server's first account.

    The code must be signed with `secret_key` and at most 24 hours old, and no account may exist
    yet.
    """
    try:
        URLSafeTimedSerializer(secret_key, salt=SALT).loads(code, max_age=CODE_LIFE_S)
    except BadSignature:
        return False
    return not accounts.all_accounts(connection)
