"""Check the size of a ZIP archive before anything in it is inflated.

XLSX, DOCX and the editors' attachments are such archives. A few bytes can inflate to gigabytes.
"""

import io
import zipfile

MAX_INFLATED_BYTES = 64 * 1024 * 1024
"""The limit for all parts of an archive together."""
MAX_RATIO = 200
"""How much a large part may inflate. The XML of office files inflates by a factor of 10 to 100."""
SMALL_PART_BYTES = 256 * 1024
"""Smaller parts may inflate by any factor, because they are harmless."""


class TooLarge(Exception):
    """The error if an archive would inflate beyond the limits."""


def check_inflated_size(archive: zipfile.ZipFile, limit_bytes: int = MAX_INFLATED_BYTES) -> None:
    """Check an archive's inflated size by its directory, without inflating it. Raises: TooLarge."""
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > limit_bytes:
        raise TooLarge
    for part in parts:
        if part.file_size > SMALL_PART_BYTES and part.file_size > MAX_RATIO * part.compress_size:
            raise TooLarge


def check_archive(content: bytes, limit_bytes: int = MAX_INFLATED_BYTES) -> None:
    """Check the bytes of an archive as `check_inflated_size` does.

    Raises: TooLarge. zipfile.BadZipFile if the bytes are no archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_inflated_size(archive, limit_bytes)
