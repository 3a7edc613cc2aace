"""Draw QR codes as SVG, for pages and for printed sheets and cards."""

import io

import qrcode
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.svg import SvgPathImage


def draw_qr_code(content: str) -> Markup:
    """Return a QR code with this content as an SVG element.

    The code stays readable if up to a quarter of it is damaged (error correction level Q).
    """
    image = qrcode.make(content, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_Q)
    out = io.BytesIO()
    image.save(out)
    svg = out.getvalue().decode().partition("?>")[2]
    return Markup(svg)  # noqa: S704 - qrcode draws only paths, no text from users
