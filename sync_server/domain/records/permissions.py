"""Define who may write which records and perform which actions, in the API and on web pages.

A *profile* is the role of an enrolled device, or of a user account for the office's web
pages. A permitted record may still have no effect, for example a decision by a person who
does not preside. The package `judging` determines the effect.
"""

from collections.abc import Mapping
from enum import StrEnum

from sync_server.domain.records.kinds import KINDS


class Profile(StrEnum):
    """The roles of devices, and of user accounts for the office's web pages.

    A device has the role of clerk (who takes attendance in a hall) or chair (who presides
    there). A user account has any role except clerk.
    """

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
    """The actions that a device or a user account can request from the server.

    Accounts and devices of one hall may act only for that hall. Accounts of one unit may act only
    for the people of that unit.
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
        "feedback",
        "shift",
        "void",
    }
)

MAY_WRITE: Mapping[Profile, frozenset[str]] = {
    # A clerk records what happened in the hall, but only a chair decides.
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
        Action.READ_DETAIL,  # only of requests that this chair decides on
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
    # The Propaganda Department edits materials and evaluations, not attendance (checklist row 20).
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
    # An editor only publishes the portal, which contains no personal data.
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
        Action.READ_REPORT,  # reports show totals, but every export is logged
        Action.READ_FOLLOW_UPS,
        Action.READ_AUDIT,
        Action.READ_ACCOUNTS,
    }
)
"""The actions that show personal data on office pages. The audit log records every one of them."""

PERSONAL_BY_API = frozenset({Action.PULL, Action.READ_ROSTER, Action.READ_STANDING})
"""The API actions that return personal data and are logged if a user account performs them.

The action `READ_DETAIL`, which returns decrypted personal data of a record, is not listed here,
because the code that performs this action writes to the log itself."""

NEEDS_READ_TOKEN = frozenset(
    {Action.PULL, Action.READ_ROSTER, Action.READ_STANDING, Action.READ_DETAIL}
)
"""The actions on personal data for which a device needs a second token, the read token.

On the device, a PIN protects the read token. A thief without the PIN can therefore read no personal
data from the server.
"""
