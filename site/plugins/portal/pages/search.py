"""Make the data files for the portal's search, which runs in the reader's browser.

There are separate files for every meeting, for the help pages and for every document's text, so
that a reader downloads only the changed text again. Every file is a script that calls
`portalDocuments`. Over http, the search page reads the file as data. From `file://`, a page cannot
fetch data, and runs the file as a script instead.
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
    """Return a search document, which is an entry in the search data, with the given fields.

    Fields with an empty value, such as None or "", are left out.
    """
    return {name: value for name, value in fields.items() if value}


def material_document(material: Material) -> dict[str, object]:
    """Return the search entry of a material (a document for meetings), without the text.

    `has_text` is True if the text is in a separate file, which is the case for a public material. A
    material that is not public has neither text nor summary.
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
    """Return the search entry of a meeting, with its title, date, summary, agenda and text.

    `words` is the meeting's text, without tags.
    """
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
    """Return the search entry of a help page. `words` is the page's text, without tags."""
    return make_document(
        id=f"trang/{page.name}.html",
        kind="TRANG",
        title=page.matter.title,
        summary=page.matter.summary,
        text=" ".join([words, *page.matter.keywords]),
    )


def halls_document(halls: Iterable[HallLine]) -> dict[str, object]:
    """Return one search entry for the page that lists all halls.

    The entry's text contains the code, name and address of every hall.
    """
    return make_document(
        id=HALLS_PAGE,
        kind="TRANG",
        title=say("portal.halls.title"),
        summary=say("portal.halls.about"),
        text=" ".join(f"{hall.code} {hall.name} {hall.address or ''}".strip() for hall in halls),
    )


def documents_file(documents: Iterable[dict[str, Any]] | Sequence[dict[str, Any]]) -> bytes:
    """Return the content of a search file: a script with the search entries in `documents`."""
    return script_call({"documents": list(documents)})


def text_file(material: Material, words: str) -> bytes:
    """Return the content of a search file with the whole text (`words`) of a material.

    A material is a document for meetings. The file is a script that contains the address of the
    material's page and the text.
    """
    return script_call({"id": f"t/{material.matter.code}.html", "text": words})


def script_call(value: object) -> bytes:
    """Return a script that calls the function `portalDocuments` with `value` as JSON.

    The JSON is the text between the first and the last parenthesis.
    """
    return f"{CALL}(".encode() + msgspec.json.encode(value) + b");\n"
