"""Read lists that users upload in a form. Files larger than `MAX_LIST_BYTES` are rejected."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from flask import request

from sync_server.acts.list_imports import MAX_LIST_BYTES, UnreadableList, describe
from sync_server.errors import BadForm
from sync_server.messages import say

LONGEST_NAME = 120


class Upload(NamedTuple):
    """The name and the bytes of an uploaded file.

    If a name has over `LONGEST_NAME` (120) characters, only its last characters are kept.
    """

    name: str
    content: bytes


def list_file(field: str) -> Upload:
    """Return the file that was uploaded in the form field `field`.

    Raises: BadForm if the file is missing or larger than `MAX_LIST_BYTES`.
    """
    file = request.files.get(field)
    if file is None or not file.filename:
        raise BadForm(fault=say("form.nothing"))
    content = file.read(MAX_LIST_BYTES + 1)
    if len(content) > MAX_LIST_BYTES:
        raise BadForm(fault=say("lists.too_large", megabytes=MAX_LIST_BYTES // 2**20))
    return Upload(file.filename[-LONGEST_NAME:], content)


@contextmanager
def readable_list() -> Iterator[None]:
    """Convert the error `UnreadableList` inside the `with` block into a `BadForm` error.

    `UnreadableList` means that the uploaded file contains no readable table.
    """
    try:
        yield
    except UnreadableList as unreadable:
        raise BadForm(fault=describe(unreadable.fault)) from None
