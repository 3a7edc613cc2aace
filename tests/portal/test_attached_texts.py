"""Test that the privacy check reads all text in an attached file, even hidden text.

Numbers that are not text, such as the positions of pictures, must not be taken for telephone
numbers.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo
from portal.content.attached_texts import MAX_DEPTH, extract_texts
from portal.content.guard import Guard, RosterEntry, visible_text
from portal.media.markdown import to_plain_text

from tests.portal.test_content import faults_of, replace_in_file

PHONE = "0912345678"


def archive(**parts: bytes | str) -> bytes:
    """Return a ZIP archive with these parts, given by name and content.

    In a name, `__` stands for a slash and `_0_` for a dot.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_0_", "."), content)
    return out.getvalue()


def workbook(*rows: Sequence[object], is_hidden: bool = False) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    if is_hidden:
        book.create_sheet("Trang đầu", 0)
        sheet.sheet_state = "hidden"
    for row in rows:
        sheet.append([*row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def docx(text: str, **more: str | bytes) -> bytes:
    return archive(word__document_0_xml=f"<w:p><w:t>{text}</w:t></w:p>", **more)


def with_part(**parts: str) -> bytes:
    """Return a workbook whose ZIP archive has extra parts, which openpyxl does not read.

    In a part's name, `__` stands for a slash and `_0_` for a dot.
    """
    out = io.BytesIO(workbook(["x"]))
    with zipfile.ZipFile(out, "a") as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_0_", "."), content)
    return out.getvalue()


def slides(**parts: str) -> bytes:
    return archive(ppt__slides__slide1_0_xml="<a:t>x</a:t>", **parts)


def mp3_with(**fields: str) -> bytes:
    frames = b""
    for name, value in fields.items():
        content = b"\1" + value.encode("utf-16")
        frames += name.encode() + len(content).to_bytes(4) + b"\0\0" + content
    return b"ID3\3\0\0" + len(frames).to_bytes(4) + frames + b"\xff\xfb"


def pdf_with(
    author: str = "",
    attached: bytes | None = None,
    note: str = "",
    bookmark: str = "",
    link: str = "",
) -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.set_author(author)
    pdf.add_page()
    if note:
        pdf.text_annotation(10, 10, note)
    if link:
        pdf.link(1, 1, 9, 9, link)
    if bookmark:
        pdf.set_font("helvetica")
        pdf.start_section(bookmark)
    if attached is not None:
        pdf.embed_file(bytes=attached, basename="kem.csv")
    return bytes(pdf.output())


def png_with(**fields: str) -> bytes:
    info, out = PngInfo(), io.BytesIO()
    for name, value in fields.items():
        info.add_text(name, value)
    Image.new("RGB", (2, 2)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def jpeg_with(artist: str) -> bytes:
    picture, out = Image.new("RGB", (2, 2)), io.BytesIO()
    exif = picture.getexif()
    exif[0x013B] = artist
    exif[0x9C9D] = artist.encode("utf-16-le")
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def jpeg_with_metadata(
    owner: str = "", xmp: str = "", iptc: str = "", is_located: bool = False
) -> bytes:
    """Return a JPEG whose metadata contain a camera's owner, XMP and IPTC texts, or coordinates."""
    picture, out = Image.new("RGB", (2, 2)), io.BytesIO()
    exif = picture.getexif()
    if owner:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.CameraOwnerName] = owner
    if is_located:
        exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (21.0, 1.0, 42.0)
    picture.save(out, "JPEG", exif=exif, xmp=f"<x:xmpmeta>{xmp}</x:xmpmeta>".encode())
    field = b"\x1c\x02\x50" + len(iptc.encode()).to_bytes(2) + iptc.encode()  # 2:80, the author
    resource = b"8BIM\x04\x04\0\0" + len(field).to_bytes(4) + field + b"\0" * (len(field) % 2)
    app13 = b"Photoshop 3.0\0" + resource
    segment = b"\xff\xed" + (len(app13) + 2).to_bytes(2) + app13
    return out.getvalue()[:2] + segment + out.getvalue()[2:]


def box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return (len(content) + 8).to_bytes(4) + name + content


def mp4_with(artist: str = "", place: bytes = b"") -> bytes:
    """Return an MP4 without pictures or sound, with an artist's name and a place of recording."""
    data = box(b"data", b"\0\0\0\1\0\0\0\0", artist.encode())
    handler = box(b"hdlr", b"\0" * 8 + b"mdirappl" + b"\0" * 9)
    tags = box(b"meta", b"\0" * 4, handler, box(b"ilst", box(b"\xa9ART", data)))
    located = box(b"\xa9xyz", len(place).to_bytes(2), b"\x15\xc7", place) if place else b""
    moov = box(b"moov", box(b"mvhd", b"\0" * 100), box(b"udta", located, tags))
    return box(b"ftyp", b"isom\0\0\2\0isom") + moov + box(b"mdat", b"x")


PIVOT_FIELD = '<a><cacheField name="Điện thoại"><sharedItems>{}</sharedItems></cacheField></a>'


def with_pivot(shared: str, **records: str) -> bytes:
    """Return a workbook with a pivot table's hidden copy of its data, a telephone column.

    `shared` is XML with the values that rows share. `records` are further parts of the workbook's
    ZIP archive, by name; in a name, `__` stands for a slash and `_0_` for a dot.
    """
    return with_part(
        xl__pivotCache__pivotCacheDefinition1_0_xml=PIVOT_FIELD.format(shared), **records
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", archive(danh_0_csv=f"An;{PHONE}")),
        ("a.zip", archive(b_0_zip=archive(c_0_docx=docx(PHONE)))),
        ("a.pdf", pdf_with(author=f"An {PHONE}")),
        ("a.pdf", pdf_with(attached=f"An;{PHONE}".encode())),
        ("a.pdf", pdf_with(note=PHONE)),
        ("a.pdf", pdf_with(bookmark=PHONE)),
        ("a.pdf", pdf_with(link=f"tel:{PHONE}")),
        ("a.docx", docx("x", word__media__a_0_jpg=jpeg_with(PHONE))),
        ("a.docx", docx(f'<wp:docPr descr="Gọi {PHONE}"/>x')),
        ("a.docx", docx("x", word__people_0_xml=f'<w15:person w15:author="An {PHONE}"/>')),
        ("a.docx", docx("x", word__chunk_0_html=f"<p>{PHONE}</p>")),
        ("a.docx", docx("x", word__settings_0_xml=f'<w:docVar w:name="a" w:val="{PHONE}"/>')),
        ("a.png", png_with(Comment=PHONE)),
        ("a.jpg", jpeg_with(PHONE)),
        ("a.docx", docx("x", customXml__item1_0_xml=f"<a>{PHONE}</a>")),
        ("a.xlsx", workbook(["Họ tên", "Điện thoại"], ["An", 912345678])),
        ("a.xlsx", workbook(["Họ tên", "SĐT"], ["An", PHONE], is_hidden=True)),
        ("a.docx", docx("x", docProps__core_0_xml=f"<dc:creator>{PHONE}</dc:creator>")),
        ("a.pptx", archive(ppt__charts__chart1_0_xml=f"<c:strCache><c:v>{PHONE}</c:v></c:strCache>",
                           ppt__slides__slide1_0_xml="<a:t>x</a:t>")),
        ("a.csv", f"Họ tên;ĐT\nĐỗ;{PHONE}".encode("cp1258", "replace")),
        ("a.csv", "Họ tên;Điện thoại\nAn;912345678".encode()),
        ("a.xlsx", workbook(["Họ tên", "SĐT"], ["An", "912345678"])),
        ("a.xlsx", with_part(xl__pivotCache__records1_0_xml=f'<r><s v="An {PHONE}"/></r>')),
        ("a.xlsx", with_pivot('<n v="912345678"/>')),
        ("a.xlsx", with_pivot("", xl__pivotCache__pivotCacheRecords1_0_xml='<a><r>'
                              '<n v="912345678"/></r></a>')),
        ("a.xlsx", with_pivot('<n v="1"/><n v="912345678"/>',
                              xl__pivotCache__pivotCacheRecords1_0_xml='<a><r><x v="1"/></r></a>')),
        ("a.xlsx", with_part(xl__externalLinks__link1_0_xml=f"<cell><v>{PHONE}</v></cell>")),
        ("a.xlsx", with_part(xl__persons__person_0_xml=f'<person displayName="An {PHONE}"/>')),
        ("a.xlsx", with_part(xl__threadedComments__tc1_0_xml=f"<text>{PHONE}</text>")),
        ("a.xlsx", with_part(xl__drawings__vmlDrawing1_0_vml=f"<v:textbox>{PHONE}</v:textbox>")),
        ("a.docx", docx("x", word__charts__chart1_0_xml=f"<c:title><a:t>{PHONE}</a:t></c:title>")),
        ("a.docx", docx("x", word__drawings__drawing1_0_xml=f"<a:t>{PHONE}</a:t>")),
        ("a.pptx", slides(ppt__slideMasters__slideMaster1_0_xml=f"<a:t>{PHONE}</a:t>")),
        ("a.pptx", slides(ppt__charts__chartEx1_0_xml=f"<cx:v>{PHONE}</cx:v>")),
        ("a.pptx", slides(ppt__commentAuthors_0_xml=f'<p:cmAuthor name="An {PHONE}"/>')),
        ("a.mp3", mp3_with(TIT2=f"Gọi {PHONE}")),
        ("a.mp4", mp4_with(artist=f"An {PHONE}")),
        ("a.m4a", mp4_with(artist=f"An {PHONE}")),
        ("a.jpg", jpeg_with_metadata(owner=f"An {PHONE}")),
        ("a.jpg", jpeg_with_metadata(xmp=f"<dc:creator>An {PHONE}</dc:creator>")),
        ("a.jpg", jpeg_with_metadata(iptc=f"An {PHONE}")),
        ("a.pptx", slides(ppt__slides__slide2_0_xml="<a:p><a:t>An</a:t><a:br><a:rPr/></a:br>"
                          f"<a:t>{PHONE}</a:t></a:p>")),
        ("a.docx", docx(f'An</w:t><w:br w:type="page"/><w:t>{PHONE}')),
        ("a.docx", docx(f"An</w:t><w:cr/><w:t>{PHONE}")),
        ("a.docx", docx(f'An</w:t><w:ptab w:leader="none"/><w:t>{PHONE}')),
        ("a.docx", docx(f"x</w:t><wp:posOffset>3314700</wp:posOffset><w:t>{PHONE}")),
        ("a.docx", docx(f"x</w:t><w:txbxContent><w:t>{PHONE}</w:t></w:txbxContent><w:t>y")),
        ("a.docx", docx("x", word___rels__document_0_xml_0_rels='<a><Relationship'
                        f' TargetMode="External" Target="https://zalo.me/{PHONE}"/></a>')),
        ("a.docx", docx("x", word__media__a_0_svg=f"<svg><text>{PHONE}</text></svg>")),
        ("a.xlsx", with_part(xl__worksheets__s9_0_xml=f'<a><dataValidation error="{PHONE}"/></a>')),
        ("a.xlsx", with_part(xl__worksheets__s9_0_xml=f'<a><formula1>"An,{PHONE}"</formula1></a>')),
        ("a.xlsx", with_part(xl__worksheets__s9_0_xml=f'<a><hyperlink tooltip="{PHONE}"/></a>')),
        ("a.csv", f'"Họ tên","Số\nmáy"\n"Nam","{PHONE}"'.encode()),
        ("a.txt", f"Họ tên, gọi {PHONE}".encode("utf-16-le")),
        ("a.txt", f"Họ tên, gọi {PHONE}".encode("utf-16-be")),
        ("a.csv", "DANH SÁCH, CÁN BỘ\nTT;SĐT\n1;912345678".encode()),
    ],
)  # fmt: skip
def test_a_telephone_is_found_in_every_layer(name: str, content: bytes) -> None:
    words = "\n".join(extract_texts(name, content).texts)

    assert {suspicion.value.zfill(10) for suspicion in Guard().suspicions(words)} == {PHONE}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jpg", docx("x"), "other_kind"),
        ("a.pdf", b"no PDF", "other_kind"),
        ("a.docx", archive(b_0_txt="x"), "other_kind"),
        ("a.docx", b"\xd0\xcf\x11\xe0 locked", "old_office"),
        ("a.zip", archive(b_0_doc=b"\xd0\xcf\x11\xe0"), "old_office"),
        ("a.zip", archive(b_0_exe=b"MZ\x90"), "other_kind"),
        ("a.csv", "nghÞ quyÕt cña ban chÊp hµnh".encode("latin-1"), "legacy_file"),
        ("a.zip", b"PK\x03\x04 cut", "bad_file"),
        ("a.docx", archive(word__document_0_xml="<!DOCTYPE a><w:p/>"), "bad_file"),
        ("a.docx", archive(word__document_0_xml="<w:p>"), "bad_file"),
        ("a.jpg", jpeg_with_metadata(is_located=True), "located_file"),
        (
            "a.docx",
            docx("x", word__media__a_0_jpg=jpeg_with_metadata(is_located=True)),
            "located_file",
        ),
        (
            "a.docx",
            docx(
                'x</w:t></w:r><w:del w:id="1"><w:r><w:delText>y</w:delText></w:r></w:del>'
                "<w:r><w:t>z"
            ),
            "in_review",
        ),
        (
            "a.docx",
            docx("x", word__comments_0_xml='<w:comment w:id="0">y</w:comment>'),
            "in_review",
        ),
        ("a.pptx", slides(ppt__comments__comment1_0_xml="<p:cmLst/>"), "in_review"),
        ("a.mp4", mp4_with(place=b"+21.0285+105.8542/"), "located_file"),
        ("a.mp4", mp4_with() + b"com.apple.quicktime.location.ISO6709", "located_file"),
    ],
)
def test_what_cannot_be_looked_into_is_told(name: str, content: bytes, problem: str) -> None:
    assert problem in {problem for problem, _ in extract_texts(name, content).problems}


