"""Enrol devices: receive a one-time code, and return a device id and two tokens.

One token is for sending records, and the other is for reading personal data.
"""

from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Meta, Struct
from msgspec.structs import asdict

from sync_server import sealing
from sync_server.api.bodies import json_response, read_body
from sync_server.api.callers import authenticate_caller
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.errors import EnrolmentSecretNeeded, MalformedRequest
from sync_server.storage.access import devices
from sync_server.storage.access.devices import FormerEnrolment
from sync_server.web import rate_limits

blueprint = Blueprint("enrolment", __name__)

MOST_FORMER = 16
"""The largest number of earlier enrolments, no longer known to the server, that a browser may name.
The laptop of a hall has two: one for the clerk and one for the chair.
"""


class EnrolRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to enrol a device.

    `code` is the one-time code, and `label` a name for the device. `public_key` is the device's
    key as a JSON Web Key. A device that received no answer may repeat its request with the same
    key. `second` is the second secret, given by telephone, which is needed if the code was sent
    by post. `former` are earlier enrolments of the same browser that the server, restored from
    an older backup, no longer recognised.
    """

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    label: Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f]*\Z")] = ""
    public_key: dict[str, str] | None = None
    second: Annotated[str, Meta(max_length=16)] = ""
    former: Annotated[tuple[FormerEnrolment, ...], Meta(max_length=MOST_FORMER)] = ()


_decoder = msgspec.json.Decoder(EnrolRequest)


class PublicKeys(Struct, frozen=True):
    """Headquarters' public keys as JSON Web Keys: for encrypting, and for checking signatures.

    `keys_rev` is the revision of the keys. The server also states the revision whenever a device
    exchanges records with the server.
    """

    seal_key: dict[str, str]
    sign_key: dict[str, str]
    keys_rev: str


@blueprint.get("/keys")
def public_keys() -> Response:
    """Return headquarters' public keys, which change when the setting `SEAL_KEY` changes.

    Raises: Unauthenticated.
    """
    with reading() as connection:
        authenticate_caller(connection)
    return json_response(_public_keys())


def _public_keys() -> PublicKeys:
    settings: Settings = current_app.config["SETTINGS"]
    return PublicKeys(
        sealing.public_key(settings.seal_key),
        sealing.sign_key(settings.seal_key),
        sealing.keys_revision(settings.seal_key),
    )


@blueprint.post("/enrol")
def enrol() -> Response:
    """Enrol the device that sends a valid one-time code.

    Respond 201 with the device's id and its two tokens, which no later response repeats.

    Raises: EnrolmentCodeUnknown; EnrolmentCodeUsed; EnrolmentCodeExpired; EnrolmentSecretNeeded if
    the second secret is missing or wrong; TooManyRequests; MalformedRequest, also if `public_key`
    is not a public key on the curve P-256; MalformedJson.
    """
    rate_limits.count_attempt(rate_limits.ENROL)
    enrol_request = read_body(_decoder)
    device_key = None
    if enrol_request.public_key:
        if not sealing.is_public_key(enrol_request.public_key):
            raise MalformedRequest(fault="public_key")
        device_key = msgspec.json.encode(enrol_request.public_key, order="sorted").decode()
    at_ms = now_ms()
    enrolled = write(
        lambda c: devices.enrol(
            c,
            enrol_request.code,
            enrol_request.label,
            device_key,
            now_ms=at_ms,
            second=enrol_request.second,
            former=enrol_request.former,
        )
    )
    if enrolled is None:
        raise EnrolmentSecretNeeded
    with reading() as connection:
        owing = devices.devices_with_unsent(connection, enrolled.point)
    return json_response(
        msgspec.structs.replace(enrolled, owing=owing, **asdict(_public_keys())), 201
    )
