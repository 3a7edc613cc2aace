"""Read and check the fields of a submitted form.

A `BadForm` error names the field, the faulty value and the remedy.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from flask import request

from sync_server.clocks import now_ms
from sync_server.domain.characters import INVISIBLE, UNPRINTABLE
from sync_server.domain.records.codes import PersonCode
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office.formatting import format_moment, parse_input

Choice = TypeVar("Choice", bound=str)

MAX_LETTERS = 2_000
LONGEST_PASSWORD = 200


def text(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return the text of the form field `name` without surrounding spaces; "" if it was not sent.

    Invisible characters, which come with a text that is copied from elsewhere, are left out.
    Raises: BadForm if the text has over `longest` characters, or contains a control character
    (other than a tab or line end) or a code point that is not a character.
    """
    lines = re.split("[\u2028\u2029]", request.form.get(name, ""))
    value = INVISIBLE.sub("", "\n".join(lines)).strip()
    if forbidden := UNPRINTABLE.search(value):
        shown = f"U+{ord(forbidden[0]):04X}"
        raise BadForm(fault=say("form.choice", field=_field_label(name), value=shown))
    if len(value) > longest:
        raise BadForm(fault=say("form.too_long", field=_field_label(name), longest=longest))
    return value


def required_text(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return the text of the required form field `name` without surrounding spaces.

    Raises: BadForm if the text is empty, has over `longest` characters or contains a control
    character.
    """
    value = text(name, longest=longest)
    if not value:
        raise BadForm(fault=say("form.empty", field=_field_label(name)))
    return value


def person_code(name: str) -> str:
    """Return the person's code in the form field `name`, in capital letters; "" for an empty field.

    Raises: BadForm if the text cannot be a person's code, for example because it contains a space.
    """
    code = text(name, longest=32).upper()
    try:
        return msgspec.convert(code, PersonCode) if code else ""
    except msgspec.ValidationError:
        raise BadForm(fault=say("form.choice", field=_field_label(name), value=code)) from None


def password(name: str) -> str:
    """Return the password in the form field `name` exactly as typed, including surrounding spaces.

    Raises: BadForm if it is empty or has over `LONGEST_PASSWORD` (200) characters.
    """
    required_text(name, longest=LONGEST_PASSWORD)
    return request.form[name]


def whole_number(name: str, *, least: int = 0, most: int) -> int | None:
    """Return the number in the form field `name`, from `least` to `most`; None for an empty field.

    Raises: BadForm if the text is not a whole number in this range.
    """
    value = text(name)
    if not value:
        return None
    is_short = value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if not (is_short and least <= int(value) <= most):
        fault = say(
            "form.number", field=_field_label(name), value=value[:20], least=least, most=most
        )
        raise BadForm(fault=fault)
    return int(value)


def moment(name: str) -> int | None:
    """Return the date and time in the form field `name` in ms since 1970 UTC; None if it is empty.

    The text is a time in Vietnam. Raises: BadForm if it is not a time, or if the year is not from
    2000 to 2199.
    """
    value = text(name)
    try:
        return parse_input(value)
    except ValueError:
        raise BadForm(
            fault=say("form.moment", field=_field_label(name), value=value[:40])
        ) from None


def required_moment(name: str) -> int:
    """Return the date and time in the required form field `name`, in ms since 1970 UTC.

    The text is a time in Vietnam. Raises: BadForm if it is empty or not a time, or if the year is
    not from 2000 to 2199.
    """
    at_ms = moment(name)
    if at_ms is None:
        raise BadForm(fault=say("form.empty", field=_field_label(name)))
    return at_ms


def day(name: str) -> str:
    """Return the date in the form field `name` as YYYY-MM-DD; "" for an empty field.

    Raises: BadForm if the text is not a date, or if the year is not from 2000 to 2199.
    """
    value = text(name)
    try:
        parse_input(f"{value}T00:00" if value else "")
    except ValueError:
        raise BadForm(fault=say("form.day", field=_field_label(name), value=value[:40])) from None
    return value


def one_of(name: str, choices: Sequence[Choice]) -> Choice:
    """Return the text of the form field `name`, which must be one of `choices`.

    Raises: BadForm if the text is not one of them.
    """
    value = text(name)
    for choice in choices:
        if choice == value:
            return choice
    raise BadForm(fault=say("form.choice", field=_field_label(name), value=value[:40]))


def requested_year(default: int | None = None) -> int:
    """Return the year in the query parameter `nam`, else `default`, else the current year.

    The parameter is ignored unless it consists of four digits.
    """
    typed_year = request.args.get("nam", "")
    if typed_year.isascii() and typed_year.isdecimal() and len(typed_year) == len("2024"):
        return int(typed_year)
    return default or int(format_moment(now_ms(), "yyyy"))


def requested_page() -> int:
    """Return the number of the page in the query (`trang`); 1 if it is missing or unreadable."""
    text = request.args.get("trang", "1")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 5 else 1


def _field_label(name: str) -> str:
    # Of a name such as `note ID`, only the part before the space has a label in the catalogue.
    return say(f"field.{name.partition(' ')[0]}")
