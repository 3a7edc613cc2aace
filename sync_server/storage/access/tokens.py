"""Create random tokens, codes and first passwords, and hash them for storage.

Each is shown to its user once; the database contains only the hash.
"""

import hashlib
import secrets

PUSH, READ, OFFICE, SESSION = "dp_", "dr_", "oa_", "os_"
"""Token prefixes, which reveal the kind of a leaked token: push, read, office or session."""

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that are hard to confuse when read aloud or copied by hand."""

_CODE_LETTERS = 16
"""16 of the 30 characters give 78 random bits; fewer than 64 bits could be guessed."""


def new_token(prefix: str) -> str:
    """Return a bearer token that consists of the prefix and 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a random enrolment code such as `7F3K-9Q2M-X4TB-HN6C`."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return "-".join(letters[i : i + 4] for i in range(0, _CODE_LETTERS, 4))


def new_first_password() -> str:
    """Return a random password such as `7f3k-9q2m-x4tb`, to be changed at first sign-in."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12)).lower()
    return "-".join(letters[i : i + 4] for i in range(0, 12, 4))


def new_second_secret() -> str:
    """Return six random digits to give by telephone, in addition to a code sent by post."""
    return f"{secrets.randbelow(1_000_000):06}"


def new_device_id() -> str:
    """Return a random device id such as `D-7F3KQ2MX`, short enough to read over the telephone."""
    return "D-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def hash_token(token: str) -> str:
    """Return the sha256 of a token in hexadecimal, as stored.

    A token has 256 random bits, so its hash needs no salt.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(code: str) -> str:
    """Return the stored hash of an enrolment code, ignoring letter case, spaces and dashes."""
    return hash_token("".join(filter(str.isalnum, code)).upper())
