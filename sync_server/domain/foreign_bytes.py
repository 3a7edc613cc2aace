"""Decode JSON from outside the server, which may be malformed in any way."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_foreign(content: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON from a device, a browser or a file into the type of the given decoder.

    Raises: msgspec.DecodeError if the content is not JSON, is not UTF-8 or is nested too deeply;
    its subclass msgspec.ValidationError if the JSON does not have the decoder's type.
    """
    try:
        return decoder.decode(content)
    except (UnicodeDecodeError, RecursionError) as fault:
        raise msgspec.DecodeError(str(fault)) from None
