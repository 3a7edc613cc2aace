"""Count the function calls in the server's code during a check-in and during a decision on leave.

The counts show how many calls, functions and modules a reader must understand to follow one
request. Run with `python -m bench.calls`.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import uuid_utils
from flask import Flask
from flask.testing import FlaskClient

from bench.office import demonstration_app, sign_in_headquarters
from sync_server.commands.demo import demonstration
from sync_server.config import ROOT
from sync_server.database import db, reading, write
from sync_server.domain.records.codes import from_ms
from sync_server.storage import directory
from sync_server.storage.access import devices

POINT = "P001"
OURS = f"{ROOT / 'sync_server'}/"


def main() -> None:
    """Count the calls of a check-in and of a decision on leave; print one line per request.

    Raises: SystemExit if the portal (the public website) cannot be built.
    """
    with tempfile.TemporaryDirectory() as name:
        app, password = demonstration_app(Path(name))
        with app.app_context():
            now_ms = round(time.time() * 1000)
            code = write(lambda c: devices.new_enrolment(c, POINT, now_ms=now_ms))
            with reading() as connection:
                meetings = directory.meetings(connection, now_ms)
            db.engine.dispose()
        meeting = next(line.id for line in meetings if line.id != demonstration.FINISHED_MEETING)
        send = check_in_sender(app, code, meeting)
        send()  # a warm-up, because work that happens only once is not counted
        print_count("one check-in over /sync", send)
        decide = decision_sender(sign_in_headquarters(app, password))
        decide()
        print_count("one decision in the office", decide)


def check_in_sender(app: Flask, code: str, meeting: str) -> Callable[[], None]:
    """Register a kiosk (a hall's check-in page); return a function that checks in another person.

    `code` is the code with which the kiosk registers; `meeting` is the meeting's id. Every call of
    the function checks in a different person, and receives the hall's records since the call
    before. The function raises AssertionError if the server does not store the check-in.
    """
    client = app.test_client()
    device = client.post("/api/v1/enrol", json={"code": code, "label": "bench"}).get_json()
    sent_count, cursor = 0, "0"

    def send() -> None:
        nonlocal sent_count, cursor
        sent_count += 1
        record = {
            "id": str(uuid_utils.uuid7()),
            "v": 1,
            "kind": "check_in",
            "meeting": meeting,
            "point": POINT,
            "device": device["device"],
            "seq": sent_count,
            "boot": "b1",
            "at": from_ms(round(time.time() * 1000)),
            "mono_ms": sent_count,
            "by": "clerk",
            "source": "search",
            "person": f"M{10 + sent_count:05d}",
            "body": {"mode": "in_person"},
        }
        headers = {"Authorization": f"Bearer {device['read_token']}"}
        body = {
            "records": [record],
            "meeting": meeting,
            "point": POINT,
            "cursor": cursor,
            "clock": {"wall": record["at"], "mono_ms": sent_count, "boot": "b1"},
            "app": "0123abcd",
            "unsent": 0,
            "highest": sent_count,
        }
        answer = client.post("/api/v1/sync", json=body, headers=headers).get_json()
        assert [verdict["status"] for verdict in answer["verdicts"]] == ["stored"]
        cursor = answer["cursor"]

    return send


def decision_sender(client: FlaskClient) -> Callable[[], None]:
    """Return a function that approves another pending leave request on every call.

    The requests are approved in the order of headquarters' list of requests, which is read once,
    beforehand, so that only decisions are counted. `client` is signed in as headquarters. The
    function raises AssertionError if the server refuses; IndexError if no request is left.
    """
    page = client.get("/van-phong/xin-vang").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    choices = re.findall(r'name="do" value="(approve [^"]+)"', page)

    def decide() -> None:
        form = {"csrf_token": token[1], "do": choices.pop(0)}
        assert client.post("/van-phong/xin-vang", data=form).status_code == 302

    return decide


def print_count(name: str, send: Callable[[], None]) -> None:
    """Call `send` and print how many calls, functions and modules in `sync_server` it used.

    The printed line begins with `name`.
    """
    calls: list[CodeType] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        is_function = not frame.f_code.co_name.startswith("<")
        if event == "call" and is_function and frame.f_code.co_filename.startswith(OURS):
            calls.append(frame.f_code)

    sys.setprofile(note)
    try:
        send()
    finally:
        sys.setprofile(None)
    functions, modules = set(calls), {code.co_filename for code in calls}
    print(f"{name}: {len(calls)} calls, {len(functions)} functions, {len(modules)} modules")


if __name__ == "__main__":
    main()
