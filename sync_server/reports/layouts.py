"""The layouts of official papers: two of the Party (2018 and 2026) and one of the state (2020).

Sizes are in points and lengths in millimetres. The values come from secondary sources: secretaries'
handbooks on Hướng dẫn 05-HD/VPTW (2026) and 36-HD/VPTW (2018), and Nghị định 30/2020/NĐ-CP, Phụ lục
I. Where the sources differ, a comment gives the range.
"""

from typing import Literal

from msgspec import Struct

SUBSTITUTES = ("Tinos", "Liberation Serif")
"""Fonts whose letters are as wide as those of Times New Roman, for computers without that font."""

LayoutName = Literal["PARTY_HD05_2026", "PARTY_HD36_2018", "STATE_ND30_2020"]


class Layout(Struct, frozen=True):
    """The sizes, lengths and fixed texts of one layout of official papers.

    Fields whose names end in `_pt` are in points, and those in `_mm` in millimetres. `right_lines`
    are the lines of the right header, as (text, size in points, is bold), with a rule under the
    last line. `star`: an asterisk stands under the left header. `number` is the template of the
    line with the document number. `headings` are the templates of
    section numbers on levels 1 and 2. `archive` is the last line of the list of recipients.
    `on_behalf_of` is the abbreviation before the signing committee, such as T/M ("on behalf of").
    `end` is the mark after the last sentence.
    """

    name: LayoutName
    margins_mm: tuple[int, int, int, int]  # in the order: top, bottom, left, right
    font: str
    body_pt: int
    line_pt: float
    first_line_mm: float
    right_lines: tuple[tuple[str, float, bool], ...]
    left_pt: float
    star: bool
    number: str
    date_italic_pt: float
    title_pt: float
    rule_under_title: str
    headings: tuple[str, str]
    recipients_title_pt: float
    recipients_pt: float
    recipients_underlined: bool
    archive: str
    on_behalf_of: str
    signature_pt: float
    page_number_mm: float
    end: str


_PARTY_HEADER = (("ĐẢNG CỘNG SẢN VIỆT NAM", 15, True),)

LAYOUTS: dict[LayoutName, Layout] = {
    "PARTY_HD05_2026": Layout(
        name="PARTY_HD05_2026",
        margins_mm=(20, 20, 30, 15),
        font="Times New Roman",
        body_pt=14,
        line_pt=19,  # the sources give exact line heights from 18 to 20 pt
        first_line_mm=10,
        right_lines=_PARTY_HEADER,
        left_pt=14,
        star=True,
        number="Số {number}-BC/{symbol}",  # Hướng dẫn 05-HD/VPTW writes no colon
        date_italic_pt=14,
        title_pt=15,  # the sources give sizes from 14 to 16 pt
        rule_under_title="-----",
        headings=("{number}-", "{number}-"),
        recipients_title_pt=14,
        recipients_pt=12,
        recipients_underlined=True,
        archive="Lưu {organisation}.",
        on_behalf_of="T/M",
        signature_pt=14,
        page_number_mm=10,
        end=".",
    ),
    "PARTY_HD36_2018": Layout(
        name="PARTY_HD36_2018",
        margins_mm=(20, 20, 30, 15),
        font="Times New Roman",
        body_pt=14,
        line_pt=18,
        first_line_mm=10,
        right_lines=_PARTY_HEADER,
        left_pt=14,
        star=True,
        number="Số {number}-BC/{symbol}",
        date_italic_pt=14,
        title_pt=16,
        rule_under_title="-----",
        headings=("{number}-", "{number}-"),
        recipients_title_pt=14,
        recipients_pt=12,
        recipients_underlined=True,
        archive="Lưu Văn phòng {organisation}.",
        on_behalf_of="T/M",
        signature_pt=14,
        page_number_mm=10,
        end="./.",
    ),
    "STATE_ND30_2020": Layout(
        name="STATE_ND30_2020",
        margins_mm=(20, 20, 30, 15),
        font="Times New Roman",
        body_pt=14,
        line_pt=18,
        first_line_mm=12.7,
        right_lines=(
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, True),
            ("Độc lập - Tự do - Hạnh phúc", 13, True),
        ),
        left_pt=13,
        star=False,
        number="Số: {number}/BC-{symbol}",
        date_italic_pt=14,
        title_pt=14,
        rule_under_title="",
        headings=("{number}.", "{number}."),
        recipients_title_pt=12,
        recipients_pt=11,
        recipients_underlined=False,
        archive="Lưu: VT.",
        on_behalf_of="TM.",
        signature_pt=14,
        page_number_mm=10,
        end="./.",
    ),
}
DEFAULT_LAYOUT: LayoutName = "PARTY_HD05_2026"
