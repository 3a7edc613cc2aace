"""Test that the built portal (public website) has working links and readable QR codes.

Pages must be small, and two builds of the same content must give the same bytes.
"""

import gzip
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from make_pdf import make_pdf
from portal.editor.bundle import install_packages
from portal.media.markdown import to_html
from portal.media.qr_codes import qr_svg
from portal.release.manifest import release_of
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

import build
from sync_server.config import ROOT
from tests.portal.test_content import replace_in_file

FIRST_VISIT_BYTES = 14_000
KIOSK_FIRST_BYTES, KIOSK_DESK_BYTES, KIOSK_WHOLE_BYTES = 30_000, 48_500, 100_000
QR_BYTES = 600
ADDRESS = "https://diemcau.tinh-vi-du.gov.vn/t/cv632.html"


class LinkCollector(HTMLParser):
    """A parser that collects the addresses that a page links to or loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add the values of a tag's `href` and `src` attributes to `addresses`."""
        self.addresses += [value for name, value in attrs if name in {"href", "src"} and value]


def pages(portal: Path) -> list[Path]:
    return sorted(portal.rglob("*.html"))


def gzipped_bytes(path: Path) -> int:
    return len(gzip.compress(path.read_bytes()))


def test_every_link_leads_to_a_file(portal: Path) -> None:
    checked = 0
    for page in pages(portal):
        collector = LinkCollector()
        collector.feed(page.read_text("utf-8"))
        for link in collector.addresses:
            if link.startswith(("https://", "#")):
                continue
            target = (page.parent / link.partition("#")[0]).resolve()
            assert target.is_file(), f"{page.relative_to(portal)} links to {link}"
            checked += 1
    assert checked > 100


def test_no_page_loads_anything_from_another_host(portal: Path) -> None:
    for page in pages(portal):
        assert not re.search(r'(?:src|action)="(?:https?:)?//', page.read_text("utf-8")), page


def test_a_page_fits_in_the_first_flight_of_packets(portal: Path) -> None:
    script = gzipped_bytes(portal / "app" / "portal.js")
    for page in pages(portal):
        if "diem-danh" in page.parts:
            continue
        code = portal / "qr" / f"{page.stem}.svg"
        needed_bytes = gzipped_bytes(page) + script + (gzipped_bytes(code) if code.exists() else 0)
        assert needed_bytes <= FIRST_VISIT_BYTES, (
            f"{page.relative_to(portal)} needs {needed_bytes} bytes"
        )


def with_imports(app: Path, *names: str) -> set[str]:
    """Return the names of these JavaScript files in `app` and of all files that they import.

    Indirect imports count too.
    """
    modules, wanted = set(), set(names)
    while wanted:
        name = wanted.pop()
        modules.add(name)
        text = (app / name).read_text("utf-8")
        wanted |= set(re.findall(r'(?:from|import)"\./([^"]+)"', text)) - modules
    return modules


def test_the_kiosk_is_small_enough_for_a_poor_line(portal: Path) -> None:
    app = portal / "app"
    page_bytes = gzipped_bytes(portal / "diem-danh" / "index.html") + gzipped_bytes(
        app / "kiosk.css"
    )
    page_bytes += gzipped_bytes(app / "kiosk-start.js")
    first = with_imports(app, "kiosk.js")
    [desk] = (path.name for path in app.glob("kiosk-lazy-desk-*.js"))
    all_scripts = [path for path in app.glob("kiosk*.js") if "zxing" not in path.name]

    assert page_bytes + sum(gzipped_bytes(app / name) for name in first) <= KIOSK_FIRST_BYTES
    assert (
        page_bytes + sum(gzipped_bytes(app / name) for name in with_imports(app, desk) | first)
        <= KIOSK_DESK_BYTES
    )
    assert page_bytes + sum(map(gzipped_bytes, all_scripts)) <= KIOSK_WHOLE_BYTES


def test_every_material_has_a_code_in_print_and_as_qr(portal: Path) -> None:
    for page in (portal / "t").glob("*.html"):
        if "-" in page.stem:  # skip the later parts of a long material
            continue
        text = page.read_text("utf-8")
        assert f"<strong>{page.stem}</strong>" in text
        assert gzipped_bytes(portal / "qr" / f"{page.stem}.svg") <= QR_BYTES


