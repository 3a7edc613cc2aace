"""Form fields, read and checked: a fault names the field, the value and the remedy."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from flask import request

from sync_server.clocks import now_ms
from sync_server.domain.records.codes import PersonCode
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office.formatting import format_moment, parse_input

Choice = TypeVar("Choice", bound=str)

MAX_LETTERS = 2_000
LONGEST_PASSWORD = 200


def text(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return a field's text, empty if the field was not sent. Raises: BadForm."""
    value = request.form.get(name, "").strip()
    if "\x00" in value:
        raise BadForm(fault=say("form.choice", field=_field_label(name), value="\\0"))
    if len(value) > longest:
        raise BadForm(fault=say("form.too_long", field=_field_label(name), longest=longest))
    return value


def required_text(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return the text of a required field. Raises: BadForm."""
    value = text(name, longest=longest)
    if not value:
        raise BadForm(fault=say("form.empty", field=_field_label(name)))
    return value


def person_code(name: str) -> str:
    """Return a person's code in capitals, empty if none was typed. Raises: BadForm."""
    code = text(name, longest=32).upper()
    try:
        return msgspec.convert(code, PersonCode) if code else ""
    except msgspec.ValidationError:
        raise BadForm(fault=say("form.choice", field=_field_label(name), value=code)) from None


def password(name: str) -> str:
    """Return a password exactly as typed, with its spaces. Raises: BadForm."""
    required_text(name, longest=LONGEST_PASSWORD)
    return request.form[name]


def whole_number(name: str, *, least: int = 0, most: int) -> int | None:
    """Return a whole number from `least` to `most`; None for an empty field. Raises: BadForm."""
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
    """Return a date and time in Vietnam as milliseconds since 1970 UTC; None for an empty field.

    Raises: BadForm.
    """
    value = text(name)
    try:
        return parse_input(value)
    except ValueError:
        raise BadForm(
            fault=say("form.moment", field=_field_label(name), value=value[:40])
        ) from None


def moment_needed(name: str) -> int:
    """Return a required date and time as milliseconds since 1970 UTC. Raises: BadForm."""
    at_ms = moment(name)
    if at_ms is None:
        raise BadForm(fault=say("form.empty", field=_field_label(name)))
    return at_ms


def one_of(name: str, choices: Sequence[Choice]) -> Choice:
    """Return the value of a field if it is one of `choices`. Raises: BadForm."""
    value = text(name)
    for choice in choices:
        if choice == value:
            return choice
    raise BadForm(fault=say("form.choice", field=_field_label(name), value=value[:40]))


def requested_year() -> int:
    """Return the year in the query, by default the current year in Vietnam."""
    typed_year = request.args.get("nam", "")
    if typed_year.isascii() and typed_year.isdecimal() and len(typed_year) == len("2024"):
        return int(typed_year)
    return int(format_moment(now_ms(), "yyyy"))


def _field_label(name: str) -> str:
    return say(f"field.{name.partition(' ')[0]}")  # after a space comes the code of the row
