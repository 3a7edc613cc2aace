"""Test files of unsent records, which are imported once and only if their device signed them."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc import jwe, jws
from joserfc.jwk import ECKey

from sync_server import sealing
from sync_server.acts import queue_files
from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.errors import QueueFileFaulty
from sync_server.storage.access import devices
from sync_server.storage.blobs import details
from tests.conftest import SECRET, FakeClock, Persona
from tests.factories import draft

SEAL_KEY = SECRET[::-1]


class Kiosk:
    """A check-in device that writes its unsent records to a file.

    The file has the form of those that site/app/kiosk/handover.js writes.
    """

    def __init__(self, as_outsider: Persona) -> None:
        self.key = ECKey.generate_key("P-256")
        self._outsider = as_outsider
        code = write(lambda c: devices.new_enrolment(c, "P001", now_ms=now_ms()))
        public = {name: self.key.as_dict(False)[name] for name in ("kty", "crv", "x", "y")}
        enrolment = as_outsider.post("/enrol", {"code": code, "public_key": public}).get_json()
        self.device, self.seal_key, self.sign_key = (
            enrolment["device"],
            enrolment["seal_key"],
            enrolment["sign_key"],
        )

    def record(self, number: int, **changes: Any) -> str:
        """Return the JSON text of a check-in record with this number; `changes` replace fields."""
        fields = {"device": self.device, "person": "M1", **changes}
        return json.dumps(draft("check_in", number, **fields))

    def parcel(self, records: list[str], boxes: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object that the device signs, with records and personal data.

        `records` are JSON texts; `boxes` maps SHA-256 hashes to encrypted personal data of records.
        """
        made_at = "2024-08-22T10:00:00.000Z"
        return {
            "device": self.device,
            "made_at": made_at,
            "records": records,
            "details": boxes or {},
        }

    def file(self, parcel: dict[str, Any], *, signed_by: ECKey | None = None) -> bytes:
        """Return a file of unsent records: the JSON object `parcel`, signed and then encrypted.

        Only headquarters can decrypt the file. If `signed_by` is given, that key signs the parcel
        instead of the device's key.
        """
        header = {"alg": "ES256", "kid": self.device}
        registry = sealing._SIGNED
        payload = json.dumps(parcel)
        signed = jws.serialize_compact(header, payload, signed_by or self.key, registry=registry)
        sealing_header = {"alg": "ECDH-ES", "enc": "A256GCM"}
        box = jwe.encrypt_compact(sealing_header, signed.encode(), ECKey.import_key(self.seal_key))
        return json.dumps({"diemcau": "queue", "v": 1, "boxes": [box]}).encode()


@pytest.fixture
def kiosk(as_outsider: Persona) -> Kiosk:
    """Return a check-in device that is registered for the hall P001."""
    return Kiosk(as_outsider)


def import_queue(content: bytes) -> queue_files.ImportResult:
    return queue_files.import_file(content, SEAL_KEY, now_ms())


def read_receipts(result: queue_files.ImportResult, kiosk: Kiosk) -> list[dict[str, Any]]:
    """Return the receipts of an import: the device's records, each with what became of it.

    Raises: AssertionError if the receipt file has the wrong format; SignatureWrong if a signature
    is wrong.
    """
    receipt_file = json.loads(result.receipt_file)
    assert (receipt_file["diemcau"], receipt_file["v"]) == ("receipt", 1)
    opened = (
        sealing.verify_signature(kiosk.sign_key, receipt.encode())
        for receipt in receipt_file["receipts"]
    )
    return [json.loads(payload) for payload in opened]


def test_a_file_is_imported_and_the_receipt_names_every_record(
    kiosk: Kiosk, as_headquarters: Persona
) -> None:
    texts = [kiosk.record(1), kiosk.record(2, person="M2")]
    result = import_queue(kiosk.file(kiosk.parcel(texts)))

    [receipt] = read_receipts(result, kiosk)
    assert receipt["device"] == kiosk.device
    fates = [(line["sha256"], line["fate"]) for line in receipt["records"]]
    assert fates == [(hashlib.sha256(text.encode()).hexdigest(), "stored") for text in texts]
    assert as_headquarters.get("/meetings/2024-08-22-hoc-tap/board").status_code == 200


def test_the_same_file_twice_changes_nothing(kiosk: Kiosk) -> None:
    content = kiosk.file(kiosk.parcel([kiosk.record(1)]))

    assert import_queue(content).count("stored") == 1
    assert import_queue(content).count("known") == 1


def test_one_bad_record_does_not_affect_the_others(kiosk: Kiosk) -> None:
    foreign = kiosk.record(2, point="P002")
    result = import_queue(
        kiosk.file(kiosk.parcel([kiosk.record(1), foreign, "{", kiosk.record(3)]))
    )

    lines = result.receipts[0].records
    assert [line.fate for line in lines] == ["stored", "refused", "refused", "stored"]
    assert lines[1].code == "foreign_point"


