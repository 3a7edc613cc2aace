"""Convert links between content files from paths on disk to addresses in the public website.

For example, `[Mẫu 01](../materials/mau-01.md)` works in any text editor. In the website, the link
leads to `t/mau01.html`.
"""

import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from portal.content.file_names import NAME, PICTURE_ENDINGS, PICTURES
from portal.media.markdown import SCHEMES

FOLDERS = {"meetings": "hoi-nghi", "materials": "t", "pages": "trang"}
"""The public website's folders of pages, by the names of the corresponding content folders."""


class Addresses:
    """The addresses in the public website of all content files, attached files and pictures.

    For example, the address of `materials/mau-01.md` is `t/mau01.html`. The first path is relative
    to the content folder, and the second is relative to the website's top folder.
    """

    def __init__(self, root: Path, files: Iterable[Any]) -> None:
        self.by_file: dict[str, str] = {}
        for file in files:
            folder = file.source.path.parent.name
            names = file.source.texts(("code",)) if folder == "materials" else [file.stem]
            for name in names:
                self.by_file[f"{folder}/{file.source.path.name}"] = f"{FOLDERS[folder]}/{name}.html"
            for name in file.source.texts(("file",)):
                self.by_file[f"{folder}/{name}"] = f"tep/{name}"
        for path in sorted((root / PICTURES).glob("*")):
            if path.suffix.lower() in PICTURE_ENDINGS and NAME.fullmatch(path.name):
                self.by_file[f"{PICTURES}/{path.name}"] = f"hinh/{path.stem}.webp"

        self._served = frozenset(self.by_file.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Addresses) and self.by_file == other.by_file

    def resolve(self, folder: str, link: str) -> str | None:
        """Return the address in the public website to which a link in a content file leads.

        The address is relative to the page made from that content file. `folder` is the content
        folder of the file, such as `materials`. Links to other sites (https:), telephone links
        (tel:) and links within a page (#) are returned unchanged. Return None if the link is dead,
        as one to a file on the editor's computer (file:, C:) is.
        """
        parts = urlsplit(link)
        if parts.scheme and parts.scheme not in SCHEMES:
            return None
        if parts.scheme or parts.netloc or not parts.path:
            return link
        target = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
        address = self.by_file.get(target) or (target if target in self._served else None)
        return address and f"../{address}" + (f"#{parts.fragment}" if parts.fragment else "")
