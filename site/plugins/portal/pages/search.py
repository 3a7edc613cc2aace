"""The data of the search: a file per meeting, one for help pages, and one per material's text.

Texts are separate files, so that a changed material costs only its bytes. Every file is a call of
`portalDocuments`: the search page reads it as data over http, and runs it as a script from
`file://`, where nothing can be fetched.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from portal.content.loading import Material, Meeting, PageText
from portal.messages import say
from portal.pages.listings import HallLine

CALL = "portalDocuments"
FOLDER = "tim"
HALLS_PAGE = "trang/diem-cau.html"


def make_document(**fields: object) -> dict[str, object]:
    """Return a search document without its empty fields."""
    return {name: value for name, value in fields.items() if value}


def material_document(material: Material) -> dict[str, object]:
    """Return the search document of a material, without its text."""
    matter = material.matter
    return make_document(
        id=f"t/{matter.code}.html",
        kind=matter.kind,
        code=matter.code,
        title=matter.title,
        number=matter.number,
        issuer=matter.issuer,
        date=f"{matter.updated:%d/%m/%Y}",
        summary=matter.summary if material.state == "public" else None,
        text=" ".join(matter.keywords),
        has_text=material.state == "public",
    )


def meeting_document(meeting: Meeting, words: str) -> dict[str, object]:
    """Return the search document of a meeting."""
    matter = meeting.matter
    agenda = " ".join(f"{item.title} {item.presenter or ''}" for item in matter.agenda)
    return make_document(
        id=f"hoi-nghi/{meeting.id}.html",
        kind="HOI_NGHI",
        title=matter.title,
        issuer=matter.host,
        date=f"{matter.date:%d/%m/%Y}",
        summary=matter.summary,
        text=" ".join(f"{agenda} {words}".split()),
    )


def page_document(page: PageText, words: str) -> dict[str, object]:
    """Return the search document of a help page."""
    return make_document(
        id=f"trang/{page.name}.html",
        kind="TRANG",
        title=page.matter.title,
        summary=page.matter.summary,
        text=" ".join([words, *page.matter.keywords]),
    )


def halls_document(halls: Iterable[HallLine]) -> dict[str, object]:
    """Return the search document of the list of halls."""
    return make_document(
        id=HALLS_PAGE,
        kind="TRANG",
        title=say("portal.halls.title"),
        summary=say("portal.halls.about"),
        text=" ".join(f"{hall.code} {hall.name} {hall.address or ''}".strip() for hall in halls),
    )


def documents_file(documents: Iterable[dict[str, Any]] | Sequence[dict[str, Any]]) -> bytes:
    """Return a file of search documents."""
    return script_call({"documents": list(documents)})


def text_file(material: Material, words: str) -> bytes:
    """Return the search file that holds a material's text."""
    return script_call({"id": f"t/{material.matter.code}.html", "text": words})


def script_call(value: object) -> bytes:
    """Return a script that passes a value on; its JSON stands between the outermost brackets."""
    return f"{CALL}(".encode() + msgspec.json.encode(value) + b");\n"
