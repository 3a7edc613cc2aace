"""Test that JSON from outside the server is decoded in one place, the function `decode_foreign`.

Whatever is wrong with the JSON, this function raises msgspec.DecodeError.
"""

import ast

import msgspec
import pytest

from sync_server.config import ROOT
from sync_server.domain.foreign_bytes import decode_foreign

OWN_BYTES = {
    "domain/foreign_bytes.py",  # contains `decode_foreign`
    "domain/shared.py",  # reads a file of the repository
    "sheets/headings.py",  # reads a file of the repository
    "domain/records/forms.py",  # decodes canonical bytes from the ledger
    "storage/ledger/standings.py",
    "storage/access/devices.py",
    "acts/attendance_lists.py",  # decodes an import that the server stored
    "acts/people_lists.py",  # decodes an import that the server stored
    "office/meetings/attendance_lists.py",  # decodes choices that the server stored
    "office/people/people_lists.py",  # decodes choices that the server stored
    "reports/making.py",  # decodes a report that the server stored
    "storage/organisation.py",
    "api/sync.py",  # decodes canonical bytes from the ledger
}
"""Modules of `sync_server` that may decode JSON without `decode_foreign`, the function for JSON
from outside. They decode JSON that the server wrote or that belongs to the repository, so a fault
in it is a bug. Only `domain/foreign_bytes.py`, which contains the function, differs."""


@pytest.mark.parametrize("content", [b"{", b'"\xff"', b"[" * 100_000, b"NaN", b"", b"\x00", b"1 2"])
def test_whatever_is_wrong_with_bytes_is_one_error(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_foreign(content, msgspec.json.Decoder())


def test_nobody_else_decodes_json() -> None:
    decoding = set()
    for path in (ROOT / "sync_server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                decoded = ast.unparse(node.func)
                if decoded.endswith(("json.decode", "ecoder.decode")):
                    decoding.add(path.relative_to(ROOT / "sync_server").as_posix())

    assert decoding == OWN_BYTES
