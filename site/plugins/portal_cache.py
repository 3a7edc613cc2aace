"""Results of slow work, kept on the disk under the sha256 of what they were made from."""

import hashlib
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".cache"


def cached(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what `make` gives, from the disk if it was made before; `key` says all it reads."""
    path = FOLDER / kind / hashlib.sha256(key).hexdigest()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    half_made = path.with_suffix(".new")
    half_made.write_bytes(made)
    half_made.replace(path)
    return made
