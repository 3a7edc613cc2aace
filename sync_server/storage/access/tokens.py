"""Tokens and enrolment codes: shown once and stored only as a hash."""

import hashlib
import secrets

PUSH, READ, OFFICE, SESSION = "dp_", "dr_", "oa_", "os_"
"""Token prefixes, so that the kind of a leaked token can be recognised."""

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Characters that cannot be mistaken for others when read aloud or copied by hand."""

_CODE_LETTERS = 16
"""16 letters out of 30 give 78 random bits; fewer than 64 could be guessed."""


def new_token(prefix: str) -> str:
    """Return a bearer token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def new_code() -> str:
    """Return an enrolment code such as `7F3K-9Q2M-X4TB-HN6C`."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return "-".join(letters[i : i + 4] for i in range(0, _CODE_LETTERS, 4))


def new_first_password() -> str:
    """Return a password such as `7f3k-9q2m-x4tb`, to be printed and changed at first sign-in."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12)).lower()
    return "-".join(letters[i : i + 4] for i in range(0, 12, 4))


def new_second_secret() -> str:
    """Return six digits that are given by telephone, besides a code that travels by post."""
    return f"{secrets.randbelow(1_000_000):06}"


def new_device_id() -> str:
    """Return a device's id such as `D-7F3KQ2MX`, short enough to be read over the telephone."""
    return "D-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def hash_token(token: str) -> str:
    """Return the stored hash of a token; tokens are random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(code: str) -> str:
    """Return the stored hash of a code, however it was typed: case, spaces, dashes do not count."""
    return hash_token("".join(filter(str.isalnum, code)).upper())
