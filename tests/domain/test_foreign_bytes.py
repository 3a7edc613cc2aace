"""Foreign bytes: one way of decoding them, whatever they hold."""

import ast

import msgspec
import pytest

from sync_server.config import ROOT
from sync_server.domain.foreign_bytes import decode_foreign

OWN_BYTES = {
    "domain/foreign_bytes.py",
    "domain/shared.py",  # a file of the repository
    "sheets/headings.py",  # the same
    "domain/records/forms.py",  # canonical bytes from the ledger
    "storage/ledger/standings.py",
    "storage/access/devices.py",
    "acts/attendance_lists.py",  # what the server stored of an import
    "acts/people_lists.py",  # the same
    "office/meetings/attendance_lists.py",  # choices that the server stored
    "office/people/people_lists.py",  # the same
    "reports/making.py",  # a report that the server stored
    "reports/verify.py",  # a file of ours or a stranger's: whatever it raises is one answer
    "storage/organisation.py",
    "api/sync.py",  # canonical bytes from the ledger
}
"""The modules that decode JSON of our own making."""


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

    assert decoding <= OWN_BYTES
