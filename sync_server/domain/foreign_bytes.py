"""Foreign bytes: JSON that somebody else wrote, which may be anything at all."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_foreign(content: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode bytes that a device, a browser or a file brought.

    Raises: msgspec.DecodeError, whatever is wrong with them (msgspec by itself raises two more, for
    letters that are no UTF-8 and for endless nesting); a ValidationError, its subclass, if they are
    JSON of another form.
    """
    try:
        return decoder.decode(content)
    except (UnicodeDecodeError, RecursionError) as fault:
        raise msgspec.DecodeError(str(fault)) from None
