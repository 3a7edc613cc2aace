"""Check a new user account and its password before a web page or a command stores them."""

import msgspec
from sqlalchemy import Connection

from sync_server.domain.names import fold
from sync_server.domain.records.codes import DeviceCode
from sync_server.domain.records.door import OFFICE_DEVICE
from sync_server.domain.records.permissions import Profile
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.access.accounts import Account
from sync_server.storage.people import roster

MIN_PASSWORD_LENGTH = 10
LEAST_SCORE = 3
"""The least score, from 0 to 4, that the library zxcvbn must give to a password. A score of 3 means
that an attacker needs over a hundred million guesses. Common passwords, dates and neighbouring keys
such as `qwerty` score less.
"""
LOCAL_WORDS = (
    "matkhau", "diemcau", "dangbo", "danguy", "chibo", "tinhuy", "huyenuy", "bantochuc", "hoinghi",
    "bithu", "vietnam", "password",
)  # fmt: skip
"""Words that an attacker would try on this server; the dictionaries of zxcvbn lack most of them.
They are written without spaces, punctuation and accents.
"""
LEAST_OTHER_LETTERS = 6
"""The least number of other letters in a password that contains words of `LOCAL_WORDS`.

An attacker would try these words, so a password with fewer other letters is refused."""
MAX_ACCOUNT_NAME = 32
RESERVED_NAMES = frozenset({"server"})
"""Names that no account may have. Commands write records under the name `server`, and no user may
write under that name."""


def password_fault(name: str, password: str) -> str | None:
    """Return why a new password is too weak for the account `name`; None if it is acceptable.

    The reason is a message in Vietnamese. A password must have at least 10 characters, must not be
    easy to guess, must not consist mainly of words that attackers would try (`LOCAL_WORDS`), and
    must not contain the account's name.
    """
    from zxcvbn import zxcvbn  # its word lists take a while to load

    if len(password) < MIN_PASSWORD_LENGTH:
        return say("account.password_short", length=MIN_PASSWORD_LENGTH)
    if fold(name) in fold(password):
        return say("account.password_is_name")
    score = zxcvbn(password, user_inputs=[name, *LOCAL_WORDS], max_length=200)["score"]
    if score < LEAST_SCORE or _is_a_local_word(password):
        return say("account.password_plain")
    return None


def _is_a_local_word(password: str) -> bool:
    """Return whether a password consists mainly of words that attackers would try (`LOCAL_WORDS`).

    Digits and punctuation marks are ignored, so an example is `DangUy@2024x`.
    """
    letters = "".join(letter for letter in fold(password) if letter.isalpha())
    rest = letters
    for word in LOCAL_WORDS:
        rest = rest.replace(word, "")
    return rest != letters and len(rest) < LEAST_OTHER_LETTERS


def fault_of(connection: Connection, account: Account, password: str) -> str | None:
    """Return the first fault of a proposed account or its password; None if both are valid.

    The fault is a message in Vietnamese. A name has at most 32 lower-case letters, digits and
    hyphens. The account of a chair, who presides in a hall, must have a point (the code of the
    hall) and a person. The account of a unit's secretary must have a unit (the code of a Party
    organisation). No other account may have any of these. The hall, person or unit must exist.
    """
    try:
        msgspec.convert(f"{OFFICE_DEVICE}{account.name}", DeviceCode)
    except msgspec.ValidationError:
        return say("account.name_form", value=account.name)
    if (
        len(account.name) > MAX_ACCOUNT_NAME
        or account.name in RESERVED_NAMES
        or account.name != account.name.lower()
    ):
        return say("account.name_form", value=account.name)
    if fault := password_fault(account.name, password):
        return fault
    needs_point = account.role is Profile.CHAIR
    needs_unit = account.role is Profile.SECRETARY
    if needs_point != (account.point is not None) or needs_point != (account.person is not None):
        return say("users.chair_needs")
    if needs_unit != (account.unit is not None):
        return say("users.secretary_needs")
    if account.point and account.point not in directory.point_codes(connection):
        count = len(directory.point_codes(connection))
        return say("point.unknown", value=account.point, count=count)
    if account.unit and account.unit not in directory.unit_names(connection):
        return say("error.unknown_unit", unit=account.unit)
    if account.person and account.person not in roster.known_people(connection):
        return say("person.unknown", value=account.person)
    return None