def test_a_qr_code_draws_exactly_the_dark_modules() -> None:
    svg = qr_svg(ADDRESS).decode()
    drawn_modules = set()
    for y, strokes in re.findall(r"(?:M\d+ (\d+)\.5)((?:h\d+|m\d+ 0)+)", svg):
        x = int(re.findall(rf"M(\d+) {y}\.5", svg)[0])
        for step, width in re.findall(r"([hm])(\d+)", strokes):
            if step == "h":
                drawn_modules |= {(at, int(y)) for at in range(x, x + int(width))}
            x += int(width)
    code = QRCode(error_correction=ERROR_CORRECT_Q, border=4)
    code.add_data(ADDRESS)
    code.make(fit=True)
    rows = code.get_matrix()

    assert len(gzip.compress(svg.encode())) <= QR_BYTES
    assert drawn_modules == {
        (x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    }


def test_two_builds_of_the_same_content_are_the_same_release(portal: Path, tmp_path: Path) -> None:
    assert build.main(["--output", str(tmp_path / "again")]) == 0

    assert release_of(tmp_path / "again") == release_of(portal)


def test_the_manifest_lists_every_file_with_its_bytes(portal: Path) -> None:
    top = json.loads((portal / "manifest.json").read_bytes())
    listed = {"manifest.json"}
    for line in top["lists"]:
        content = (portal / line["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == line["sha256"]
        files = json.loads(content)
        assert (len(files), sum(size for _, _, size in files)) == (line["files"], line["bytes"])
        listed.add(line["path"])
        for path, sha256, size in files:
            data = (portal / path).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size)
            listed.add(path)
    present = {p.relative_to(portal).as_posix() for p in portal.rglob("*") if p.is_file()}

    assert listed == present
    assert {line["name"] for line in top["lists"]} >= {"shell", "m-2024-08-22-hoc-tap"}


def test_changing_one_material_changes_only_its_files_and_the_manifest(
    portal: Path, tmp_path: Path
) -> None:
    content = tmp_path / "content"
    shutil.copytree(ROOT / "content", content)
    page = content / "materials" / "hoi-dap-08.md"
    page.write_text(page.read_text("utf-8") + "\nThêm một câu.\n", "utf-8")
    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    def files(root: Path) -> dict[str, bytes]:
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.*")}

    before, after = files(portal), files(tmp_path / "output")
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if not name.startswith("lists/")} == {
        "t/tk08.html",
        "tim/t-tk08.js",
        "manifest.json",
    }


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("<script>alert(1)</script>", "<script"),
        ('<img src=x onerror="alert(1)">', "onerror"),
        ("[x](javascript:alert(1))", "javascript:"),
        ('<iframe src="https://x"></iframe>', "<iframe"),
        ('<p style="position:fixed">', "style"),
    ],
)
def test_html_in_markdown_is_reduced_to_harmless_html(text: str, removed: str) -> None:
    assert removed not in to_html(text)


def test_the_pdf_equals_the_script_s_output() -> None:
    install_packages(ROOT)  # installs the PDF's font
    folder = ROOT / "content" / "materials"

    assert make_pdf(folder / "huong-dan-03.md") == (folder / "so-tay-diem-cau.pdf").read_bytes()


def test_halls_are_listed_with_their_addresses_and_found_by_them(
    content: Path, tmp_path: Path
) -> None:
    replace_in_file(
        content / "directory.yaml",
        "code: P001, unit: U01",
        "code: P001, unit: U01, address: Số 8 Lê Lợi",
    )

    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    page = (tmp_path / "output" / "trang" / "diem-cau.html").read_text("utf-8")
    assert "Số 8 Lê Lợi" in page
    assert "Số 8 Lê Lợi" in (tmp_path / "output" / "tim" / "trang.js").read_text("utf-8")
    assert "diem-cau.html" in (tmp_path / "output" / "trang" / "index.html").read_text("utf-8")
