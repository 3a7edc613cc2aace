"""Make reports on the office's web pages, download their files, and extract the files' text."""

import io
import zipfile
from collections.abc import Iterator

from pypdf import PdfReader

from sync_server.database import reading
from sync_server.storage import reports
from tests.factories import MEETING
from tests.office.desk import Desk

LAYOUT = "PARTY_HD05_2026"
PAGE = f"/hoi-nghi/{MEETING}/bao-cao"


def make(headquarters: Desk, kind: str = "evaluation", layout: str = LAYOUT) -> str:
    """Make a new revision of the meeting's report, and return the revision's id.

    `kind` and `layout` are values of the form's fields; the default layout is that of Party
    documents.
    Raises: AssertionError if the server refuses the form.
    """
    answer = headquarters.post(PAGE, report_kind=kind, layout=layout)
    assert answer.status_code == 302
    with reading() as c:
        latest = reports.latest(c, MEETING, kind)
    assert latest
    return latest.id


def export(headquarters: Desk, report_id: str, file_format: str, query: str = "") -> bytes:
    answer = headquarters.get(f"{PAGE}/{report_id}/{file_format}{query}")
    assert answer.status_code == 200
    return bytes(answer.data)


def parts_of(content: bytes) -> Iterator[str]:
    """Yield all text in a file, one part at a time.

    The parts of a ZIP archive are its files, except JPEG pictures; those of a PDF are its pages,
    its metadata and its attachments. Any other file is one part in UTF-8.
    """
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith(".jpeg")]
            yield from (archive.read(name).decode("utf-8", "replace") for name in names)
    elif content.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(content))
        yield from (page.extract_text() for page in reader.pages)
        yield str(reader.metadata)
        for attached in reader.attachments.values():
            yield from (part.decode("utf-8", "replace") for part in attached)
    else:
        yield content.decode()
