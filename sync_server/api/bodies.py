"""Request bodies: read with a bound, inflated with a bound, typed; and answers as JSON."""

import re
import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Response, request

from sync_server.errors import BodyTooLarge, MalformedJson, MalformedRequest, UnsupportedEncoding

T = TypeVar("T")

MAX_BODY_BYTES = 8 * 1024 * 1024
"""500 records are 200 KB; the rest is room for details, and for a record that is far too large
to be told so by its own verdict instead of costing the others theirs."""

_RANGE = re.compile(r"bytes (\d{1,9})-(\d{1,9})/(\d{1,9})\Z")
_GZIP = zlib.MAX_WBITS | 16


def read_body(
    decoder: msgspec.json.Decoder[T], respell: Callable[[bytes], bytes] | None = None
) -> T:
    """Return the typed body; `respell` may save one that cannot be decoded as it is.

    Raises: BodyTooLarge, UnsupportedEncoding, MalformedJson, MalformedRequest.
    """
    body = read_bytes()
    try:
        return _decoded(decoder, body, respell)
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=fault) from None
    except (msgspec.DecodeError, ValueError, RecursionError, AttributeError) as fault:
        raise MalformedJson(fault=fault) from None


def read_bytes() -> bytes:
    """Return the body, inflated. Raises: BodyTooLarge, UnsupportedEncoding, MalformedJson."""
    body = request.stream.read(MAX_BODY_BYTES + 1)
    match request.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            pass
        case "gzip":
            body = _inflate(body)
        case other:
            raise UnsupportedEncoding(encoding=other)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(limit=MAX_BODY_BYTES)
    return body


def piece_place(piece: bytes) -> tuple[int, int]:
    """Return where a piece stands and of how many bytes, by `Content-Range`; without it, it is all.

    Raises: MalformedRequest.
    """
    stated = request.headers.get("Content-Range")
    if stated is None:
        return 0, len(piece)
    found = _RANGE.match(stated)
    first, last, total = map(int, found.groups()) if found else (0, -1, 0)
    if not found or last - first + 1 != len(piece) or last >= total:
        raise MalformedRequest(fault=f"Content-Range {stated!r}, {len(piece)} bytes")
    return first, total


def check_sha256(name: str) -> None:
    """Check that an address names a sha256. Raises: MalformedRequest."""
    if not re.fullmatch(r"[0-9a-f]{64}", name):
        raise MalformedRequest(fault=f"sha256 {name!r}")


def _decoded(
    decoder: msgspec.json.Decoder[T], body: bytes, respell: Callable[[bytes], bytes] | None
) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if respell is None:
            raise
        return decoder.decode(respell(body))


def answer(value: object, status: int = 200) -> Response:
    """Return the value as JSON."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as fault:
        raise MalformedJson(fault=fault) from None
    if not inflater.eof and len(inflated) <= MAX_BODY_BYTES:
        raise MalformedJson(fault="gzip: cut short")
    return inflated
