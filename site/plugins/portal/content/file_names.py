"""Decide from their names which files in the content folder are read, and which are left alone."""

import re

PICTURES = "images"
"""The folder of the pictures."""
DIRECTORY = "directory.yaml"
"""The file that lists the units and halls."""
PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""The names that a picture or an attached file may have, because they are part of an address."""
_LITTER = re.compile(r"\.|~\$|(?:Thumbs\.db|ehthumbs\.db|desktop\.ini|Icon\r)\Z", re.IGNORECASE)


def is_leftover_file(name: str) -> bool:
    """Return whether a file was left behind by the operating system or an editing program.

    The result depends only on the file name. Examples are `Thumbs.db`, `.DS_Store` and
    `~$draft.docx`.
    """
    return _LITTER.match(name) is not None