def test_archives_in_archives_are_looked_into_up_to_a_bound() -> None:
    content = b"x"
    for _ in range(MAX_DEPTH + 1):
        content = archive(b_0_zip=content) if content != b"x" else archive(b_0_txt=content)

    assert [problem for problem, _ in extract_texts("a.zip", content).problems] == ["too_deep"]


@pytest.mark.parametrize(
    "text",
    [
        "0.2 0.3 0.4 0.5 0.6 0",
        "0.910.890.880",
        "tỷ lệ 0.98 0.95 0.97 0.99 0.96",
        "Mã số thuế: 0301234567",
        "MST 0301234567-001",
    ],
)
def test_numbers_that_are_no_telephones_are_left_alone(text: str) -> None:
    assert list(Guard().suspicions(text)) == []


@pytest.mark.parametrize("words", [to_plain_text, visible_text])
def test_numbers_in_cells_of_a_page_are_no_telephone(words: Callable[[str], str]) -> None:
    cells = "".join(f"<td>{number}</td>" for number in ("0", "874", "120", "84", "27"))
    assert list(Guard().suspicions(words(f"<table><tr>{cells}</tr></table>"))) == []


@pytest.mark.parametrize(
    "text", ["0912 345 678", "+84 912.345.678", "0912345678", "024 3 8 223344"]
)
def test_telephones_are_still_found(text: str) -> None:
    assert list(Guard().suspicions(text))


