"""Who may do what: the one table that the door, the API and the office ask.

A *profile* is what a device is enrolled as or an office account's role. What a record means
once it is in (whether a decision counts, say) is judged by `standing`, not here.
"""

from collections.abc import Mapping
from enum import StrEnum


class Profile(StrEnum):
    """Devices: clerk, chair. Office: headquarters, auditor."""

    CLERK = "clerk"
    CHAIR = "chair"
    HEADQUARTERS = "headquarters"
    AUDITOR = "auditor"


DEVICE_PROFILES = frozenset({Profile.CLERK, Profile.CHAIR})
OFFICE_ROLES = frozenset({Profile.HEADQUARTERS, Profile.AUDITOR})


class Action(StrEnum):
    """What can be asked of the server; a device is moreover held to its own point."""

    PUSH = "push"
    PULL = "pull"
    READ_ROSTER = "read_roster"
    READ_STANDING = "read_standing"
    READ_BOARD = "read_board"
    READ_MEETINGS = "read_meetings"


MAY_WRITE: Mapping[Profile, frozenset[str]] = {
    Profile.CLERK: frozenset({"check_in", "check_out", "void", "closing"}),
    Profile.CHAIR: frozenset({"void", "closing"}),
    Profile.HEADQUARTERS: frozenset(
        {"setting", "roll", "check_in", "check_out", "void", "closing"}
    ),
    Profile.AUDITOR: frozenset(),
}

_AT_A_POINT = frozenset(
    {Action.PUSH, Action.PULL, Action.READ_ROSTER, Action.READ_STANDING, Action.READ_MEETINGS}
)

MAY: Mapping[Profile, frozenset[Action]] = {
    Profile.CLERK: _AT_A_POINT,
    Profile.CHAIR: _AT_A_POINT,
    Profile.HEADQUARTERS: frozenset(Action),
    Profile.AUDITOR: frozenset(Action) - {Action.PUSH},
}

NEEDS_READ_TOKEN = frozenset({Action.PULL, Action.READ_ROSTER, Action.READ_STANDING})
"""Personal data: a device shows its read token, which its PIN protects, not the push token."""
