"""What forms send, read with clear faults: each names the field, the value and the remedy."""

from flask import request

from sync_server.errors import BadForm, NotFound
from sync_server.messages import say
from sync_server.office.shown import from_input

MAX_LETTERS = 2_000
LONGEST_PASSWORD = 200


def refuse_nul() -> None:
    """Turn away an address with a NUL, which is in no code and which no database compares."""
    parts = (*(request.view_args or {}).values(), *request.args.values())
    if any("\x00" in part for part in parts):
        raise NotFound(path=request.path)


def text(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return a field, empty where it is not sent. Raises: BadForm."""
    value = request.form.get(name, "").strip()
    if "\x00" in value:
        raise BadForm(fault=say("form.choice", field=_called(name), value="\\0"))
    if len(value) > longest:
        raise BadForm(fault=say("form.too_long", field=_called(name), longest=longest))
    return value


def needed(name: str, *, longest: int = MAX_LETTERS) -> str:
    """Return a field that must say something. Raises: BadForm."""
    value = text(name, longest=longest)
    if not value:
        raise BadForm(fault=say("form.empty", field=_called(name)))
    return value


def secret(name: str) -> str:
    """Return a password as it was typed, blanks and all. Raises: BadForm."""
    needed(name, longest=LONGEST_PASSWORD)
    return request.form[name]


def whole(name: str, *, least: int = 0, most: int) -> int | None:
    """Return a whole number, None for an empty field. Raises: BadForm."""
    value = text(name)
    if not value:
        return None
    is_short = value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if not (is_short and least <= int(value) <= most):
        fault = say("form.number", field=_called(name), value=value[:20], least=least, most=most)
        raise BadForm(fault=fault)
    return int(value)


def moment(name: str) -> int | None:
    """Return milliseconds since 1970 UTC of a date and time in Vietnam. Raises: BadForm."""
    value = text(name)
    try:
        return from_input(value)
    except ValueError:
        raise BadForm(fault=say("form.moment", field=_called(name), value=value[:40])) from None


def moment_needed(name: str) -> int:
    """Return a date and time that must be there. Raises: BadForm."""
    found = moment(name)
    if found is None:
        raise BadForm(fault=say("form.empty", field=_called(name)))
    return found


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return a field that names one of some choices. Raises: BadForm."""
    value = text(name)
    if value not in choices:
        raise BadForm(fault=say("form.choice", field=_called(name), value=value[:40]))
    return value


def _called(name: str) -> str:
    return say(f"field.{name.partition(' ')[0]}")  # what follows names the line that it stands in
