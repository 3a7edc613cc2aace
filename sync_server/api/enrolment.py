"""Enrolment: a one-use code becomes a device with two tokens."""

from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Meta, Struct

from sync_server import rates, sealing
from sync_server.api.bodies import answer, read_body
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import write
from sync_server.storage import devices

blueprint = Blueprint("enrolment", __name__)


class EnrolRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`public_key` is the device's JWK; with it a lost answer can be asked for again."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    label: Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f]*\Z")] = ""
    public_key: dict[str, str] | None = None


_decoder = msgspec.json.Decoder(EnrolRequest)


@blueprint.post("/enrol")
def enrol() -> Response:
    """Enrol the device that shows a code; its tokens are told this once."""
    rates.hit(rates.ENROL, "enrol")
    asked = read_body(_decoder)
    key = (
        msgspec.json.encode(asked.public_key, order="sorted").decode() if asked.public_key else None
    )
    at_ms = now_ms()
    enrolled = write(lambda c: devices.enrol(c, asked.code, asked.label, key, now_ms=at_ms))
    settings: Settings = current_app.config["SETTINGS"]
    keys = {
        "seal_key": sealing.public_key(settings.seal_key),
        "sign_key": sealing.sign_key(settings.seal_key),
    }
    return answer(msgspec.structs.replace(enrolled, **keys), 201)
