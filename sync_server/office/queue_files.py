"""Queues that come as files: opened, checked whole, taken in, and answered with a signed receipt.

A file is JSON: `{"diemcau": "queue", "v": 1, "boxes": [JWE…]}`. Each box is sealed to
headquarters and holds a JWS by one device over its parcel. Anyone may carry it.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from msgspec import Struct

from sync_server import sealing
from sync_server.database import reading, write
from sync_server.domain.codes import DeviceCode, Instant, from_ms
from sync_server.errors import (
    DetailMismatch,
    DetailUnreadable,
    PieceOutOfPlace,
    QueueFileFaulty,
    SignatureWrong,
)
from sync_server.messages import say
from sync_server.storage import details, devices, intake
from sync_server.storage.delivery import deliver
from sync_server.storage.details import MAX_DETAIL_BYTES, MAX_PIECE_BYTES
from sync_server.storage.devices import Signer
from sync_server.storage.intake import Delivery, Fate, Verdict

BATCH = 500
MAX_FILE_BYTES = 64 * 1024 * 1024


class QueueFile(Struct, frozen=True):
    """The outer form, which tells nothing to who carries it."""

    diemcau: Literal["queue"]
    v: Literal[1]
    boxes: tuple[str, ...]


class Parcel(Struct, frozen=True):
    """What one device signed: its records as it spelled them, and sealed details."""

    device: DeviceCode
    made_at: Instant
    records: tuple[str, ...]
    details: dict[str, str]


class ReceiptLine(Struct, frozen=True):
    """What became of one record; `sha256` is that of its text in the file."""

    id: str | None
    sha256: str
    status: str
    fate: Fate
    code: str | None
    at_corrected: str | None


class ParcelReceipt(Struct, frozen=True):
    """What headquarters signs: what it has of a device's parcel."""

    device: str
    point: str
    received_at: str
    records: tuple[ReceiptLine, ...]
    details: tuple[str, ...]


class Taken(Struct, frozen=True):
    """What was taken in of a file, and the receipt as a file of its own."""

    parcels: tuple[ParcelReceipt, ...]
    receipt: bytes

    def count(self, *statuses: str) -> int:
        """Return how many records were answered so."""
        return sum(line.status in statuses for own in self.parcels for line in own.records)


def take_in(content: bytes, seal_key: str, now_ms: int) -> Taken:
    """Take a queue's file in, or nothing of it; the same file again changes nothing.

    Raises: QueueFileFaulty.
    """
    opened = [_open(box, seal_key) for box in _boxes(content)]
    told = tuple(_deliver(parcel, signer, now_ms) for parcel, signer in opened)
    receipts = [sealing.sign(seal_key, msgspec.json.encode(each)) for each in told]
    receipt = {"diemcau": "receipt", "v": 1, "receipts": receipts}
    return Taken(told, msgspec.json.encode(receipt))


def _boxes(content: bytes) -> Sequence[str]:
    if len(content) > MAX_FILE_BYTES:
        raise QueueFileFaulty(reason=say("queue_file.large", limit=MAX_FILE_BYTES // 2**20))
    try:
        return msgspec.json.decode(content, type=QueueFile).boxes
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise QueueFileFaulty(reason=say("queue_file.form")) from None


def _open(box: str, seal_key: str) -> tuple[Parcel, Signer]:
    try:
        signed = sealing.open_parcel(seal_key, box.encode())
    except (DetailUnreadable, UnicodeEncodeError):
        raise QueueFileFaulty(reason=say("queue_file.sealed")) from None
    try:
        device = sealing.signer_of(signed)
        with reading() as connection:
            signer = devices.signer(connection, device)
        if signer is None:
            raise QueueFileFaulty(reason=say("queue_file.device", device=device))
        payload = sealing.check_signed(signer.public_key, signed)
        parcel = msgspec.json.decode(payload, type=Parcel)
    except (SignatureWrong, msgspec.MsgspecError, UnicodeDecodeError):
        raise QueueFileFaulty(reason=say("queue_file.signature")) from None
    if parcel.device != device:
        raise QueueFileFaulty(reason=say("queue_file.signature"))
    return parcel, signer


def _deliver(parcel: Parcel, signer: Signer, now_ms: int) -> ParcelReceipt:
    """Take a parcel in as if its device had sent it, but for the clock: that was long ago."""
    texts = [each.encode("utf-8", "replace") for each in parcel.records]
    verdicts: list[Verdict] = []
    for start in range(0, len(texts), BATCH):
        offers = intake.judge(texts[start : start + BATCH], signer.writer)
        delivery = Delivery(signer.writer, offers, now_ms, is_revoked=signer.is_revoked)
        verdicts += deliver(delivery).verdicts
    kept = [] if signer.is_revoked else _keep(parcel, now_ms)
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
        parcel.device, signer.writer.point or "", from_ms(now_ms), tuple(lines), tuple(kept)
    )


def _keep(parcel: Parcel, now_ms: int) -> list[str]:
    """Keep the parcel's details; one whose hash is not its name is as if it never came."""
    kept = []
    for sha256, text in sorted(parcel.details.items()):
        box = text.encode("utf-8", "replace")
        is_named_so = hashlib.sha256(box).hexdigest() == sha256
        if is_named_so and len(box) <= MAX_DETAIL_BYTES:
            write(partial(details.drop_unfinished, sha256=sha256, device=parcel.device))
            try:
                _keep_one(sha256, parcel.device, box, now_ms)
            except (PieceOutOfPlace, DetailMismatch):
                continue  # it comes by the line at this moment; its device hears of it there
            kept.append(sha256)
    return kept


def _keep_one(sha256: str, device: str, box: bytes, now_ms: int) -> None:
    for at in range(0, len(box), MAX_PIECE_BYTES):
        piece, total = box[at : at + MAX_PIECE_BYTES], len(box)
        put = partial(
            details.put_piece,
            sha256=sha256,
            device=device,
            piece=piece,
            at=at,
            total=total,
            now_ms=now_ms,
        )
        if write(put).is_complete:
            return
