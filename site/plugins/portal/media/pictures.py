"""Shrink pictures for phones with slow connections, and draw the app's icons."""

from io import BytesIO
from pathlib import Path

from portal.media.cache import cached

MAX_SIDE_PX = 1200
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 80_000_000
"""The number of pixels above which a picture is refused.

Most phones take photographs of at most 50 million pixels.
"""
QUALITY = 72
VERSION = b"2"
"""The version of the pictures and icons that this module makes, as part of the cache key.

Increase this number if the result changes. Otherwise old results stay in use.
"""

ICON_SIZES = (192, 512)
BRAND, PAPER = "#a8201a", "#fffdf9"


def shrink_picture(path: Path) -> bytes:
    """Return a picture as WebP without metadata, with no side longer than 1,200 pixels.

    The result is cached on disk.

    Raises: OSError, or another exception of the library Pillow, if the file is damaged.
    """
    content = path.read_bytes()
    return cached("pictures", VERSION + content, lambda: _shrink(content))


def is_picture(path: Path) -> bool:
    """Return whether a file is an undamaged JPEG, PNG or WebP with at most 80 million pixels."""
    from PIL import Image, ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries set this to True for all
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return False
        shrink_picture(path)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        return False
    return True


def size_px(webp: bytes) -> tuple[int, int]:
    """Return the width and height of a WebP picture in pixels.

    Raises: OSError if the content is not a picture.
    """
    from PIL import Image

    with Image.open(BytesIO(webp)) as picture:
        return picture.size


def _shrink(content: bytes) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        upright = ImageOps.exif_transpose(opened)
        if upright.mode.startswith("I"):  # 16 bits of grey; the conversion below would cut them off
            upright = upright.convert("I").point(lambda value: value / 256).convert("L")
        has_alpha = "A" in upright.getbands() or "transparency" in upright.info
        picture = upright.convert("RGBA" if has_alpha else "RGB")
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    output = BytesIO()
    picture.save(output, "WEBP", quality=QUALITY, method=6)
    return output.getvalue()


def icon(size: int) -> bytes:
    """Return the app's icon for home screens, as a square PNG with sides of `size` pixels.

    The icon shows the drawing in static/icon.svg on a background that fills the whole square.
    """
    return cached("icon", VERSION + str(size).encode(), lambda: _draw_icon(size))


def _draw_icon(size: int) -> bytes:
    """Draw the app's icon, a circle joined to four smaller circles, and return it as PNG.

    The circles stand for halls. `size` is the width and height in pixels. The drawing is
    made at four times that size and then scaled down, so that its edges are smooth.
    """
    from PIL import Image, ImageDraw

    scale = size * 4 / 64
    picture = Image.new("RGB", (size * 4, size * 4), BRAND)
    draw = ImageDraw.Draw(picture)
    for x, y in ((18, 20), (46, 20), (18, 44), (46, 44)):  # inside a round icon
        draw.line([(32 * scale, 32 * scale), (x * scale, y * scale)], PAPER, round(3 * scale))
        _circle(draw, x * scale, y * scale, 5 * scale)
    _circle(draw, 32 * scale, 32 * scale, 8 * scale)
    output = BytesIO()
    picture.resize((size, size)).save(output, "PNG", optimize=True)
    return output.getvalue()


def _circle(draw: "object", x: float, y: float, radius: float) -> None:
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], PAPER)  # type: ignore[attr-defined]
