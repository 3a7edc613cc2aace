"""Decide by its name whether a file in the content folder is read or ignored."""

import re

PICTURES = "images"
"""The folder, inside the content folder, that contains the pictures."""
DIRECTORY = "directory.yaml"
"""The name of the file that lists the Party organisations (units) and their halls."""
PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A pattern of valid file names for pictures and attached files, which become part of a URL."""
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
"""Names that no file can have on Windows, whatever its extension, and so on no USB stick either."""
_LITTER = re.compile(r"\.|~\$|(?:Thumbs\.db|ehthumbs\.db|desktop\.ini|Icon\r)\Z", re.IGNORECASE)


def is_leftover_file(name: str) -> bool:
    """Return whether a file was left behind by the operating system or an editing program.

    The result depends only on the file name. Examples are `Thumbs.db`, `.DS_Store` and
    `~$draft.docx`.
    """
    return _LITTER.match(name) is not None
