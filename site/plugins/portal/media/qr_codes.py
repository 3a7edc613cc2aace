"""Draw QR codes as SVG.

A code consists of dark and light squares (modules). Neighbouring dark squares in a row are drawn as
one stroke, so that the files are small.
"""

from itertools import groupby

from portal.media.cache import cached

QUIET_ZONE = 4
"""The width of the white border around a code, counted in squares of the code.

ISO/IEC 18004 requires a border of four squares.
"""


VERSION = "1"
"""The version of the code that draws QR codes, which is part of the key of cached drawings.

Increase this number if the drawings change. Otherwise old drawings stay in use."""


def qr_svg(text: str) -> bytes:
    """Return a QR code of `text` as SVG, dark on white.

    Every square of the code is one SVG unit wide. A quarter of the code can be damaged without
    making it unreadable (error correction level Q), because codes are printed, folded and copied.
    """
    return cached("qr", f"{VERSION} {text}".encode(), lambda: _draw(text).encode())


def _draw(text: str) -> str:
    from qrcode.constants import ERROR_CORRECT_Q
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_Q, border=QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    size = len(rows)
    rows_of_runs = []
    for y, row in enumerate(rows):
        x = end = 0
        strokes = ""
        for is_dark, modules in groupby(row):
            width = len(list(modules))
            if is_dark:
                strokes += f"m{x - end} 0h{width}" if strokes else f"M{x} {y}.5h{width}"
                end = x + width
            x += width
        rows_of_runs.append(strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        'shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path stroke="#000" d="{"".join(rows_of_runs)}"/></svg>\n'
    )
