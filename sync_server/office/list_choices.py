"""Read the choices that users make in the previews of uploaded lists."""

from collections.abc import Iterable

from flask import request

from sync_server.acts.list_imports import UnmatchedName
from sync_server.domain.unit_names import MAX_ALIAS

NEW_PLACE = "+"
"""The value of a form field if the user wants a new unit or hall for a name in the list."""
MOST_UNMATCHED = 100
"""The maximum number of unknown names in a list for which the preview offers a choice of units or
halls. If a list has more, the user must import a list of units first."""


def chosen_units() -> dict[str, str]:
    """Return {unit's name in an uploaded list: code of the unit that the user chose for it}.

    The form field `u-NAME` contains the chosen unit's code. If the field is "" and the user has
    ticked `near-units`, the code is that of a similarly named unit, from the field `nu-NAME`. The
    code is "" if there is no such unit, or if the user wants a new unit. Names longer than
    `MAX_ALIAS` characters are shortened.
    """
    return _chosen("u-", "near-units")


def chosen_points() -> dict[str, str]:
    """Return {name in an uploaded list: code of the hall that the user chose for the name}.

    The form field `h-NAME` contains the chosen hall's code. If the field is "" and the user has
    ticked `near-points`, the code is that of a similarly named hall, from the field `nh-NAME`. The
    code is "" if there is no such hall, or if the user wants a new hall. Names longer than
    `MAX_ALIAS` characters are shortened.
    """
    return _chosen("h-", "near-points")


def new_units(names: Iterable[UnmatchedName]) -> set[str]:
    """Return the names in a list for which the user wants to add new units.

    `names` are names that no stored unit has. The result contains the names for which the user
    chose a new unit in the form. If the user ticked `make-units`, it also contains those of
    `names` without a choice, unless a stored unit has a similar name.
    """
    return _new_places(names, "u-", "make-units")


def new_points(names: Iterable[UnmatchedName]) -> set[str]:
    """Return the names in a list for which the user wants to add new halls.

    `names` are names that no stored hall has. The result contains the names for which the user
    chose a new hall in the form. If the user ticked `make-points`, it also contains those of
    `names` without a choice, unless a stored hall has a similar name.
    """
    return _new_places(names, "h-", "make-points")


def _new_places(names: Iterable[UnmatchedName], prefix: str, tick: str) -> set[str]:
    answers = _answers(prefix)
    wanted = {name for name, code in answers.items() if code == NEW_PLACE}
    if tick in request.form:
        others = (name.text for name in names if not name.near and not name.code)
        wanted |= {text[:MAX_ALIAS] for text in others if not answers.get(text[:MAX_ALIAS])}
    return wanted


def _chosen(prefix: str, tick: str) -> dict[str, str]:
    near = _answers(f"n{prefix}") if tick in request.form else {}
    answers = {name: code or near.get(name, "") for name, code in _answers(prefix).items()}
    return {name: "" if code == NEW_PLACE else code for name, code in answers.items()}


def _answers(prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix)[:MAX_ALIAS]: code[:16]
        for name, code in request.form.items()
        if name.startswith(prefix)
    }
