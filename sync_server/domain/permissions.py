"""Who may do what: the one table that the door, the API and the office ask.

A *profile* is what a device is enrolled as or an office account's role. What a record means
once it is in (whether a decision counts, say) is judged by `standing`, not here.
"""

from collections.abc import Mapping
from enum import StrEnum

from sync_server.domain.records import KINDS


class Profile(StrEnum):
    """Devices: clerk, chair. Office: headquarters, auditor, editor."""

    CLERK = "clerk"
    CHAIR = "chair"
    HEADQUARTERS = "headquarters"
    AUDITOR = "auditor"
    EDITOR = "editor"


DEVICE_PROFILES = frozenset({Profile.CLERK, Profile.CHAIR})
OFFICE_ROLES = frozenset({Profile.HEADQUARTERS, Profile.AUDITOR, Profile.EDITOR})


class Action(StrEnum):
    """What can be asked of the server; a device is moreover held to its own point."""

    PUSH = "push"
    PUSH_DETAIL = "push_detail"
    PULL = "pull"
    READ_ROSTER = "read_roster"
    READ_STANDING = "read_standing"
    READ_BOARD = "read_board"
    READ_MEETINGS = "read_meetings"
    READ_DETAIL = "read_detail"
    PUBLISH = "publish"
    IMPORT_QUEUE = "import_queue"
    ISSUE_CARDS = "issue_cards"


_BOTH_AT_A_POINT = frozenset(
    {
        "absence_request",
        "absence_document",
        "absence_withdrawal",
        "chair_delegation",
        "chair_assumed",
        "closing",
        "follow_up",
        "shift",
        "void",
    }
)

MAY_WRITE: Mapping[Profile, frozenset[str]] = {
    # A clerk attests what happened in the hall; deciding is a chair's.
    Profile.CLERK: _BOTH_AT_A_POINT
    | {
        "check_in",
        "check_out",
        "seat_change",
        "seat_check",
        "guest",
        "substitute",
        "conduct",
        "readiness",
        "incident",
    },
    Profile.CHAIR: _BOTH_AT_A_POINT | {"absence_decision", "reopening"},
    Profile.HEADQUARTERS: frozenset(KINDS),
    Profile.AUDITOR: frozenset(),
    Profile.EDITOR: frozenset(),
}

_AT_A_POINT = frozenset(
    {
        Action.PUSH,
        Action.PUSH_DETAIL,
        Action.PULL,
        Action.READ_ROSTER,
        Action.READ_STANDING,
        Action.READ_MEETINGS,
    }
)

MAY: Mapping[Profile, frozenset[Action]] = {
    Profile.CLERK: _AT_A_POINT,
    Profile.CHAIR: _AT_A_POINT | {Action.READ_DETAIL},  # of what that chair decides on
    Profile.HEADQUARTERS: frozenset(Action),
    Profile.AUDITOR: frozenset(Action)
    - {
        Action.PUSH,
        Action.PUSH_DETAIL,
        Action.READ_DETAIL,
        Action.PUBLISH,
        Action.IMPORT_QUEUE,
        Action.ISSUE_CARDS,
    },
    Profile.EDITOR: frozenset({Action.PUBLISH}),  # the portal holds nothing personal
}

NEEDS_READ_TOKEN = frozenset(
    {Action.PULL, Action.READ_ROSTER, Action.READ_STANDING, Action.READ_DETAIL}
)
"""Personal data: a device shows its read token, which its PIN protects, not the push token."""
