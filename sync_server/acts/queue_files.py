"""Import queue files, which bring a hall's records to headquarters without a network.

A queue file is JSON: `{"diemcau": "queue", "v": 1, "boxes": [...]}`. Every box is a text encrypted
with headquarters' public key (JWE), so anybody may carry the file. A box contains a parcel signed
by a device (JWS): the device's records and their details (encrypted personal data and attachments).
The import returns a receipt signed by headquarters. With the receipt, the device can remove the
imported records from its queue of unsent records.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.database import reading, write
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import MAX_SEQ, DeviceCode, Instant, from_ms
from sync_server.domain.records.sequence import Ranges
from sync_server.errors import DetailUnreadable, QueueFileFaulty, SignatureWrong
from sync_server.messages import say
from sync_server.storage.access import devices
from sync_server.storage.access.devices import Signer
from sync_server.storage.blobs import resumable_uploads
from sync_server.storage.blobs.details import MAX_DETAIL_BYTES
from sync_server.storage.blobs.resumable_uploads import BlobKey
from sync_server.storage.ledger import intake
from sync_server.storage.ledger.intake import Delivery, Fate, Verdict
from sync_server.storage.prepared import in_chunks

BATCH = 500
DETAILS_AT_ONCE = 50
"""The number of details (encrypted texts of up to 1 MB) that one transaction stores."""
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_RECORDS = 20_000
"""The greatest number of records of one device in a queue file, which brings records to
headquarters without a network. Over the network, a device may send the same number per day; a hall
of 500 people makes about 1,500 records."""
MAX_BOXES = 50
"""The greatest number of boxes in a queue file, which brings records to headquarters without a
network. A box contains one device's encrypted records."""


class QueueFile(Struct, frozen=True):
    """A queue file, which brings a hall's records to headquarters without a network, as JSON.

    `v` is the version of the format. `boxes` are the records of devices, encrypted (compact JWE) so
    that the person who carries the file cannot read them.
    """

    diemcau: Literal["queue"]
    v: Literal[1]
    boxes: Annotated[tuple[str, ...], Meta(max_length=MAX_BOXES)]


class Parcel(Struct, frozen=True):
    """The records and details of one device, which the device signs.

    A queue file brings them to headquarters without a network, as an encrypted text (a box).
    `records` contains the exact JSON of every record. `details` is {sha256 of an encrypted
    text: the text} for personal data such as reasons, encrypted with headquarters' public key.
    `made_at` is when the device made the parcel, in ISO 8601 UTC. `highest` is the highest
    number that the device has given to a record.
    """

    device: DeviceCode
    made_at: Instant
    records: Annotated[tuple[str, ...], Meta(max_length=MAX_RECORDS)]
    details: Annotated[dict[str, str], Meta(max_length=MAX_RECORDS)]
    highest: Annotated[int, Meta(ge=0, le=MAX_SEQ)] = 0


class ReceiptLine(Struct, frozen=True):
    """The result of importing one record.

    `id` is the record's id, or None if it cannot be read. `sha256` is the hash of the record's text
    in the file. `status` is the outcome of the import: `stored`, `known` (stored before), `held`
    (kept until headquarters decides) or `refused`. `fate` is the record's present state: `stored`,
    `held` or `refused`, or, after a decision of headquarters, `released` (the record counts) or
    `dismissed`. `code` is the reason if the record was not accepted. `at_corrected` is the time of
    the record in ISO 8601 UTC, corrected if the device's clock was wrong.
    """

    id: str | None
    sha256: str
    status: str
    fate: Fate
    code: str | None
    at_corrected: str | None


class ParcelReceipt(Struct, frozen=True):
    """The receipt for the data of one device in an imported file, which headquarters signs.

    `device` and `point` are the codes of the device and its hall. `records` are the results for
    the device's records, in the order of the file. `details` contains the sha256 of every
    stored detail (encrypted personal data or attachment of a record). `received_at` is the time
    of the import in ISO 8601 UTC. `want`: inclusive ranges of the record numbers that
    headquarters lacks; the device must send these records again, even if it has an earlier
    receipt for them.
    """

    device: str
    point: str
    received_at: str
    records: tuple[ReceiptLine, ...]
    details: tuple[str, ...]
    want: Ranges = ()


class ImportResult(Struct, frozen=True):
    """The result of importing a queue file, which brings a hall's records without a network.

    `receipts` holds one receipt for every device. `receipt_file` is the file to give back to the
    hall: all receipts as JSON, signed by headquarters so that nobody can forge them.
    """

    receipts: tuple[ParcelReceipt, ...]
    receipt_file: bytes

    def count(self, *statuses: str) -> int:
        """Return the number of imported records whose status is one of `statuses`.

        A status is `stored`, `known` (stored before), `held` (kept for review) or `refused`.
        """
        return sum(line.status in statuses for receipt in self.receipts for line in receipt.records)


