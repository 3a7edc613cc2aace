"""Check the size of a ZIP archive before anything in it is decompressed.

XLSX and DOCX files are ZIP archives, including those attached to pages of the portal (the public
website). A file of a few megabytes can decompress to gigabytes.
"""

import io
import zipfile

MAX_INFLATED_BYTES = 64 * 1024 * 1024
"""The largest total size in bytes of all parts of an archive after decompression."""
MAX_RATIO = 200
"""The largest factor by which a large part of an archive may grow when decompressed.

The XML of office files grows by a factor of 10 to 100. Archives made for an attack grow more.
"""
SMALL_PART_BYTES = 256 * 1024
"""The decompressed size in bytes up to which a part of an archive is not checked for its growth.

A part of this size is harmless, whatever the factor by which it grows when decompressed.
"""


class TooLarge(Exception):
    """Raised if an archive would decompress to more than the limits allow."""


def check_inflated_size(archive: zipfile.ZipFile, limit_bytes: int = MAX_INFLATED_BYTES) -> None:
    """Check, by the directory of an archive, how large it would become when decompressed.

    `limit_bytes` limits the total size of all parts.

    Raises: TooLarge if the total is larger, or if a part larger than `SMALL_PART_BYTES` would grow
    by more than the factor `MAX_RATIO`.
    """
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > limit_bytes:
        raise TooLarge
    for part in parts:
        if part.file_size > SMALL_PART_BYTES and part.file_size > MAX_RATIO * part.compress_size:
            raise TooLarge


def check_archive(content: bytes, limit_bytes: int = MAX_INFLATED_BYTES) -> None:
    """Check how large the ZIP archive in `content` would become, without decompressing it.

    `limit_bytes` limits the total size of all parts.

    Raises: TooLarge if the archive exceeds a limit; zipfile.BadZipFile if `content` is no ZIP
    archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_inflated_size(archive, limit_bytes)
