"""Read the choices that users make in the previews of uploaded lists."""

from flask import request

from sync_server.domain.unit_names import MAX_ALIAS

NEW_PLACE = "+"
"""The answer by which a user states that a name in the list means a unit or a hall to be made."""
MOST_UNMATCHED = 100
"""The maximum number of unknown names for which a user chooses a unit or a hall on a preview page.
If a list has more, the user must import a list of units first."""


def chosen_units() -> dict[str, str]:
    """Return the code of the unit that the user chose for a name in the list, by the name.

    A field `u-NAME` contains the code, or "" if nothing was chosen. Longer names are cut to
    `MAX_ALIAS` characters.
    """
    return _chosen("u-")


def chosen_points() -> dict[str, str]:
    """Return the code of the hall that the user chose for a name in the list, by the name.

    The fields are called `h-NAME`; apart from that, see `chosen_units`.
    """
    return _chosen("h-")


def new_units() -> set[str]:
    """Return the names in the list for which the user wants to make units."""
    return {name for name, code in _answers("u-").items() if code == NEW_PLACE}


def new_points() -> set[str]:
    """Return the names in the list for which the user wants to make halls."""
    return {name for name, code in _answers("h-").items() if code == NEW_PLACE}


def _chosen(prefix: str) -> dict[str, str]:
    return {name: "" if code == NEW_PLACE else code for name, code in _answers(prefix).items()}


def _answers(prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix)[:MAX_ALIAS]: code[:16]
        for name, code in request.form.items()
        if name.startswith(prefix)
    }
