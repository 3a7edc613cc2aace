"""What the search reads: a file a meeting, one of help pages, and the text of each material.

The texts are files of their own, so that a material that changes costs its own bytes. Each is a
call of `portalDocuments`: the page that searches reads it as data over http, and runs it as a
script from `file://`, where nothing can be fetched.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from portal_content import Material, Meeting, Page

CALL = "portalDocuments"
FOLDER = "tim"


def document(**fields: object) -> dict[str, object]:
    """Return a document without the fields that say nothing."""
    return {name: value for name, value in fields.items() if value}


def of_material(material: Material) -> dict[str, object]:
    """Return what a material is found by before its text is there."""
    matter = material.matter
    return document(
        id=f"t/{matter.code}.html",
        kind=matter.kind,
        code=matter.code,
        title=matter.title,
        number=matter.number,
        issuer=matter.issuer,
        date=f"{matter.updated:%d/%m/%Y}",
        summary=matter.summary if material.state == "public" else None,
        has_text=material.state == "public",
    )


def of_meeting(meeting: Meeting, words: str) -> dict[str, object]:
    """Return what a meeting is found by."""
    matter = meeting.matter
    agenda = " ".join(f"{item.title} {item.presenter or ''}" for item in matter.agenda)
    return document(
        id=f"hoi-nghi/{meeting.id}.html",
        kind="HOI_NGHI",
        title=matter.title,
        issuer=matter.host,
        date=f"{matter.date:%d/%m/%Y}",
        summary=matter.summary,
        text=" ".join(f"{agenda} {words}".split()),
    )


def of_page(page: Page, words: str) -> dict[str, object]:
    """Return what a page of help is found by."""
    return document(
        id=f"trang/{page.name}.html",
        kind="TRANG",
        title=page.matter.title,
        summary=page.matter.summary,
        text=words,
    )


def documents_file(documents: Iterable[dict[str, Any]] | Sequence[dict[str, Any]]) -> bytes:
    """Return the file of some documents."""
    return call({"documents": list(documents)})


def text_file(material: Material, words: str) -> bytes:
    """Return the file of a material's text."""
    return call({"id": f"t/{material.matter.code}.html", "text": words})


def call(value: object) -> bytes:
    """Return a script that hands a value over; it is JSON between the first and last bracket."""
    return f"{CALL}(".encode() + msgspec.json.encode(value) + b");\n"
