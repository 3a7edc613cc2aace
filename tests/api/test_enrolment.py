"""Test the codes with which devices are registered.

A code registers one device and expires. If the server's answer is lost, the same device can send
its code again shortly afterwards.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sync_server import sealing
from sync_server.database import write
from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.access import devices
from sync_server.storage.access.devices import REPEAT_MS
from tests.conftest import FakeClock, Persona
from tests.factories import draft

KEY, OTHER_KEY = (sealing.public_key(f"a device's key {number}") for number in (1, 2))


@pytest.fixture
def code(app: Flask, clock: FakeClock) -> str:
    """Return a new code that can register one device for the hall P001 and expires after a day."""
    with app.app_context():
        return write(lambda c: devices.new_enrolment(c, "P001", now_ms=clock.now_ms))


def enrol(persona: Persona, code: str, **fields: Any) -> tuple[int, Any]:
    response = persona.post("/enrol", {"code": code, "label": "máy thử", **fields})
    return response.status_code, response.get_json()


def test_a_code_gives_a_device_its_point_and_two_tokens(as_outsider: Persona, code: str) -> None:
    status, enrolled = enrol(as_outsider, code)

    assert status == 201
    assert enrolled["point_name"] == "Điểm cầu Một"
    assert enrolled["profile"] == "clerk"
    assert enrolled["token"] != enrolled["read_token"]
    as_outsider.token = enrolled["read_token"]
    assert as_outsider.get("/meetings").status_code == 200


def test_a_code_is_read_however_it_is_typed(as_outsider: Persona, code: str) -> None:
    assert enrol(as_outsider, f" {code.lower().replace('-', ' ')} ")[0] == 201


def test_a_code_works_once(as_outsider: Persona, code: str) -> None:
    enrol(as_outsider, code, public_key=KEY)

    assert enrol(as_outsider, code)[1]["code"] == "enrolment_code_used"
    assert enrol(as_outsider, code, public_key=OTHER_KEY)[0] == 409


def test_a_lost_answer_can_be_asked_for_again_with_the_same_key(
    as_outsider: Persona, code: str, clock: FakeClock
) -> None:
    _, lost = enrol(as_outsider, code, public_key=KEY)
    clock.now_ms += REPEAT_MS
    status, again = enrol(as_outsider, code, public_key=KEY)

    assert (status, again["device"]) == (201, lost["device"])
    as_outsider.token = lost["token"]
    assert as_outsider.get("/meetings").status_code == 401
    clock.now_ms += 1
    assert enrol(as_outsider, code, public_key=KEY)[0] == 409


def test_a_code_ends_after_a_day(as_outsider: Persona, code: str, clock: FakeClock) -> None:
    clock.now_ms += DAY_MS + 1

    assert enrol(as_outsider, code)[1]["code"] == "enrolment_code_expired"


def test_a_code_that_was_never_issued_is_refused(as_outsider: Persona) -> None:
    assert enrol(as_outsider, "AAAA-BBBB-CCCC-DDDD")[1]["code"] == "enrolment_code_unknown"


@pytest.fixture
def post_code(app: Flask, clock: FakeClock) -> str:
    """Return a new code, to be sent by post, that registers one device within 30 days.

    The code is for the hall P001. The user of the device must also enter a second secret, 012345,
    which is passed on by telephone.
    """
    return write(
        lambda c: devices.new_enrolment(c, "P001", now_ms=clock.now_ms, days=30, second="012345")
    )


def test_a_code_by_post_enrols_only_with_the_secret_told_by_telephone(
    as_outsider: Persona, post_code: str, clock: FakeClock
) -> None:
    clock.now_ms += 29 * DAY_MS
    assert enrol(as_outsider, post_code)[1]["code"] == "enrolment_second_needed"
    assert enrol(as_outsider, post_code, second="999999")[0] == 403
    assert enrol(as_outsider, post_code, second=" 012345 ")[0] == 201


def test_five_wrong_secrets_use_a_code_up(as_outsider: Persona, post_code: str) -> None:
    for number in range(5):
        assert enrol(as_outsider, post_code, second=f"{number}")[0] == 403
    assert enrol(as_outsider, post_code, second="012345")[1]["code"] == "enrolment_code_expired"


def test_a_code_by_post_ends_too(as_outsider: Persona, post_code: str, clock: FakeClock) -> None:
    clock.now_ms += 30 * DAY_MS + 1
    assert enrol(as_outsider, post_code, second="012345")[1]["code"] == "enrolment_code_expired"


def test_a_new_device_learns_which_devices_of_its_point_still_owe_records(
    as_outsider: Persona, as_clerk: Callable[..., Persona], code: str
) -> None:
    clock = {"wall": "2024-08-22T00:05:00.000Z", "mono_ms": 300_000, "boot": "b1"}
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1), unsent=2, clock=clock)
    other = as_clerk("P002")
    other.sync(draft("check_in", 1, point="P002", device=other.device), unsent=5, clock=clock)

    _, answer = enrol(as_outsider, code)

    [owing] = answer["owing"]
    assert (owing["device"], owing["unsent"]) == (clerk.device, 2)


def test_a_device_that_a_restored_server_has_forgotten_gets_its_id_again(
    as_outsider: Persona, as_clerk: Callable[..., Persona], code: str, app: Flask, clock: FakeClock
) -> None:
    known = as_clerk().device
    lost, elsewhere = "D-7F3KQ2MX", "D-9Q2MX4TB"
    former = [
        {"device": known, "point": "P001", "profile": "clerk"},
        {"device": elsewhere, "point": "P002", "profile": "clerk"},
        {"device": lost, "point": "P001", "profile": "clerk"},
    ]

    _, answer = enrol(as_outsider, code, former=former)

    assert answer["device"] == lost
    as_outsider.token, as_outsider.device = answer["read_token"], lost
    assert as_outsider.sync(highest=3)["want"] == [[1, 3]]
    second = write(lambda c: devices.new_enrolment(c, "P001", now_ms=clock.now_ms))
    assert enrol(as_outsider, second, former=former)[1]["device"] not in {known, lost, elsewhere}


def test_nobody_takes_an_office_account_s_name_as_a_device(as_outsider: Persona, code: str) -> None:
    former = [{"device": "O-bantochuc", "point": "P001", "profile": "clerk"}]

    assert enrol(as_outsider, code, former=former)[0] == 400


@pytest.mark.parametrize("change", [{"x": "x1"}, {"crv": "P-384"}, {"d": "AAAA"}, {"kty": "oct"}])
def test_only_a_public_key_on_our_curve_is_registered(
    as_outsider: Persona, code: str, change: dict[str, str]
) -> None:
    assert enrol(as_outsider, code, public_key={**KEY, **change})[0] == 400
    assert enrol(as_outsider, code, public_key=KEY)[0] == 201
