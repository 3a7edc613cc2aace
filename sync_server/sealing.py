"""Sealing and signing with headquarters' two keys, both derived from one setting.

Personal data leaves a device only as a JWE to headquarters' public key: ECDH-ES on P-256 with
A256GCM (RFC 7516, 7518). A purge deletes details and keeps the ledger. Nobody can open the details
in a copy of the database, because the key is in the settings.
"""

import hashlib
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from sync_server.domain.records.codes import DeviceCode
from sync_server.errors import DetailUnreadable, SignatureWrong

ALGORITHMS = ["ECDH-ES", "A256GCM"]
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256: private keys are the numbers from 1 to one less (FIPS 186-5)."""

MAX_OPENED_BYTES = 2 * 1024 * 1024
"""Enough for a photo of a page or a short PDF; anything larger is a mistake on a slow line."""


MAX_PARCEL_BYTES = 48 * 1024 * 1024
"""Enough for a hall's whole queue as a file, with fifty photos in it."""


class _Registry(jwe.JWERegistry):
    """The decryption settings, with room for a whole hall's queue; the library stops at 64 KB."""

    max_ciphertext_length = MAX_PARCEL_BYTES * 4 // 3 + 4


class _SignedRegistry(jws.JWSRegistry):
    max_payload_length = MAX_PARCEL_BYTES * 4 // 3 + 4


_UNREADABLE = (
    msgspec.ValidationError,
    JoseError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""Errors that a box or signature of unknown origin can raise: anybody can write its headers."""

_REGISTRY = _Registry(algorithms=ALGORITHMS)
SIGNING = "ES256"
_SIGNED = _SignedRegistry(algorithms=[SIGNING])
_FILE_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"{", "application/json"),
)


@lru_cache(maxsize=8)
def _private_key(seal_key: str, use: str = "") -> ECKey:
    number = int.from_bytes(hashlib.sha512(f"{use}{seal_key}".encode()).digest())
    return ECKey.import_key(ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1()))


def _signing_key(seal_key: str) -> ECKey:
    return _private_key(seal_key, "sign ")


def public_key(seal_key: str) -> dict[str, str]:
    """Return the public JWK to which devices seal."""
    return _public_jwk(_private_key(seal_key))


def sign_key(seal_key: str) -> dict[str, str]:
    """Return the public JWK with which devices check headquarters' signatures."""
    return _public_jwk(_signing_key(seal_key))


def _public_jwk(key: ECKey) -> dict[str, str]:
    return {name: str(value) for name, value in key.as_dict(False).items()}


def sign(seal_key: str, content: bytes) -> str:
    """Sign content, such as a receipt, as headquarters; return a compact JWS."""
    header = {"alg": SIGNING, "kid": "headquarters"}
    return jws.serialize_compact(header, content, _signing_key(seal_key), registry=_SIGNED)


def signer_of(signed: bytes) -> str:
    """Return the `kid` that a JWS states, without checking it. Raises: SignatureWrong."""
    try:
        signer = jws.extract_compact(signed, registry=_SIGNED).headers()["kid"]
        return msgspec.convert(signer, DeviceCode)
    except _UNREADABLE as fault:
        raise SignatureWrong(fault=type(fault).__name__) from None


def check_signed(public: dict[str, str], signed: bytes) -> bytes:
    """Check a JWS with a public key and return its payload. Raises: SignatureWrong."""
    try:
        signed_object = jws.deserialize_compact(
            signed, ECKey.import_key({**public}), registry=_SIGNED
        )
    except _UNREADABLE as fault:
        raise SignatureWrong(fault=type(fault).__name__) from None
    return signed_object.payload


def seal(recipient_key: dict[str, str], content: bytes) -> str:
    """Seal content to a public key, as a device does; every call returns another compact JWE."""
    protected = dict(zip(("alg", "enc"), ALGORITHMS, strict=True))
    return jwe.encrypt_compact(
        protected, content, ECKey.import_key({**recipient_key}), registry=_REGISTRY
    )


def open_box(seal_key: str, sealed: bytes) -> bytes:
    """Decrypt a sealed box; its signature is not checked. Raises: DetailUnreadable."""
    try:
        opened = jwe.decrypt_compact(sealed, _private_key(seal_key), registry=_REGISTRY)
    except _UNREADABLE as fault:
        raise DetailUnreadable(fault=type(fault).__name__) from None
    return opened.plaintext or b""


def open_sealed(seal_key: str, sealed: bytes) -> tuple[bytes, str]:
    """Open a sealed detail; return its content, and the media type that its first bytes show.

    Raises: DetailUnreadable.
    """
    content = open_box(seal_key, sealed)
    if len(content) > MAX_OPENED_BYTES:
        raise DetailUnreadable(fault=f"{len(content)} bytes")
    media_type = media_type_of(content)
    if media_type is None:
        raise DetailUnreadable(fault=content[:8].hex())
    return content, media_type


def media_type_of(content: bytes) -> str | None:
    """Return the media type that the first bytes show, or None if the office cannot show it."""
    return next((type_ for magic, type_ in _FILE_SIGNATURES if content.startswith(magic)), None)
