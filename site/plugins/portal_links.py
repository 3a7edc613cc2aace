"""Links between what editors write: to another file of the content, as they stand on the disk.

`[Mẫu 01](../materials/mau-01.md)` works in any editor, and leads in the portal to `t/mau01.html`.
"""

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PICTURES = "images"
PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
FOLDERS = {"meetings": "hoi-nghi", "materials": "t", "pages": "trang"}
"""Where each folder of the content is read in the portal."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Addresses:
    """Where each file of the content is read: `materials/mau-01.md` → `t/mau01.html`."""

    def __init__(self, root: Path, written: Iterable[Any]) -> None:
        self.of: dict[str, str] = {}
        for each in written:
            folder = each.source.path.parent.name
            names = each.source.texts(("code",)) if folder == "materials" else [each.stem]
            for name in names:
                self.of[f"{folder}/{each.source.path.name}"] = f"{FOLDERS[folder]}/{name}.html"
            for name in each.source.texts(("file",)):
                self.of[f"{folder}/{name}"] = f"tep/{name}"
        for path in sorted((root / PICTURES).glob("*")):
            if path.suffix.lower() in PICTURE_ENDINGS and NAME.fullmatch(path.name):
                self.of[f"{PICTURES}/{path.name}"] = f"hinh/{path.stem}.webp"

        self._read = frozenset(self.of.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Addresses) and self.of == other.of

    def resolve(self, folder: str, link: str) -> str | None:
        """Return where a link in a text of `folder` leads from the page that the text is read on.

        A link to elsewhere (https:, tel:, #) stays as it is; None is a link to nothing.
        """
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or not parts.path:
            return link
        target = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
        found = self.of.get(target) or (target if target in self._read else None)
        return found and f"../{found}" + (f"#{parts.fragment}" if parts.fragment else "")
