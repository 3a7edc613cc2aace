"""Make the printed handbook by converting a Markdown file to a PDF.

The same Markdown always gives the same bytes. An example of the command line:

    python site/make_pdf.py content/materials/huong-dan-03.md content/materials/so-tay-diem-cau.pdf

The script needs the `test` dependency group and, for the DejaVu font, the npm packages.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FONTS = Path(__file__).resolve().parent.parent / "node_modules" / "dejavu-fonts-ttf" / "ttf"
MARGIN_MM, BODY_PT, TITLE_PT = 20, 13, 18


class Handbook(FPDF):
    """A PDF document with a page number at the foot of every page."""

    def footer(self) -> None:
        """Print the page number and the number of pages, such as `3/12`, at the foot of the page.

        FPDF calls this method at the end of every page.
        """
        self.set_y(-15)
        self.set_font("dejavu", size=9)
        self.cell(0, 10, f"{self.page_no()}/{{nb}}", align="C")


def make_pdf(source: Path) -> bytes:
    """Return the bytes of a PDF made from a document's Markdown file.

    The PDF begins with the title, number and issuer. Every `##` section starts a new page. Text
    before the first section is left out.

    Raises: KeyError if the front matter lacks `title`, `number`, `issuer` or `date`.
    """
    _, matter, text = source.read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.load(matter, Loader=yaml.CBaseLoader)  # noqa: S506 - BaseLoader runs no code
    year, month, day = map(int, front["date"].split("-"))
    pdf = Handbook(format="A4")
    pdf.set_creation_date(datetime(year, month, day, tzinfo=UTC))
    pdf.set_title(front["title"])
    pdf.set_lang("vi")
    pdf.set_margin(MARGIN_MM)
    pdf.add_font("dejavu", fname=FONTS / "DejaVuSans.ttf")
    pdf.add_font("dejavu", style="B", fname=FONTS / "DejaVuSans-Bold.ttf")
    for number, section in enumerate(text.strip().split("## ")[1:]):
        heading, _, body = section.partition("\n")
        pdf.add_page()
        if number == 0:
            _line(pdf, front["title"], TITLE_PT, "B")
            _line(pdf, f"{front['number']} · {front['issuer']}", BODY_PT - 2, "")
        _line(pdf, heading, BODY_PT + 2, "B")
        for item in body.strip().splitlines():
            _line(pdf, item.replace("- ", "☐  ", 1).replace("**", ""), BODY_PT, "")
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, size_pt: int, style: str) -> None:
    pdf.set_font("dejavu", style=style, size=size_pt)
    pdf.multi_cell(0, size_pt * 0.6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(3)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(make_pdf(Path(sys.argv[1])))
