"""Cache slow results on disk, in files that are named by the sha256 of the result's inputs."""

import hashlib
import os
from collections.abc import Callable

from portal import ROOT

FOLDER = ROOT / ".cache"


def cached(kind: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """Return the result of `make` from a cache on disk, or call `make` and store the result.

    `kind` is the name of the result's folder in the cache. `key` must contain all inputs that
    affect the result, because two calls with the same `key` give the same result.
    """
    path = FOLDER / kind / hashlib.sha256(key).hexdigest()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        result = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    half_made = path.with_suffix(f".{os.getpid()}")  # several processes may make the same result
    half_made.write_bytes(result)
    half_made.replace(path)
    return result
