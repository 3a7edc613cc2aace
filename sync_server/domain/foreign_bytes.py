"""Decode JSON from outside the server, which may be malformed in any way."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_foreign(content: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON that a device, a browser or a file sent, and return the decoder's type.

    Raises: msgspec.DecodeError if the content is not JSON, is not UTF-8 or is nested too deeply.
    Its subclass msgspec.ValidationError is raised if the JSON does not have the decoder's type.
    """
    try:
        return decoder.decode(content)
    except (UnicodeDecodeError, RecursionError) as fault:
        raise msgspec.DecodeError(str(fault)) from None
