"""Personal cards as the office issues them, and a camera that looks at one."""

import io
import re
from pathlib import Path

import requests
import zxingcpp
from PIL import Image, ImageDraw

from tests.e2e.conftest import System

FRAMES = 30
WIDTH, HEIGHT = 640, 480
MODULE_PX = 8


def office(system: System) -> requests.Session:
    """Return a session that is signed in as headquarters."""
    session = requests.Session()
    page = session.get(f"{system.direct}/van-phong/dang-nhap", timeout=10).text
    form = {"name": "bantochuc", "password": system.password, "csrf_token": csrf(page)}
    session.post(f"{system.direct}/van-phong/dang-nhap", data=form, timeout=10).raise_for_status()
    return session


def csrf(page: str) -> str:
    """Return the token that a page's form bears."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def card_of(system: System, person: str) -> str:
    """Issue a person's card in the office, and read its code from the printed page."""
    session = office(system)
    token = csrf(session.get(f"{system.direct}/van-phong/the", timeout=10).text)
    form = {"person": person, "csrf_token": token}
    page = session.post(f"{system.direct}/van-phong/the", data=form, timeout=10).text
    assert person in page
    [found] = zxingcpp.read_barcodes(drawn(page))
    return str(found.text)


def drawn(page: str) -> Image.Image:
    """Draw the squares of the page's QR code."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ', page)
    path = re.search(r'<path d="([^"]+)"', page)
    assert size
    assert path
    side = round(float(size[1]) * MODULE_PX)
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for x, y in re.findall(r"M([\d.]+),([\d.]+)H", path[1]):
        left, top = float(x) * MODULE_PX, float(y) * MODULE_PX
        pen.rectangle((left, top, left + MODULE_PX - 1, top + MODULE_PX - 1), fill=0)
    return image


def video_of(code: str, path: Path) -> Path:
    """Write a film of somebody holding a card before the camera, as Chromium plays it."""
    drawn = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode)
    written = zxingcpp.write_barcode_to_image(drawn)
    card = Image.fromarray(written).resize((300, 300), Image.Resampling.NEAREST)
    film = io.BytesIO()
    for frame in range(FRAMES):
        picture = Image.new("RGB", (WIDTH, HEIGHT), (90, 80, 70))
        picture.paste(card.convert("RGB"), (150 + frame, 90))
        picture.save(film, "JPEG", quality=85)
    path.write_bytes(film.getvalue())
    return path