def import_file(content: bytes, seal_key: str, now_ms: int) -> ImportResult:
    """Import a queue file, which brings a hall's records to headquarters without a network.

    The whole file is checked before any record, or any encrypted personal data or attachment of
    a record, is stored. `seal_key` is headquarters' secret key, which decrypts the file and
    signs the receipt. Importing a file again changes nothing.

    Raises: QueueFileFaulty if the file is too large, damaged, forged or meant for another
    headquarters; nothing is stored then.
    """
    opened = [_open_box(box, seal_key) for box in _read_boxes(content)]
    parcel_receipts = tuple(_import_parcel(parcel, signer, now_ms) for parcel, signer in opened)
    signed_receipts = [
        signed
        for parcel_receipt in parcel_receipts
        for signed in sealing.sign(seal_key, msgspec.json.encode(parcel_receipt))
    ]
    receipt = {"diemcau": "receipt", "v": 1, "receipts": signed_receipts}
    return ImportResult(parcel_receipts, msgspec.json.encode(receipt))


_file_decoder = msgspec.json.Decoder(QueueFile)
_parcel_decoder = msgspec.json.Decoder(Parcel)


def _read_boxes(content: bytes) -> Sequence[str]:
    if len(content) > MAX_FILE_BYTES:
        raise QueueFileFaulty(reason=say("queue_file.large", limit=MAX_FILE_BYTES // 2**20))
    try:
        boxes = decode_foreign(content, _file_decoder).boxes
        return list(dict.fromkeys(boxes))  # a box that occurs twice is opened once
    except msgspec.DecodeError:
        raise QueueFileFaulty(reason=say("queue_file.form")) from None


def _open_box(box: str, seal_key: str) -> tuple[Parcel, Signer]:
    try:
        signed = sealing.open_box(seal_key, box.encode())
    except (DetailUnreadable, UnicodeEncodeError):
        raise QueueFileFaulty(reason=say("queue_file.sealed")) from None
    try:
        device = sealing.signer_of(signed)
        with reading() as connection:
            signer = devices.signer(connection, device)
        if signer is None:
            raise QueueFileFaulty(reason=say("queue_file.device", device=device))
        payload = sealing.verify_signature(signer.public_key, signed)
        parcel = decode_foreign(payload, _parcel_decoder)
    except SignatureWrong:
        raise QueueFileFaulty(reason=say("queue_file.signature")) from None
    except msgspec.DecodeError:
        raise QueueFileFaulty(reason=say("queue_file.unreadable", device=device)) from None
    if parcel.device != device:
        raise QueueFileFaulty(reason=say("queue_file.signature"))
    return parcel, signer


def _import_parcel(parcel: Parcel, signer: Signer, now_ms: int) -> ParcelReceipt:
    """Store the records and attachments of one device as if they had come over the network.

    The attachments are encrypted personal data (details); those of a device that headquarters has
    blocked are not stored. `signer` is the device that signed everything. No reading of the
    device's clock is stored, because a reading in a file would be out of date.
    """
    texts = [record.encode("utf-8", "replace") for record in parcel.records]
    verdicts: list[Verdict] = []
    want: Ranges = ()
    for start in range(0, len(texts) or 1, BATCH):
        offers = intake.judge_records(texts[start : start + BATCH], signer.writer)
        delivery = Delivery(
            signer.writer,
            offers,
            now_ms,
            is_revoked=signer.is_revoked,
            highest=parcel.highest if start + BATCH >= len(texts) else 0,
        )
        receipt = write(partial(intake.receive, delivery=delivery), is_repeatable=True)
        verdicts += receipt.verdicts
        want = receipt.want
    stored_details = [] if signer.is_revoked else _store_details(parcel, now_ms)
    lines = (
        ReceiptLine(
            verdict.id,
            hashlib.sha256(text).hexdigest(),
            verdict.status,
            verdict.fate,
            verdict.code,
            verdict.at_corrected,
        )
        for text, verdict in zip(texts, verdicts, strict=True)
    )
    return ParcelReceipt(
        parcel.device,
        signer.writer.point or "",
        from_ms(now_ms),
        tuple(lines),
        tuple(stored_details),
        () if signer.is_revoked else want,
    )


def _store_details(parcel: Parcel, now_ms: int) -> list[str]:
    """Store the encrypted details in `parcel`, the data of one device; return their sorted hashes.

    A detail is skipped if it is larger than `MAX_DETAIL_BYTES`, or if its content does not have the
    stated hash (sha256).
    """
    boxes = {sha256: text.encode("utf-8", "replace") for sha256, text in parcel.details.items()}
    stored = sorted(
        sha256
        for sha256, box in boxes.items()
        if hashlib.sha256(box).hexdigest() == sha256 and len(box) <= MAX_DETAIL_BYTES
    )

    def put(connection: Connection, names: Sequence[str]) -> None:
        for sha256 in names:
            key = BlobKey(sha256, parcel.device)
            resumable_uploads.put_whole(connection, key, boxes[sha256], now_ms=now_ms)

    for names in in_chunks(stored, DETAILS_AT_ONCE):
        write(partial(put, names=names))
    return stored
