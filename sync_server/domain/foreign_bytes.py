"""Decoding of JSON from outside the server, which may be malformed in any way."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_foreign(content: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON that a device, a browser or a file sent.

    Raises: msgspec.DecodeError for any fault, also for bytes that are not UTF-8 and for too deep
    nesting, where msgspec raises other errors; its subclass ValidationError for JSON of another
    form.
    """
    try:
        return decoder.decode(content)
    except (UnicodeDecodeError, RecursionError) as fault:
        raise msgspec.DecodeError(str(fault)) from None
