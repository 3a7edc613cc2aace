"""A disk cache of slow results; the sha256 of a result's inputs names its file."""

import hashlib
from collections.abc import Callable

from portal import ROOT

FOLDER = ROOT / ".cache"


def cached(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """Return the result of `make`, from the disk if cached; `key` holds everything it reads."""
    path = FOLDER / kind / hashlib.sha256(key).hexdigest()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        result = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    half_made = path.with_suffix(".new")
    half_made.write_bytes(result)
    half_made.replace(path)
    return result
