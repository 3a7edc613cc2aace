"""Encrypt, decrypt, sign and verify with headquarters' keys for encryption and for signatures.

Both keys are derived from the secret in the setting `SEAL_KEY`. The setting may also hold former
secrets after the present one, separated by commas: content that was encrypted with keys from former
secrets can still be decrypted. Personal data leave a device only as a JWE (JSON Web Encryption),
encrypted with headquarters' public key: ECDH-ES on P-256 with A256GCM (RFC 7516, 7518). The key for
decryption is not in the database, so a stolen copy of the database reveals no personal data.
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
"""The order n of the curve P-256. A private key is a number from 1 to n - 1 (FIPS 186-5)."""

MAX_OPENED_BYTES = 2 * 1024 * 1024
"""The largest decrypted size in bytes of an attachment of a record; a larger one is refused.

It is enough for a photo of a page or a short PDF. Larger files would take too long to send over a
slow connection.
"""


MAX_QUEUE_FILE_BYTES = 48 * 1024 * 1024
"""The largest decrypted size in bytes of a queue file.

A queue file contains the records that a hall could not send over the network. This limit allows all
records of a hall with fifty photos.
"""


class _Registry(jwe.JWERegistry):
    """Settings with which the JWE library decrypts content larger than its default limit of 64 KB.

    A JWE is content that was encrypted according to RFC 7516. The largest content is a file with
    all records of a hall (`MAX_QUEUE_FILE_BYTES`).
    """

    max_ciphertext_length = MAX_QUEUE_FILE_BYTES * 4 // 3 + 4


class _SignedRegistry(jws.JWSRegistry):
    max_payload_length = MAX_QUEUE_FILE_BYTES * 4 // 3 + 4


_UNREADABLE = (
    msgspec.ValidationError,
    JoseError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""The exceptions that the libraries may raise when decryption or verification fails.

Anybody can write the headers of encrypted or signed content (JWE or JWS), so the libraries may read
values of any type there.
"""

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


def _parts(seal_key: str) -> list[str]:
    """Return the secrets in the setting `SEAL_KEY`, the present one first."""
    return seal_key.split(",")


def public_key(seal_key: str) -> dict[str, str]:
    """Return the public key (JWK) with which devices encrypt personal data.

    `seal_key` is the setting `SEAL_KEY`, from which the key is derived.
    """
    return _public_jwk(_private_key(_parts(seal_key)[0]))


def sign_key(seal_key: str) -> dict[str, str]:
    """Return the public key (JWK) with which devices verify headquarters' signatures.

    `seal_key` is the setting `SEAL_KEY`, from which the key is derived.
    """
    return _public_jwk(_signing_key(_parts(seal_key)[0]))


@lru_cache(maxsize=8)
def keys_revision(seal_key: str) -> str:
    """Return 16 hex digits that change when headquarters' public keys change.

    The keys are derived from the secret `seal_key`. A device compares the digits with those
    that it has stored, and fetches the keys if the digits differ.
    """
    keys = msgspec.json.encode([public_key(seal_key), sign_key(seal_key)], order="sorted")
    return hashlib.sha256(keys).hexdigest()[:16]


def _public_jwk(key: ECKey) -> dict[str, str]:
    return {name: str(value) for name, value in key.as_dict(False).items()}


def sign(seal_key: str, content: bytes) -> list[str]:
    """Sign content, such as a receipt, with headquarters' present key and every former key.

    Return one compact JWS (signed content, RFC 7515) for every key, because a device without a
    network may know only a former key. `seal_key` is the setting `SEAL_KEY`, from which the keys
    are derived.
    """
    header = {"alg": SIGNING, "kid": "headquarters"}
    return [
        jws.serialize_compact(header, content, _signing_key(part), registry=_SIGNED)
        for part in _parts(seal_key)
    ]


def is_public_key(key: dict[str, str]) -> bool:
    """Return whether a JSON Web Key contains only a public key on the curve P-256."""
    if key.keys() != {"kty", "crv", "x", "y"} or (key["kty"], key["crv"]) != ("EC", "P-256"):
        return False
    try:
        return ECKey.import_key({**key}).public_key is not None
    except _UNREADABLE:
        return False


