"""Decrypt details (encrypted texts, pictures and documents about people), and log every access.

The functions do not check whether the signed-in account may open a detail; the code that calls them
must.
"""

import base64
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from flask import current_app, g

from sync_server import sealing
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import transaction
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.errors import DetailUnreadable, UnknownDetail
from sync_server.messages import say
from sync_server.office import access
from sync_server.storage.blobs import details

JSON = "application/json"
_fields_decoder = msgspec.json.Decoder(dict[str, object])


class DetailContent(NamedTuple):
    """The decrypted content of a detail: a JSON text, a picture or a PDF document.

    A detail is an encrypted text or file about a person. `media_type` is determined by the
    first bytes of the content.
    """

    content: bytes
    media_type: str


def open_details(people_by_detail: Mapping[str, str]) -> dict[str, DetailContent]:
    """Decrypt several details, log every access, and return {sha256: content of the detail}.

    A detail is an encrypted text or file about a person. `people_by_detail` is {sha256 of the
    detail: person's code}. Details that have not arrived or were deleted are left out. A detail
    that cannot be decrypted gets a broken JSON text as its content, so that pages show it as
    unreadable.
    """
    contents = {}
    for sha256, person in people_by_detail.items():
        try:
            contents[sha256] = open_detail(sha256, person)
        except DetailUnreadable:
            contents[sha256] = DetailContent(b"{", JSON)  # broken JSON is shown as unreadable
        except UnknownDetail:
            continue
    return contents


def open_detail(sha256: str, about: str) -> DetailContent:
    """Decrypt one detail, an encrypted text or file about people, and log the access.

    `sha256` identifies the detail. `about` contains the codes of the people, separated by spaces.

    Raises: UnknownDetail if the detail has not arrived or was deleted; DetailUnreadable if it
    cannot be decrypted.
    """
    settings: Settings = current_app.config["SETTINGS"]
    box = details.read(transaction(), sha256)
    log_opening(sha256, about)
    return DetailContent(*sealing.decrypt_detail(settings.seal_key, box))


def log_opening(sha256: str, about: str) -> None:
    """Log that the signed-in account has opened a detail, an encrypted text or file about people.

    `sha256` identifies the detail. `about` contains the codes of the people, separated by spaces.
    """
    reader = access.signed_in_account().name
    entry = details.opening_entry(sha256, reader, now_ms=now_ms(), about=about)
    g.setdefault("openings", []).append(entry)


def text_fields_of(detail: DetailContent | None) -> dict[str, str]:
    """Return {name: text} for the text fields of a decrypted detail; {} if there are none.

    A detail is a text or file about a person. Only a detail in JSON has fields. If the JSON is
    broken, return one field `note` with an explanation. The user can then still decide on the
    request to which the detail belongs.
    """
    if detail is None or detail.media_type != JSON:
        return {}
    try:
        fields = decode_foreign(detail.content, _fields_decoder)
    except msgspec.DecodeError:
        return {"note": say("detail.unreadable")}
    return {name: text for name, text in fields.items() if isinstance(text, str)}


def attachment_of(detail: DetailContent | None) -> DetailContent | None:
    """Return the picture or document that a detail is or contains, or None if there is none.

    A detail is a decrypted text or file about a person. A detail in JSON may contain the picture or
    document as a data URL in its field `scan`.
    """
    if detail is None or detail.media_type != JSON:
        return detail
    _, _, encoded = text_fields_of(detail).get("scan", "").partition(";base64,")
    try:
        content = base64.b64decode(encoded, validate=True)
    except ValueError:  # the text is not base64
        return None
    media_type = sealing.media_type_of(content)
    return DetailContent(content, media_type) if media_type and media_type != JSON else None
