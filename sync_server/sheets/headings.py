"""The headings that offices write over the columns of their lists, and the field each names."""

import re
from typing import Literal, get_args

from sync_server.domain.names import fold

Field = Literal[
    "number",
    "person",
    "full_name",
    "family_names",
    "given_name",
    "unit",
    "position",
    "membership",
    "official",
    "probationary",
    "birth",
    "meeting",
    "point",
    "seat",
    "phone",
    "joined",
    "left",
    "minutes",
    "present",
    "absent",
    "unit_code",
    "unit_type",
    "point_code",
    "capacity",
    "clerk",
    "technician",
    "technician_phone",
]
FIELDS: tuple[Field, ...] = get_args(Field)

_SPELLINGS: dict[Field, str] = {
    "number": "stt | tt | so tt | so thu tu | #",
    "person": "ma | ma so | ma can bo | ma dang vien | ma nguoi | ma dai bieu | person | code",
    "full_name": "ho va ten | ho ten | full name | full_name | name | ten day du | ten dang vien"
    " | ho va ten dang vien | ho ten dang vien | ho va ten dai bieu | ho ten dai bieu"
    " | ho va ten can bo | can bo dang vien | dai bieu | dong chi | ho va ten dong chi"
    " | user name | participant | participant name | name original name | ten nguoi tham gia"
    " | ho va ten cua dong chi | ho ten cua dong chi",
    "family_names": "ho | ho dem | ho va dem | ho va ten dem | ho lot | ho chu lot | ho va chu lot",
    "given_name": "ten",
    "unit": "don vi | ten don vi | ma don vi | unit | chi bo | dang bo | chi bo dang bo"
    " | dang bo chi bo | to chuc dang | to chuc co so dang | chi dang bo | co quan | co quan don vi"
    " | don vi cong tac | noi cong tac | noi sinh hoat | noi sinh hoat dang | chi bo sinh hoat"
    " | thuoc don vi | don vi co quan | dang bo co so | chi bo co so",
    "position": "chuc vu dang | chuc vu trong dang | chuc vu cap uy | chuc vu trong cap uy"
    " | chuc vu | position | chuc danh | chuc vu chuc danh",
    "membership": "dang vien | loai dang vien | membership | tu cach dang vien | dang tich"
    " | dang vien chinh thuc du bi | chinh thuc du bi",
    "official": "chinh thuc | dang vien chinh thuc | dvct",
    "probationary": "du bi | dang vien du bi | dvdb",
    "birth": "nam sinh | ngay sinh | ngay thang nam sinh | ngay sinh nam sinh | sinh ngay"
    " | sinh nam | birth_year | birth year | date of birth | nam sinh nam | nam sinh nu"
    " | ngay sinh nam | ngay sinh nu | ngay thang nam sinh nam | ngay thang nam sinh nu | ns",
    "meeting": "meeting | hoi nghi | ma hoi nghi",
    "point": "diem cau | ma diem cau | ten diem cau | point",
    "seat": "ghe | so ghe | cho ngoi | vi tri | vi tri ngoi | so cho | seat",
    "phone": "so dien thoai | dien thoai | sdt | dt | dtdd | di dong | phone | phone number",
    "joined": "join time | first join | thoi gian tham gia | gio vao | gio den | timestamp"
    " | dau thoi gian | thoi gian | vao luc | thoi diem tham gia | gio diem danh",
    "left": "leave time | last leave | gio ra | thoi gian roi | ra luc | gio ve"
    " | thoi gian roi khoi | thoi diem roi khoi",
    "minutes": "duration | duration minutes | in meeting duration | thoi luong"
    " | thoi luong phut | so phut | total duration minutes",
    "present": "co mat | diem danh | hien dien | tham du | co du | du hop | tinh trang"
    " | trang thai",
    "absent": "vang | vang mat | vang co ly do | vang khong ly do",
    # A list of units and halls reads further headings in its own way: see `acts.place_lists`.
    "unit_code": "",
    "unit_type": "loai hinh | loai don vi | loai hinh don vi",
    "point_code": "",
    "capacity": "suc chua | so cho ngoi | so ghe ngoi | so luong cho",
    "clerk": "thu ky | ho ten thu ky | thu ky diem cau | can bo dau moi | dau moi",
    "technician": "ky thuat | can bo ky thuat | ho ten ky thuat | ky thuat vien",
    "technician_phone": "dien thoai ky thuat | sdt ky thuat | dien thoai can bo ky thuat",
}
"""Spellings in folded form, the better one first where a list has two columns for one field."""

_RANKS: dict[str, tuple[Field, int]] = {
    spelling.strip(): (field, rank)
    for field, spellings in _SPELLINGS.items()
    for rank, spelling in enumerate(spellings.split("|"))
    if spelling
}
_NOTE = re.compile(r"\([^)]*\)")
_MARKS = re.compile(r"[^\w#]+")


def fold_heading(heading: str) -> str:
    """Return a heading in lower case without accents, marks and notes in brackets."""
    without_notes = _NOTE.sub(" ", heading)
    return " ".join(_MARKS.sub(" ", fold(without_notes or heading)).split())


def field_of(heading: str) -> tuple[Field, int] | None:
    """Return the field that a heading names, and how good its spelling is (0 is best), or None."""
    whole = " ".join(_MARKS.sub(" ", fold(heading)).split())
    return _RANKS.get(whole) or _RANKS.get(fold_heading(heading))