@pytest.mark.parametrize("text", ["a.b(at)tinh.vn", "a.b [AT] tinh.gov.vn", "x (a còng) y.vn"])
def test_an_address_in_disguise_is_found(text: str) -> None:
    assert [suspicion.kind for suspicion in Guard().suspicions(text)] == ["email"]


def test_positions_of_pictures_are_no_telephones() -> None:
    anchor = "<xdr:from><xdr:col>0</xdr:col><xdr:colOff>757912029</xdr:colOff></xdr:from>"
    content = archive(
        xl__workbook_0_xml="<a/>",
        xl__drawings__drawing1_0_xml=anchor,
        xl__theme__theme1_0_xml=PHONE,
    )

    assert list(Guard().suspicions("\n".join(extract_texts("a.xlsx", content).texts))) == []


def test_the_numbers_of_a_chart_are_no_telephones() -> None:
    cache = "<c:numCache><c:pt><c:v>0.912</c:v></c:pt><c:pt><c:v>345678</c:v></c:pt></c:numCache>"
    content = with_part(xl__charts__chart1_0_xml=f"<c:chart>{cache}</c:chart>")
    extracted = extract_texts("a.xlsx", content)
    assert not extracted.problems
    assert list(Guard().suspicions("\n".join(extracted.texts))) == []


