"""QR codes of the office's printed sheets, as SVG to stand in a page."""

import io

import qrcode
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.svg import SvgPathImage


def picture(content: str) -> Markup:
    """Return the code as an SVG of its own, a quarter of which may be lost (level Q)."""
    image = qrcode.make(content, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_Q)
    out = io.BytesIO()
    image.save(out)
    svg = out.getvalue().decode().partition("?>")[2]
    return Markup(svg)  # noqa: S704 - our own drawing of a code of ours
