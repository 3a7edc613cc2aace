"""Opening what was sealed, for who may read it: words, pictures, documents. Each is logged."""

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from flask import current_app
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import write
from sync_server.errors import DetailUnreadable, UnknownDetail
from sync_server.office import access
from sync_server.storage import details

JSON = "application/json"


class Content(NamedTuple):
    """What a detail holds, and of which type it is, told by the content itself."""

    content: bytes
    media_type: str


def read_all(wanted: Mapping[str, str]) -> dict[str, Content]:
    """Open details, given with whom each is about; those that have not come, or are gone, lack."""
    reader, at_ms = access.who().name, now_ms()

    def work(c: Connection) -> dict[str, bytes]:
        boxes = {}
        for sha256, person in wanted.items():
            try:
                boxes[sha256] = details.read(c, sha256, reader, now_ms=at_ms, about=person)
            except UnknownDetail:
                continue
        return boxes

    found = {}
    for sha256, box in (write(work) if wanted else {}).items():
        try:
            found[sha256] = unseal(box)
        except DetailUnreadable:
            continue
    return found


def unseal(box: bytes) -> Content:
    """Open one box. Raises: DetailUnreadable."""
    settings: Settings = current_app.config["SETTINGS"]
    return Content(*sealing.open_sealed(settings.seal_key, box))


def words_of(found: Content | None) -> dict[str, str]:
    """Return the words of a detail; none of what is no text."""
    if found is None or found.media_type != JSON:
        return {}
    try:
        told = msgspec.json.decode(found.content, type=dict[str, object])
    except msgspec.DecodeError:
        return {}
    return {name: text for name, text in told.items() if isinstance(text, str)}


def picture_of(found: Content | None) -> Content | None:
    """Return the picture or document of a detail, whether it is one or holds one as a data URL."""
    if found is None or found.media_type != JSON:
        return found
    _, _, encoded = words_of(found).get("scan", "").partition(";base64,")
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    media_type = sealing.media_type_of(content)
    return Content(content, media_type) if media_type and media_type != JSON else None
