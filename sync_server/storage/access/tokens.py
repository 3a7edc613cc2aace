"""Create random tokens, codes and first passwords, and hash them for storage.

Every secret is shown to its user once; the database contains only its hash.
"""

import hashlib
import secrets

PUSH, READ, OFFICE, SESSION = "dp_", "dr_", "oa_", "os_"
"""The prefixes of four kinds of tokens: for a device that sends records, for a device that also
reads data, for the API access of an office account, and for a browser session. If a token leaks,
its prefix shows what kind of token it is."""

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret
"""The 30 characters that are used in codes. The characters 0, 1, I, L, O and U are left out,
because they are easily confused when a code is read aloud or copied by hand."""

_CODE_LETTERS = 16
"""The number of characters in an enrolment code. 16 characters, chosen from 30, give 78 random
bits; with fewer than 64 bits, a code could be guessed."""


def new_token(prefix: str) -> str:
    """Return a new token: the prefix, then 256 random bits in base64url."""
    return prefix + secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a random enrolment code such as `7F3K-9Q2M-X4TB-HN6C`."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return "-".join(letters[i : i + 4] for i in range(0, _CODE_LETTERS, 4))


def new_first_password() -> str:
    """Return a random password such as `7f3k-9q2m-x4tb` for a user's first sign-in.

    The user must then replace it with another password.
    """
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12)).lower()
    return "-".join(letters[i : i + 4] for i in range(0, 12, 4))


def new_second_secret() -> str:
    """Return a second secret for enrolling a device: six random digits, to be given by telephone.

    The enrolment code itself goes by post.
    """
    return f"{secrets.randbelow(1_000_000):06}"


DEVICE_ID = rf"^D-[{_LETTERS}]{{8}}\Z"
"""The pattern of the ids that `new_device_id` returns."""


def new_device_id() -> str:
    """Return a random device id such as `D-7F3KQ2MX`, short enough to read over the telephone."""
    return "D-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def hash_token(token: str) -> str:
    """Return the sha256 of a token in hexadecimal, as stored.

    The hash has no salt. Nobody can guess 256 random bits, so a salt would add nothing.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(code: str) -> str:
    """Return the sha256 of an enrolment code in hexadecimal, as stored.

    Letter case, spaces and dashes are ignored.
    """
    return hash_token("".join(filter(str.isalnum, code)).upper())
