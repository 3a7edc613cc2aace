"""Make the search's files, one per meeting, one for help pages and one per material's text.

Texts are in separate files, so that after a change a reader downloads one text only. Every file is
a script that calls `portalDocuments`. Over http, the search page reads the file as data. From
`file://`, where a page cannot fetch files, it runs the file as a script.
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
    """Return the given fields as a search document, without the empty fields."""
    return {name: value for name, value in fields.items() if value}


def material_document(material: Material) -> dict[str, object]:
    """Return the search document of a material, without the material's text.

    `has_text` is True if the text is in a separate file. A material that is not public has no
    summary.
    """
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
    """Return the search document of a meeting. `words` is the meeting's text, without tags."""
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
    """Return the search document of a help page. `words` is the page's text, without tags."""
    return make_document(
        id=f"trang/{page.name}.html",
        kind="TRANG",
        title=page.matter.title,
        summary=page.matter.summary,
        text=" ".join([words, *page.matter.keywords]),
    )


def halls_document(halls: Iterable[HallLine]) -> dict[str, object]:
    """Return a single search document for the list of all halls."""
    return make_document(
        id=HALLS_PAGE,
        kind="TRANG",
        title=say("portal.halls.title"),
        summary=say("portal.halls.about"),
        text=" ".join(f"{hall.code} {hall.name} {hall.address or ''}".strip() for hall in halls),
    )


def documents_file(documents: Iterable[dict[str, Any]] | Sequence[dict[str, Any]]) -> bytes:
    """Return the content of a search file that contains these documents."""
    return script_call({"documents": list(documents)})


def text_file(material: Material, words: str) -> bytes:
    """Return the content of a search file that contains a material's text, `words`."""
    return script_call({"id": f"t/{material.matter.code}.html", "text": words})


def script_call(value: object) -> bytes:
    """Return a script that calls `portalDocuments` with a value in JSON.

    The JSON is the text between the first and the last parenthesis.
    """
    return f"{CALL}(".encode() + msgspec.json.encode(value) + b");\n"