def signer_of(signed: bytes) -> str:
    """Return the device code that a JWS (signed content) names as its signer.

    The signature is not verified, so anybody may have written the code.

    Raises: SignatureWrong if the JWS cannot be parsed or its header `kid` is no device code.
    """
    try:
        signer = jws.extract_compact(signed, registry=_SIGNED).headers()["kid"]
        return msgspec.convert(signer, DeviceCode)
    except _UNREADABLE as fault:
        raise SignatureWrong(fault=type(fault).__name__) from None


def verify_signature(public: dict[str, str], signed: bytes) -> bytes:
    """Verify the signature of signed content (a compact JWS), and return the content.

    `public` is the signer's public key (JWK).

    Raises: SignatureWrong if the JWS cannot be parsed or its signature is wrong.
    """
    try:
        signed_object = jws.deserialize_compact(
            signed, ECKey.import_key({**public}), registry=_SIGNED
        )
    except _UNREADABLE as fault:
        raise SignatureWrong(fault=type(fault).__name__) from None
    return signed_object.payload


def seal(recipient_key: dict[str, str], content: bytes) -> str:
    """Encrypt content with a public key (JWK), as devices do, and return it as a compact JWE.

    A JWE is encrypted content (RFC 7516). Every call returns a different JWE for the same content.
    """
    protected = dict(zip(("alg", "enc"), ALGORITHMS, strict=True))
    return jwe.encrypt_compact(
        protected, content, ECKey.import_key({**recipient_key}), registry=_REGISTRY
    )


def open_box(seal_key: str, sealed: bytes) -> bytes:
    """Decrypt encrypted content (a compact JWE) with headquarters' keys, and return the content.

    `seal_key` is the setting `SEAL_KEY`. Decryption does not prove who encrypted the content.

    Raises: DetailUnreadable if the JWE cannot be parsed or was encrypted with another public key.
    """
    failure = ""
    for part in _parts(seal_key):
        try:
            opened = jwe.decrypt_compact(sealed, _private_key(part), registry=_REGISTRY)
        except _UNREADABLE as fault:
            failure = type(fault).__name__
        else:
            return opened.plaintext or b""
    raise DetailUnreadable(fault=failure)


def seal_again(seal_key: str, sealed: bytes) -> bytes | None:
    """Encrypt content again, for headquarters' present key, if it is encrypted for a former key.

    `seal_key` is the setting `SEAL_KEY`, which contains the secrets of all keys, and `sealed` is
    the encrypted content (a compact JWE). Return the newly encrypted content, or None if the
    content is encrypted for the present key already. Raises: DetailUnreadable if no key decrypts
    it.
    """
    try:
        open_box(_parts(seal_key)[0], sealed)
    except DetailUnreadable:
        return seal(public_key(seal_key), open_box(seal_key, sealed)).encode()
    return None


def decrypt_detail(seal_key: str, sealed: bytes) -> tuple[bytes, str]:
    """Decrypt personal data that a device sent, and return the content and its media type.

    `seal_key` is the setting `SEAL_KEY`, and `sealed` is the encrypted content, a compact JWE. The
    media type, such as `image/jpeg`, is recognised by the first bytes of the content.

    Raises: DetailUnreadable if the JWE cannot be decrypted, or if the content is larger than
    `MAX_OPENED_BYTES` or is not JSON, JPEG, PNG or PDF.
    """
    content = open_box(seal_key, sealed)
    if len(content) > MAX_OPENED_BYTES:
        raise DetailUnreadable(fault=f"{len(content)} bytes")
    media_type = media_type_of(content)
    if media_type is None:
        raise DetailUnreadable(fault=content[:8].hex())
    return content, media_type


def media_type_of(content: bytes) -> str | None:
    """Return the media type of a JSON, JPEG, PNG or PDF file, recognised by its first bytes.

    Return None for any other content; the web pages for staff cannot show such content.
    """
    return next((type_ for magic, type_ in _FILE_SIGNATURES if content.startswith(magic)), None)
