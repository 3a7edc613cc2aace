"""Who may do what: the one table that the door, the API and the office ask.

A *profile* is what a device is enrolled as or an office account's role. What a record means
once it is in (whether a decision counts, say) is judged by `standing`, not here.
"""

from collections.abc import Mapping
from enum import StrEnum

from sync_server.domain.records import KINDS


class Profile(StrEnum):
    """Devices: clerk, chair. Office: chair and all after it."""

    CLERK = "clerk"
    CHAIR = "chair"
    HEADQUARTERS = "headquarters"
    SECRETARY = "secretary"
    PROPAGANDA = "propaganda"
    AUDITOR = "auditor"
    EDITOR = "editor"


DEVICE_PROFILES = frozenset({Profile.CLERK, Profile.CHAIR})
OFFICE_ROLES = frozenset(Profile) - {Profile.CLERK}


class Action(StrEnum):
    """What can be asked of the server.

    Who has a point is moreover held to it, and who has a unit to its people.
    """

    PUSH = "push"
    PUSH_DETAIL = "push_detail"
    PULL = "pull"
    READ_ROSTER = "read_roster"
    READ_STANDING = "read_standing"
    READ_BOARD = "read_board"
    READ_MEETINGS = "read_meetings"
    READ_DETAIL = "read_detail"
    READ_REQUESTS = "read_requests"
    READ_PERSON = "read_person"
    READ_CONTACTS = "read_contacts"
    READ_DEVICES = "read_devices"
    READ_HELD = "read_held"
    READ_ARRANGEMENTS = "read_arrangements"
    READ_QUALITY = "read_quality"
    READ_AUDIT = "read_audit"
    READ_ACCOUNTS = "read_accounts"
    DECIDE = "decide"
    REOPEN = "reopen"
    CORRECT = "correct"
    ARRANGE = "arrange"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_ACCOUNTS = "manage_accounts"
    RULE = "rule"
    EVALUATE = "evaluate"
    PUBLISH = "publish"
    IMPORT_QUEUE = "import_queue"
    ISSUE_CARDS = "issue_cards"
    OWN_ACCOUNT = "own_account"


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
    Profile.SECRETARY: frozenset(),
    Profile.PROPAGANDA: frozenset(),
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
    Profile.CHAIR: _AT_A_POINT
    | {
        Action.READ_DETAIL,  # of what that chair decides on
        Action.READ_REQUESTS,
        Action.READ_PERSON,
        Action.DECIDE,
        Action.REOPEN,
        Action.OWN_ACCOUNT,
    },
    Profile.HEADQUARTERS: frozenset(Action),
    Profile.SECRETARY: frozenset(
        {Action.READ_MEETINGS, Action.READ_REQUESTS, Action.READ_PERSON, Action.OWN_ACCOUNT}
    ),
    # Materials and evaluation; who came is not theirs to touch (domain.md row 20).
    Profile.PROPAGANDA: frozenset(
        {
            Action.READ_MEETINGS,
            Action.READ_BOARD,
            Action.READ_QUALITY,
            Action.EVALUATE,
            Action.PUBLISH,
            Action.OWN_ACCOUNT,
        }
    ),
    # Everything that can be read, with a log of it.
    Profile.AUDITOR: frozenset(a for a in Action if a.startswith("read_"))
    | {Action.PULL, Action.OWN_ACCOUNT},
    # The portal holds nothing personal.
    Profile.EDITOR: frozenset({Action.PUBLISH, Action.OWN_ACCOUNT}),
}

PERSONAL = frozenset(
    {
        Action.READ_STANDING,
        Action.READ_REQUESTS,
        Action.READ_PERSON,
        Action.READ_CONTACTS,
        Action.READ_DETAIL,
        Action.READ_ARRANGEMENTS,
        Action.READ_HELD,
        Action.READ_AUDIT,
        Action.READ_ACCOUNTS,
    }
)
"""What shows people in the office: each view of it goes to the audit log, as every act does."""

PERSONAL_BY_API = frozenset({Action.PULL, Action.READ_ROSTER, Action.READ_STANDING})
"""What shows people to an office account's program; each opening of a detail notes itself."""

NEEDS_READ_TOKEN = frozenset(
    {Action.PULL, Action.READ_ROSTER, Action.READ_STANDING, Action.READ_DETAIL}
)
"""Personal data: a device shows its read token, which its PIN protects, not the push token."""
