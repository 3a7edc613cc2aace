"""Issue personal QR cards on the office's web pages, and make a video of one for a fake camera."""

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


def sign_in_to_office(system: System) -> requests.Session:
    """Return an HTTP session that is signed in to the office's web pages as headquarters.

    Raises: HTTPError if the server answers the sign-in with an error status.
    """
    session = requests.Session()
    page = session.get(f"{system.direct}/van-phong/dang-nhap", timeout=10).text
    form = {"name": "bantochuc", "password": system.password, "csrf_token": csrf(page)}
    session.post(f"{system.direct}/van-phong/dang-nhap", data=form, timeout=10).raise_for_status()
    return session


def csrf(page: str) -> str:
    """Return the CSRF token of the first form in a page's HTML.

    Raises: AssertionError if no form has a token.
    """
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match
    return match[1]


def issue_card(system: System, person: str) -> str:
    """Issue a QR card to the person with the code `person`, and return the text of the QR code.

    Raises: AssertionError if the answer does not name the person or contains no QR code; ValueError
    if the QR code cannot be read.
    """
    session = sign_in_to_office(system)
    token = csrf(session.get(f"{system.direct}/van-phong/the", timeout=10).text)
    form = {"person": person, "csrf_token": token}
    page = session.post(f"{system.direct}/van-phong/the", data=form, timeout=10).text
    assert person in page
    [code] = read_qr_codes(draw_qr_code(page))
    return str(code.text)


def read_qr_codes(picture: Image.Image) -> list[zxingcpp.Barcode]:
    """Return the QR codes in a picture, each with its `text`.

    Other kinds of barcode are not looked for, because one of 2,500 QR codes had lines that looked
    like such a barcode.
    """
    return list(
        zxingcpp.read_barcodes(
            picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    )


def draw_qr_code(page: str) -> Image.Image:
    """Draw the QR code that a page's HTML contains as SVG, and return it as a greyscale image.

    Raises: AssertionError if the page contains no SVG path.
    """
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


def video_of(code: str, path: Path, *, poster: str) -> Path:
    """Write an MJPEG video that shows a QR code to Chromium's fake camera, and return `path`.

    `code` is the text of the QR code. The video also shows the QR code of a poster, with the text
    `poster`. The check-in page recognises the poster first, and must go on to the other code.
    """
    card, poster_image = _qr_image(code, 300), _qr_image(poster, 140)
    film = io.BytesIO()
    for frame in range(FRAMES):
        picture = Image.new("RGB", (WIDTH, HEIGHT), (90, 80, 70))
        picture.paste(poster_image, (4, 4))
        picture.paste(card, (200 + frame, 150))
        picture.save(film, "JPEG", quality=85)
    path.write_bytes(film.getvalue())
    return path


def _qr_image(text: str, side_px: int) -> Image.Image:
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    pixels = zxingcpp.write_barcode_to_image(barcode)
    image = Image.fromarray(pixels).resize((side_px, side_px), Image.Resampling.NEAREST)
    return image.convert("RGB")
