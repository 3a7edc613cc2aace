"""Build the menus of the office (the web pages for signed-in users).

Every page declares its menu entries in the decorator `allowed`, which also states who may open the
page.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import current_app, request, url_for

from sync_server.domain.records.permissions import MAY
from sync_server.storage.access.accounts import Account

UrlValues = Mapping[str, str] | None


def _no_values(_: Account) -> UrlValues:
    return {}


class Menu(NamedTuple):
    """A menu entry that a page declares. Accounts that may do the page's action can see it.

    `place` is the position in the menu, and `title` is the key of a text in the message catalogue.
    `url_values` is a function that returns the variable parts of the page's address for an account,
    or None to hide the entry. In the menu of a meeting, `meeting_value` is the name of the part of
    the address that receives the meeting's id.
    """

    place: int
    title: str
    url_values: Callable[[Account], UrlValues] = _no_values
    meeting_value: str = "meeting"


class Entry(NamedTuple):
    """A menu entry with the page's address, as the template shows it.

    `title` is the key of a text in the message catalogue. `is_current` is True if the page is open
    now.
    """

    title: str
    link: str
    is_current: bool


def main_menu(account: Account) -> list[Entry]:
    """Return the entries of the main menu that an account may see, in the order of the menu."""
    return _entries("menu", account)


def meeting_menu(account: Account, meeting: str) -> list[Entry]:
    """Return the entries of a meeting's menu that an account may see, in the order of the menu.

    `meeting` is the meeting's id, which becomes part of every link.
    """
    return _entries("meeting_menu", account, meeting)


def _entries(kind: str, account: Account, meeting: str | None = None) -> list[Entry]:
    entries = []
    for endpoint, view in current_app.view_functions.items():
        menu: Menu | None = getattr(view, kind, None)
        if menu is None or getattr(view, "action", None) not in MAY[account.role]:
            continue
        values = menu.url_values(account)
        if values is not None:
            parts: dict[str, Any] = {**values, **({menu.meeting_value: meeting} if meeting else {})}
            entry = Entry(menu.title, url_for(endpoint, **parts), request.endpoint == endpoint)
            entries.append((menu.place, entry))
    return [entry for _, entry in sorted(entries)]
