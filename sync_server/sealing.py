"""Sealing: what is personal leaves a device only as a JWE to headquarters' public key.

ECDH-ES on P-256 with A256GCM (RFC 7516, 7518). A purge deletes details and keeps the ledger, and
whoever copies the database has codes and sealed boxes, for the key stands in the settings.
"""

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from sync_server.errors import DetailUnreadable

ALGORITHMS = ["ECDH-ES", "A256GCM"]
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: private keys are the numbers from 1 to one less (FIPS 186-5)."""

MAX_OPENED_BYTES = 2 * 1024 * 1024
"""A photo of a page or a short PDF; what is larger is a mistake on a poor line."""


class _Registry(jwe.JWERegistry):
    """The library's own bound on a ciphertext is 64 KB; ours is what a detail may hold."""

    max_ciphertext_length = MAX_OPENED_BYTES * 4 // 3 + 4


_REGISTRY = _Registry(algorithms=ALGORITHMS)
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"{", "application/json"),
)


@lru_cache(maxsize=4)
def _private_key(seal_key: str) -> ECKey:
    number = int.from_bytes(hashlib.sha512(seal_key.encode()).digest()) % (_ORDER - 1) + 1
    return ECKey.import_key(ec.derive_private_key(number, ec.SECP256R1()))


def public_key(seal_key: str) -> dict[str, str]:
    """Return the JWK to which devices seal."""
    return {name: str(value) for name, value in _private_key(seal_key).as_dict(False).items()}


def seal(to: dict[str, str], content: bytes) -> str:
    """Seal content to a public key, as a device does; no two sealings are equal."""
    protected = dict(zip(("alg", "enc"), ALGORITHMS, strict=True))
    return jwe.encrypt_compact(protected, content, ECKey.import_key({**to}), registry=_REGISTRY)


def open_sealed(seal_key: str, sealed: bytes) -> tuple[bytes, str]:
    """Return what was sealed and its media type, told by the content and not by its sender.

    Raises: DetailUnreadable.
    """
    try:
        opened = jwe.decrypt_compact(sealed, _private_key(seal_key), registry=_REGISTRY)
    except (JoseError, ValueError) as fault:
        raise DetailUnreadable(fault=type(fault).__name__) from None
    content = opened.plaintext or b""
    if len(content) > MAX_OPENED_BYTES:
        raise DetailUnreadable(fault=f"{len(content)} bytes")
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return content, media_type
    raise DetailUnreadable(fault=content[:8].hex())