def test_a_file_may_hold_more_records_than_one_request(kiosk: Kiosk) -> None:
    texts = [kiosk.record(number, at="2024-08-22T01:00:00.000Z") for number in range(1, 520)]

    assert import_queue(kiosk.file(kiosk.parcel(texts))).count("stored") == len(texts)


@pytest.mark.parametrize("bound", ["MAX_RECORDS", "details", "MAX_BOXES"])
def test_a_file_beyond_its_bounds_is_refused_whole(kiosk: Kiosk, bound: str) -> None:
    if bound == "MAX_RECORDS":
        content = kiosk.file(kiosk.parcel([""] * (queue_files.MAX_RECORDS + 1)))
    elif bound == "details":
        details = {f"{n:064x}": "" for n in range(queue_files.MAX_RECORDS + 1)}
        content = kiosk.file(kiosk.parcel([]) | {"details": details})
    else:
        content = json.dumps(
            {"diemcau": "queue", "v": 1, "boxes": ["x"] * (queue_files.MAX_BOXES + 1)}
        ).encode()

    with pytest.raises(QueueFileFaulty):
        import_queue(content)


def test_a_box_that_occurs_twice_is_opened_once(kiosk: Kiosk) -> None:
    fields = json.loads(kiosk.file(kiosk.parcel([kiosk.record(1)])))
    fields["boxes"] *= 2

    assert len(import_queue(json.dumps(fields).encode()).receipts) == 1


def test_details_come_with_the_file_even_large_ones(kiosk: Kiosk) -> None:
    boxes = {}
    for size in (100, 300_000):
        box = sealing.seal(kiosk.seal_key, b"{" + b"x" * size)
        boxes[hashlib.sha256(box.encode()).hexdigest()] = box
    bad = {"0" * 64: "not what its name says"}
    result = import_queue(kiosk.file(kiosk.parcel([kiosk.record(1)], boxes | bad)))

    assert set(result.receipts[0].details) == set(boxes)
    with reading() as connection:
        for sha256 in boxes:
            assert details.offset_of(connection, sha256, kiosk.device).is_complete


def test_records_in_a_revoked_device_s_file_are_held(kiosk: Kiosk) -> None:
    write(lambda c: devices.revoke(c, kiosk.device, now_ms=now_ms()))
    result = import_queue(kiosk.file(kiosk.parcel([kiosk.record(1)])))

    assert [line.fate for line in result.receipts[0].records] == ["held"]


def tampered_files(kiosk: Kiosk) -> dict[str, Callable[[], bytes]]:
    """Return functions that make faulty files of unsent records, by the name of the fault."""
    whole = kiosk.file(kiosk.parcel([kiosk.record(1)]))
    other = kiosk.parcel([kiosk.record(1)]) | {"device": "D-ANOTHER"}
    stranger = ECKey.generate_key("P-256")
    return {
        "form": lambda: b"{}",
        "no JSON": lambda: b"\xff\xfe",
        "sealed": lambda: whole[:-40] + (b"A" if whole[-40:-39] != b"A" else b"B") + whole[-39:],
        "signed by another key": lambda: kiosk.file(kiosk.parcel([]), signed_by=stranger),
        "another device's parcel": lambda: kiosk.file(other),
    }


@pytest.mark.parametrize(
    "fault", ["form", "no JSON", "sealed", "signed by another key", "another device's parcel"]
)
def test_a_file_that_was_tampered_with_is_refused_whole(kiosk: Kiosk, fault: str) -> None:
    with pytest.raises(QueueFileFaulty, match="Chưa nhập bản ghi nào"):
        import_queue(tampered_files(kiosk)[fault]())


def test_a_file_that_is_signed_but_cannot_be_read_is_not_called_forged(kiosk: Kiosk) -> None:
    with pytest.raises(QueueFileFaulty, match="ký đúng nhưng nội dung không đọc được"):
        import_queue(kiosk.file(kiosk.parcel([]) | {"records": [1]}))


def test_a_good_box_next_to_a_bad_one_is_not_imported(kiosk: Kiosk) -> None:
    good = json.loads(kiosk.file(kiosk.parcel([kiosk.record(1)])))
    good["boxes"].append("not.a.box")
    with pytest.raises(QueueFileFaulty):
        import_queue(json.dumps(good).encode())

    assert import_queue(kiosk.file(kiosk.parcel([kiosk.record(1)]))).count("stored") == 1


def test_a_device_that_registered_no_key_cannot_have_signed(
    kiosk: Kiosk, as_clerk: Callable[..., Persona], app: Flask, clock: FakeClock
) -> None:
    del app, clock
    kiosk.device = as_clerk().device
    with pytest.raises(QueueFileFaulty, match=kiosk.device):
        import_queue(kiosk.file(kiosk.parcel([])))
