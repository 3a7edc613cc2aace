"""Permissions: the one table that the door, the API and the office consult.

A *profile* is the role of an enrolled device or of an office account. The effect of an accepted
record (whether a decision counts, say) is judged by `standing`, not here.
"""

from collections.abc import Mapping
from enum import StrEnum

from sync_server.domain.records.kinds import KINDS


class Profile(StrEnum):
    """The profiles. A device is a clerk's or a chair's; an office account has any but clerk."""

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
    """The actions that callers can ask of the server.

    A caller with a point is also limited to that point, a caller with a unit to its people.
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
    READ_REPORT = "read_report"
    READ_FOLLOW_UPS = "read_follow_ups"
    READ_AUDIT = "read_audit"
    READ_ACCOUNTS = "read_accounts"
    FOLLOW_UP = "follow_up"
    DECIDE = "decide"
    DELEGATE = "delegate"
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


_CLERK_AND_CHAIR_WRITE = frozenset(
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
    # A clerk attests what happened in the hall; only a chair decides.
    Profile.CLERK: _CLERK_AND_CHAIR_WRITE
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
    Profile.CHAIR: _CLERK_AND_CHAIR_WRITE | {"absence_decision", "reopening"},
    Profile.HEADQUARTERS: frozenset(KINDS),
    Profile.SECRETARY: frozenset({"follow_up"}),
    Profile.PROPAGANDA: frozenset({"follow_up"}),
    Profile.AUDITOR: frozenset(),
    Profile.EDITOR: frozenset(),
}

_CLERK_AND_CHAIR_MAY = frozenset(
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
    Profile.CLERK: _CLERK_AND_CHAIR_MAY,
    Profile.CHAIR: _CLERK_AND_CHAIR_MAY
    | {
        Action.READ_DETAIL,  # of the requests that the chair decides on
        Action.READ_REQUESTS,
        Action.READ_PERSON,
        Action.DECIDE,
        Action.DELEGATE,
        Action.READ_FOLLOW_UPS,
        Action.FOLLOW_UP,
        Action.REOPEN,
        Action.OWN_ACCOUNT,
    },
    Profile.HEADQUARTERS: frozenset(Action),
    Profile.SECRETARY: frozenset(
        {
            Action.READ_MEETINGS,
            Action.READ_REQUESTS,
            Action.READ_PERSON,
            Action.READ_FOLLOW_UPS,
            Action.FOLLOW_UP,
            Action.OWN_ACCOUNT,
        }
    ),
    # Materials and evaluation, but no attendance records (checklist row 20).
    Profile.PROPAGANDA: frozenset(
        {
            Action.READ_MEETINGS,
            Action.READ_BOARD,
            Action.READ_QUALITY,
            Action.READ_REPORT,
            Action.READ_FOLLOW_UPS,
            Action.FOLLOW_UP,
            Action.EVALUATE,
            Action.PUBLISH,
            Action.OWN_ACCOUNT,
        }
    ),
    # An auditor reads everything and writes no records.
    Profile.AUDITOR: frozenset(a for a in Action if a.startswith("read_"))
    | {Action.PULL, Action.OWN_ACCOUNT},
    # An editor publishes only: the portal holds no personal data.
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
        Action.READ_REPORT,  # of totals, but who exported what is logged
        Action.READ_FOLLOW_UPS,
        Action.READ_AUDIT,
        Action.READ_ACCOUNTS,
    }
)
"""Actions that show personal data in the office; the audit log records every such view."""

PERSONAL_BY_API = frozenset({Action.PULL, Action.READ_ROSTER, Action.READ_STANDING})
"""API reads of personal data that are audited for office accounts; details are logged apart."""

NEEDS_READ_TOKEN = frozenset(
    {Action.PULL, Action.READ_ROSTER, Action.READ_STANDING, Action.READ_DETAIL}
)
"""Actions on personal data: a device needs its read token, which its PIN protects."""
