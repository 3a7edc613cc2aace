"""Test that confidential details are encrypted on the device and opened by entitled readers only.

A detail is a text, a photo or a PDF, such as the reason for a leave request. Large details are sent
in pieces.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from sync_server import sealing
from sync_server.database import reading, write
from sync_server.domain.records.codes import to_ms
from sync_server.storage.access import devices
from sync_server.storage.blobs import details
from sync_server.storage.models import AuditRow, BlobPiece, LedgerRow
from tests.conftest import FakeClock, Persona
from tests.factories import draft, roll

REASON = json.dumps({"reason": "CONG_TAC", "number": "12-CV/CB"}).encode()
PIECE = details.MAX_PIECE_BYTES


def sealed(to: Persona, content: bytes) -> tuple[str, str]:
    box = sealing.seal(to.seal_key, content)
    return hashlib.sha256(box.encode()).hexdigest(), box


def request_with(sha256: str, number: int = 5, **changes: Any) -> dict[str, Any]:
    body = {"report": "numbered", "detail": sha256}
    return draft("absence_request", number, body=body, **changes)


def officers() -> dict[str, Any]:
    body = {
        "officers": [["S1", "secretary"], ["S2", "deputy"]],
        "starts_at": "2024-08-22T04:00:00Z",
        "ends_at": "2024-08-22T08:00:00Z",
    }
    return draft("setting", 902, at="2024-08-20T05:00:00.000Z", body=body)


def test_two_sealings_of_one_content_differ(as_clerk: Callable[..., Persona]) -> None:
    clerk = as_clerk()

    assert sealed(clerk, REASON)[0] != sealed(clerk, REASON)[0]


def test_a_small_detail_rides_in_the_sync_and_headquarters_opens_it(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)

    answer = clerk.sync(request_with(sha256), details={sha256: box})
    opened = as_headquarters.get(f"/details/{sha256}")

    assert answer["want_details"] == []
    assert (opened.status_code, opened.data, opened.mimetype) == (200, REASON, "application/json")
    with reading() as c:
        assert c.execute(select(AuditRow.who, AuditRow.about)).all() == [("hq", sha256)]


def test_a_detail_that_does_not_match_its_hash_is_not_stored(
    as_clerk: Callable[..., Persona],
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)

    answer = clerk.sync(request_with(sha256), details={sha256: box + "x"})

    assert answer["verdicts"][0]["status"] == "stored"
    assert answer["want_details"] == [sha256]


def test_a_large_detail_goes_on_where_it_was_cut(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    clerk = as_clerk()
    photo = b"\xff\xd8\xff" + bytes(150_000)
    sha256, box = sealed(clerk, photo)
    whole = box.encode()
    path = f"/details/{sha256}"

    def put(at: int) -> Any:
        piece = whole[at : at + PIECE]
        stated = f"bytes {at}-{at + len(piece) - 1}/{len(whole)}"
        return clerk.put(path, piece, Content_Range=stated)

    assert put(0).status_code == 204
    assert put(0).status_code == 204  # repeated, as after a lost answer
    at = int(clerk.client.head(f"/api/v1{path}", headers=clerk._bearer()).headers["Upload-Offset"])
    assert at == PIECE
    while at < len(whole):
        at = int(put(at).headers["Upload-Offset"])

    assert put(0).headers["Upload-Complete"] == "?1"
    assert as_headquarters.get(path).data == photo
    assert as_headquarters.get(path).mimetype == "image/jpeg"


def test_an_upload_with_the_wrong_hash_is_refused_and_can_be_sent_again(
    as_clerk: Callable[..., Persona],
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)

    wrong = clerk.put(f"/details/{sha256}", box.encode() + b"x")
    right = clerk.put(f"/details/{sha256}", box.encode())

    assert (wrong.status_code, wrong.get_json()["code"]) == (422, "blob_mismatch")
    assert right.status_code == 204


@pytest.mark.parametrize(
    ("stated", "size", "code"),
    [
        ("bytes 0-99999/100000", 100_000, "piece_too_large"),
        ("bytes 0-9/4000000", 10, "piece_too_large"),
        ("bytes 5-9/10", 10, "malformed_request"),
        ("nonsense", 10, "malformed_request"),
    ],
)
def test_an_impossible_piece_is_refused_with_its_code(
    as_clerk: Callable[..., Persona], stated: str, size: int, code: str
) -> None:
    response = as_clerk().put(f"/details/{'0' * 64}", bytes(size), Content_Range=stated)

    assert response.get_json()["code"] == code


@pytest.mark.parametrize("content", [b"GIF89a", b"", b"<script>"])
def test_content_that_is_no_document_is_not_opened(
    as_clerk: Callable[..., Persona], as_headquarters: Persona, content: bytes
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, content)
    clerk.put(f"/details/{sha256}", box.encode())

    assert as_headquarters.get(f"/details/{sha256}").get_json()["code"] == "detail_unreadable"


def test_content_sealed_to_another_key_is_not_opened(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    other = sealing.public_key("another-key-0123456789-abcdefghijklmnop")
    box = sealing.seal(other, REASON).encode()
    sha256 = hashlib.sha256(box).hexdigest()
    as_clerk().put(f"/details/{sha256}", box)

    assert as_headquarters.get(f"/details/{sha256}").get_json()["code"] == "detail_unreadable"


def test_only_the_chair_with_the_right_to_decide_opens_a_request(
    as_clerk: Callable[..., Persona],
    as_chair: Callable[..., Persona],
    as_headquarters: Persona,
    as_auditor: Persona,
    clock: FakeClock,
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)
    as_headquarters.sync(officers(), roll(1, "M1", "S1", "S2"))
    clerk.sync(request_with(sha256), details={sha256: box})
    path = f"/details/{sha256}"

    assert as_chair("S1").get(path).data == REASON
    assert as_chair("S2").get(path).status_code == 403  # S2 has no delegation
    assert as_chair("S1", "P002").get(path).status_code == 403  # a chair of another point
    assert clerk.get(path).status_code == 403
    assert as_auditor.get(path).data == REASON  # auditors may read every detail
    clock.now_ms = to_ms("2024-08-22T05:00:00Z")
    # Once the meeting has begun, a chair may open details only while presiding.
    assert as_chair("S1").get(path).status_code == 403


def test_knowing_a_hash_gives_no_right_to_the_content(
    as_clerk: Callable[..., Persona], as_chair: Callable[..., Persona], as_headquarters: Persona
) -> None:
    clerk, chair = as_clerk("P002"), as_chair("S1")
    sha256, box = sealed(clerk, REASON)
    as_headquarters.sync(officers(), roll(1, "M1", "S1", "S2"))
    clerk.sync(request_with(sha256, point="P002", person="M9"), details={sha256: box})

    chair.sync(request_with(sha256, 7, person="M1"))

    assert chair.get(f"/details/{sha256}").status_code == 403


def test_a_chair_opens_nothing_that_is_not_theirs_to_decide(
    as_clerk: Callable[..., Persona], as_chair: Callable[..., Persona], as_headquarters: Persona
) -> None:
    clerk, chair = as_clerk(), as_chair("S1")
    secretary_detail, guest_detail = sealed(clerk, REASON), sealed(clerk, b'{"name":"x"}')
    as_headquarters.sync(officers(), roll(1, "M1", "S1", "S2"))
    clerk.sync(
        request_with(secretary_detail[0], 5, person="S1"),
        draft("guest", 6, person=None, body={"detail": guest_detail[0]}),
        details=dict((secretary_detail, guest_detail)),
    )

    assert chair.get(f"/details/{secretary_detail[0]}").status_code == 403
    assert chair.get(f"/details/{guest_detail[0]}").status_code == 403


def test_a_caller_that_may_not_write_uploads_nothing(
    app: Flask, as_clerk: Callable[..., Persona], as_auditor: Persona, clock: FakeClock
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)

    refused = as_auditor.post("/sync", {"details": {sha256: box}})
    write(lambda c: devices.revoke(c, clerk.device, now_ms=clock.now_ms))
    revoked = clerk.put(f"/details/{sha256}", box.encode())
    clerk.post("/sync", {"records": [request_with(sha256)], "details": {sha256: box}})

    assert (refused.status_code, revoked.status_code) == (403, 403)
    with reading() as c:
        assert c.scalar(select(func.count()).select_from(BlobPiece)) == 0


def test_a_purge_deletes_details_and_nothing_else(
    as_clerk: Callable[..., Persona], as_headquarters: Persona, clock: FakeClock
) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, REASON)
    clerk.sync(request_with(sha256), details={sha256: box})
    before = as_headquarters.get("/meetings/2024-08-22-hoc-tap/board").get_json()

    count = write(lambda c: details.purge(c, before_ms=clock.now_ms + 1))

    assert count == 1
    assert as_headquarters.get(f"/details/{sha256}").get_json()["code"] == "unknown_detail"
    assert as_headquarters.get("/meetings/2024-08-22-hoc-tap/board").get_json() == before
    again = clerk.sync(request_with(sha256), details={sha256: box})
    assert again["want_details"] == []
    with reading() as c:
        assert c.scalar(select(func.count()).select_from(BlobPiece)) == 0
        assert c.scalar(select(func.count()).select_from(LedgerRow))


def test_an_upload_purged_half_way_starts_again_from_zero(as_clerk: Callable[..., Persona]) -> None:
    clerk = as_clerk()
    sha256, box = sealed(clerk, b"\xff\xd8\xff" + bytes(PIECE))
    whole, path = box.encode(), f"/details/{sha256}"
    clerk.put(path, whole[:PIECE], Content_Range=f"bytes 0-{PIECE - 1}/{len(whole)}")

    write(lambda c: details.purge(c, before_ms=to_ms("2199-01-01T00:00:00Z")))

    answer = clerk.client.head(f"/api/v1{path}", headers=clerk._bearer())
    assert answer.headers["Upload-Offset"] == "0"
    again = clerk.put(path, whole[:PIECE], Content_Range=f"bytes 0-{PIECE - 1}/{len(whole)}")
    assert again.status_code == 204


def test_a_device_fills_no_disk_with_details(
    as_clerk: Callable[..., Persona], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "MAX_BYTES_A_DAY", 1_000)
    clerk = as_clerk()
    (first, box), (second, more) = sealed(clerk, b"x" * 900), sealed(clerk, b"y")
    assert clerk.put(f"/details/{first}", box.encode()).status_code == 204

    refused = clerk.put(f"/details/{second}", more.encode())

    assert (refused.status_code, (refused.json or {})["code"]) == (429, "upload_quota_reached")
    assert int(refused.headers["Retry-After"]) > 0
