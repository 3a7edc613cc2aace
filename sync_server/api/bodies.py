"""Read and decompress request bodies within a size limit, and write JSON responses."""

import re
import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Response, request

from sync_server.config import MAX_BODY_BYTES
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.errors import BodyTooLarge, MalformedJson, MalformedRequest, UnsupportedEncoding

T = TypeVar("T")


_RANGE = re.compile(r"bytes (\d{1,9})-(\d{1,9})/(\d{1,9})\Z")
_GZIP = zlib.MAX_WBITS | 16


MAX_SMALL_VALUES = 10_000
"""The largest number of JSON values in a request body that contains no records. Without this limit,
a small compressed body could expand to millions of values."""


def read_body(
    decoder: msgspec.json.Decoder[T],
    repair: Callable[[bytes], bytes] | None = None,
    *,
    most_values: int = MAX_SMALL_VALUES,
) -> T:
    """Decode the JSON in the request body and return the result.

    If the JSON is malformed and `repair` is given, `repair(body)` is decoded instead. `most_values`
    is the largest number of JSON values allowed in the body; the number is estimated by counting
    commas.

    Raises: BodyTooLarge; UnsupportedEncoding if the body is compressed, but not with gzip;
    MalformedJson; MalformedRequest if the JSON has too many values or an unexpected structure.
    """
    body = read_bytes()
    if body.count(b",") >= most_values:  # a list of n values has n - 1 commas
        raise MalformedRequest(fault=f"more than {most_values} values")
    try:
        return _decode_body(decoder, body, repair)
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=fault) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedJson(fault=fault) from None


def read_bytes() -> bytes:
    """Return the bytes of the request body, decompressed if they are gzip data.

    Raises: BodyTooLarge if the body has more than `MAX_BODY_BYTES` before or after decompression;
    UnsupportedEncoding if its encoding is not gzip; MalformedJson if the gzip data are damaged.
    """
    body = request.stream.read(MAX_BODY_BYTES + 1)
    match request.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            pass
        case "gzip":
            body = _inflate(body)
        case encoding:
            raise UnsupportedEncoding(encoding=encoding)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(limit=MAX_BODY_BYTES)
    return body


def parse_content_range(piece: bytes) -> tuple[int, int]:
    """Return two numbers of bytes: the offset of a piece in its upload, and the upload's size.

    Both come from the header `Content-Range`. Without that header, the piece is the whole upload.

    Raises: MalformedRequest if the header is malformed or does not match the piece's length.
    """
    content_range = request.headers.get("Content-Range")
    if content_range is None:
        return 0, len(piece)
    range_match = _RANGE.match(content_range)
    first, last, total = map(int, range_match.groups()) if range_match else (0, -1, 0)
    if not range_match or last - first + 1 != len(piece) or last >= total:
        raise MalformedRequest(fault=f"Content-Range {content_range!r}, {len(piece)} bytes")
    return first, total


def check_sha256(name: str) -> None:
    """Check that a part of a URL is a sha256: 64 hexadecimal digits in lower case.

    Raises: MalformedRequest if it is not.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", name):
        raise MalformedRequest(fault=f"sha256 {name!r}")


def _decode_body(
    decoder: msgspec.json.Decoder[T], body: bytes, repair: Callable[[bytes], bytes] | None
) -> T:
    try:
        return decode_foreign(body, decoder)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if repair is None:
            raise
        return decode_foreign(repair(body), decoder)


def json_response(value: object, status: int = 200) -> Response:
    """Return a response with a value as JSON in its body and the given HTTP status."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as fault:
        raise MalformedJson(fault=fault) from None
    if not inflater.eof and len(inflated) <= MAX_BODY_BYTES:
        raise MalformedJson(fault="gzip: cut short")
    if inflater.unused_data:
        raise MalformedJson(fault="gzip: further data follow")
    return inflated