def test_numbers_in_neighbouring_cells_are_no_telephone() -> None:
    content = workbook(
        ["A", "B", "C", "D", "E"], [0, 74, 0, 0.96, 3, 2, 0, 1], [0, 9, 12, 345, 678]
    )
    assert list(Guard().suspicions("\n".join(extract_texts("a.xlsx", content).texts))) == []


@pytest.mark.parametrize(
    "name", ["K‘Brăk Niê", "H’Hen Niê", "Mẫu Công Tằng Tôn Nữ Thị Bích"], ids=["K", "H", "long"]
)
def test_names_of_every_form_are_found_in_a_text(name: str) -> None:
    guard = Guard([RosterEntry("M1", name)])
    for written in (name, name.replace("‘", "'").replace("’", "ʼ").upper()):
        found_names = [s.value for s in guard.suspicions(f"Đồng chí {written} vắng.")]
        assert len(found_names) == 1, written


def test_a_material_with_such_a_file_is_not_published(content: Path) -> None:
    (content / "materials" / "a.zip").write_bytes(archive(danh_0_csv=f"An;{PHONE}"))
    replace_in_file(content / "materials" / "a.md", "summary:", "file: a.zip\nsummary:")

    assert any(PHONE in fault for fault in faults_of(content))


@pytest.mark.parametrize(
    "number_format", ["0000\\ 000\\ 000", '"0"#', "[$-42A]0000000000", "0000000000_)"]
)
def test_a_zero_is_read_from_every_format_that_shows_it(number_format: str) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([912345678])
    sheet["A1"].number_format = number_format
    out = io.BytesIO()
    book.save(out)

    words = "\n".join(extract_texts("a.xlsx", out.getvalue()).texts)
    assert [suspicion.value for suspicion in Guard().suspicions(words)] == [PHONE]


def test_the_archives_in_an_archive_share_one_bound() -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(100):
            file.writestr(f"{number}.txt", b" " * 250_000)
    outer = archive(**{f"z{number}_0_zip": inner.getvalue() for number in range(4)})

    extracted = extract_texts("a.zip", outer)

    assert ("too_deep", "z3.zip") in extracted.problems
    assert sum(map(len, extracted.texts)) < 70_000_000


def test_tabs_of_a_document_separate_columns() -> None:
    line = "<w:p><w:t>{}</w:t><w:tab/><w:t>{}</w:t></w:p>"
    xml = line.format("Họ tên", "Ngày sinh") + line.format("Nam", "19/05/1975")
    texts = extract_texts("a.docx", archive(word__document_0_xml=f"<w:body>{xml}</w:body>")).texts

    assert [one.value for one in Guard().suspicions("\n".join(texts))] == ["19/05/1975"]


@pytest.mark.parametrize("title", ["<" * 200_000, "<a" * 100_000])
def test_a_pdf_with_a_strange_title_is_read_quickly(title: str) -> None:
    assert extract_texts("a.pdf", pdf_with(author=title)).problems == []
