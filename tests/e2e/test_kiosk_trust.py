"""Test the check-in page (the kiosk) in difficulties.

Examples are wrong PINs, a full disk, a wrong clock, two tabs and an update.
"""

import base64
import hashlib
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, Response, expect
from portal.release.manifest import read_list, read_manifest, write_manifest

from sync_server.domain.records.codes import VIETNAM
from sync_server.domain.release import FileLine
from tests.e2e.cards import csrf, sign_in_to_office
from tests.e2e.conftest import Demonstration, Laptop, System
from tests.e2e.kiosk import (
    PIN,
    QUEUE,
    SLOW_MS,
    check_in,
    enrol,
    enrol_too,
    fill_pin,
    open_again,
    open_room,
    open_step,
    read_store,
    reconnect,
    unlock,
    unsent_count,
    wait_until,
)
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
FAST_MINUTES = 14
SECRETARY = "M00001"


def test_a_locked_kiosk_sends_and_shows_nobody(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    names = page.locator(".person .name").all_inner_texts()
    system.line.set(Line.CUT)
    check_in(page, 2)
    page.get_by_role("button", name="Khoá").click()
    expect(page.get_by_text("Còn 2 bản ghi chưa gửi")).to_be_visible()
    stored_and_shown = page.locator("body").inner_text() + json.dumps(
        read_store(page, "sealed"), ensure_ascii=False
    )
    stored_and_shown += json.dumps(read_store(page, "records"), ensure_ascii=False)
    assert not any(name in stored_and_shown for name in names)
    [enrolment] = read_store(page, "enrolments")
    assert "read_token" not in enrolment
    assert "dr_" not in json.dumps(enrolment)

    reconnect(page, system)
    expect(page.get_by_text("Mọi bản ghi làm trên máy này đã được gửi")).to_be_visible(
        timeout=4 * SLOW_MS
    )
    assert system.board_row()["present"] == 2
    unlock(page)
    expect(page.locator(".counts")).to_contain_text("Có mặt 2/59")


def test_ten_wrong_pins_wipe_the_roster_and_never_the_queue(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    check_in(page, 1)
    page.get_by_role("button", name="Khoá").click()
    for left in range(9, 0, -1):
        unlock(page, "000000")
        expect(page.get_by_role("alert")).to_contain_text(f"Còn {left} lần")
    unlock(page, "000000")
    expect(page.get_by_text("Nhập sai mã PIN quá 10 lần")).to_be_visible(timeout=SLOW_MS)
    assert read_store(page, "sealed") == []
    assert len(read_store(page, "records")) == 1

    reconnect(page, system)
    wait_until(page, lambda: len(system.device_records()) == 1)
    enrol_again(page, system)
    expect(page.locator(".counts")).to_contain_text("Có mặt 1/59", timeout=SLOW_MS)


def test_wrong_pins_at_the_clerks_desk_leave_the_chairs_desk_whole(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    link = system.enrolment_link("P001", "--profile", "chair", "--person", SECRETARY)
    enrol_too(page, link, "Bí thư Mẫu", "135791")
    page.get_by_role("button", name="Khoá").click()
    for left in range(9, 0, -1):
        unlock(page, "000000", desk="Thư ký · P001")
        expect(page.get_by_role("alert")).to_contain_text(f"Còn {left} lần")
    page.get_by_label("Mở bàn của").select_option(label="Chủ trì · P001")
    expect(page.get_by_role("alert")).to_have_count(0)
    unlock(page, "000000", desk="Chủ trì · P001")
    expect(page.get_by_role("alert")).to_contain_text("Còn 9 lần")
    unlock(page, "000000", desk="Thư ký · P001")
    expect(page.get_by_text("Nhập sai mã PIN quá 10 lần")).to_be_visible(timeout=SLOW_MS)
    unlock(page, "135791")
    expect(page.locator("main")).to_contain_text("đơn đang chờ", timeout=SLOW_MS)


CARD = "112233445566778899001122"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
    "hasPrf": True,
}
"""Options of Chromium's virtual authenticator: a fingerprint reader that is always touched."""


def lock_again(page: Page) -> None:
    page.get_by_role("button", name="Khoá", exact=True).click()


def test_a_card_or_a_passkey_is_the_second_half_of_the_key(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    page.goto(system.enrolment_link())
    fill_pin(page, "Thư ký Mẫu")
    page.get_by_text("Thêm lớp thứ hai").click()
    page.get_by_label("Lớp thứ hai").select_option("card")
    page.get_by_role("textbox", name="Thẻ cán bộ").fill("1234")
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("alert")).to_contain_text("đủ 24 chữ số")
    page.get_by_role("textbox", name="Thẻ cán bộ").fill(CARD)
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)

    lock_again(page)
    page.get_by_role("textbox", name="Thẻ cán bộ").fill(CARD[::-1])
    unlock(page)
    expect(page.get_by_role("alert")).to_contain_text("Còn 9 lần")
    card_field = page.get_by_role("textbox", name="Thẻ cán bộ")

    def scan(code: str = CARD) -> None:  # a scanner types where the focus is
        page.keyboard.type(code)
        page.keyboard.press("Enter")

    page.get_by_label("Mã PIN").focus()
    scan("]Q3" + CARD)
    expect(card_field).to_have_value(CARD)
    unlock(page)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    for label in ("Mã PIN", "Thẻ cán bộ"):
        lock_again(page)
        page.get_by_label("Mã PIN").fill(PIN)
        page.get_by_label(label).focus()
        scan()
        expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)

    debugger = page.context.new_cdp_session(page)
    debugger.send("WebAuthn.enable")
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    open_room(page, "Máy này")
    expect(page.locator(".verdict")).to_be_visible()  # the list of findings moves what is below
    page.get_by_text("Thêm người, hoặc").click()
    fill_pin(page, "Ca chiều", "135791")
    page.get_by_text("Thêm lớp thứ hai").click()
    page.get_by_label("Lớp thứ hai").select_option("passkey")
    page.get_by_role("button", name="Ghi lại").click()
    expect(page.get_by_text("Được mở khoá: Thư ký Mẫu, Ca chiều")).to_be_visible()
    lock_again(page)
    page.get_by_label("Mã PIN").fill("135791")
    page.get_by_role("button", name="Mở bằng mã PIN và khoá").click()
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    stored = json.dumps(read_store(page, "enrolments"), ensure_ascii=False)
    assert CARD not in stored
    assert "Ca chiều" not in stored


def enrol_again(page: Page, system: System) -> None:
    page.goto("about:blank")
    enrol(page, system)


def test_a_revoked_device_is_wiped_and_keeps_its_queue_and_the_next_enrolment_works(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    expect(page.locator(".queue")).to_contain_text("chưa gửi 0", timeout=SLOW_MS)
    open_room(page, "Hội trường")
    guest = open_step(page, "Khách")
    system.line.set(Line.CUT)
    guest.get_by_label("Họ tên").fill("Khách Mẫu")
    guest.get_by_role("button", name="Ghi nhận").click()
    expect(page.locator(QUEUE)).to_contain_text("giấy tờ chưa gửi 1")
    [enrolment] = read_store(page, "enrolments")
    system.flask("device", "revoke", str(enrolment["device"]))
    reconnect(page, system)
    expect(page.get_by_text("Máy đã bị ban tổ chức thu hồi")).to_be_visible(timeout=4 * SLOW_MS)
    assert read_store(page, "sealed") == []
    [row] = read_store(page, "records")
    assert row["fate"] == "held"
    assert system.device_records() == []

    enrol_again(page, system)
    check_in(page, 1)
    wait_until(page, lambda: len(system.device_records()) == 1)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=SLOW_MS)
    assert (
        len(read_store(page, "details")) == 1
    )  # the revoked device's detail can still leave in a queue file


def test_the_queue_leaves_as_a_file_and_only_the_receipt_clears_it(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    page = laptop.start()
    enrol(page, system)
    name = page.locator(".person .name").first.inner_text()
    system.line.set(Line.CUT)
    codes = check_in(page, 3)
    open_room(page, "Bản ghi")
    with page.expect_download() as download:
        page.get_by_role("button", name="Xuất ra tệp").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    file_text = file.read_text("utf-8")
    assert not any(text in file_text for text in (*codes, name))
    assert unsent_count(page) == 3

    queue = msgspec.json.decode(file_text)
    box = queue["boxes"][0]
    middle = len(box) // 2
    bad = {
        **queue,
        "boxes": [box[:middle] + ("A" if box[middle] != "A" else "B") + box[middle + 1 :]],
    }
    assert "Chưa nhập bản ghi nào" in import_queue_file(system, msgspec.json.encode(bad))
    assert system.device_records() == []
    answer = import_queue_file(system, file.read_bytes())
    assert "Đã nhập 3 bản ghi mới" in answer
    assert system.board_row()["present"] == 3
    assert "3 bản ghi đã có từ trước" in system.flask("queue", "import", str(file))
    assert len(system.device_records()) == 3

    match = re.search(r"data:application/json;base64,([^\"]+)", answer)
    assert match
    receipt = tmp_path / "bien-nhan.diemcau"
    receipt.write_bytes(base64.b64decode(match[1]))
    forged = tmp_path / "forged.diemcau"
    body = msgspec.json.decode(receipt.read_bytes())
    head, payload, signature = body["receipts"][0].split(".")
    body["receipts"] = [".".join((head, payload, signature[::-1]))]
    forged.write_bytes(msgspec.json.encode(body))
    page.locator("input[type=file]").set_input_files(forged)
    expect(page.get_by_text("không do ban tổ chức ký")).to_be_visible()
    assert unsent_count(page) == 3
    page.locator("input[type=file]").set_input_files(receipt)
    expect(page.get_by_text("Ban tổ chức đã nhận 3 bản ghi")).to_be_visible()
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0")


def import_queue_file(system: System, content: bytes) -> str:
    """Upload a file of a device's unsent records as headquarters; return the answer's HTML."""
    session = sign_in_to_office(system)
    address = f"{system.direct}/van-phong/nhap-tep"
    form = {"csrf_token": csrf(session.get(address, timeout=10).text)}
    files = {"file": ("hang-doi.diemcau", content)}
    response = session.post(address, data=form, files=files, timeout=30)
    return response.content.decode()


def test_a_full_disk_is_reported_and_no_record_is_confirmed(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    check_in(page, 1)
    page.evaluate(
        """() => {
          const real = IDBObjectStore.prototype.add;
          IDBObjectStore.prototype.add = function (...args) {
            if (!window.isFull) return real.apply(this, args);
            this.transaction.abort();
            throw new DOMException("the disk is full", "QuotaExceededError");
          };
          window.isFull = true;
        }"""
    )
    page.locator(".person", has=page.locator(".state.unrecorded")).first.click()
    expect(page.get_by_role("alert")).to_contain_text("CHƯA ghi được")
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator(".counts")).to_contain_text("Có mặt 1/59")
    page.evaluate("window.isFull = false")
    check_in(page, 1)
    assert [row["seq"] for row in read_store(page, "records")] == [1, 2]

    page.evaluate(
        "() => { navigator.storage.estimate = async () => ({ quota: 9e8, usage: 8.99e8 }) }"
    )
    open_room(page, "Máy này")
    expect(page.get_by_text("Máy chưa sẵn sàng")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".findings")).to_contain_text("Chỉ còn 1 MB chỗ lưu")


def test_a_wrong_clock_is_reported_and_corrected(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    page.add_init_script(f"const real = Date.now; Date.now = () => real() + {FAST_MINUTES} * 60000")
    enrol(page, system)
    expect(page.get_by_text(f"Máy này nhanh {FAST_MINUTES} phút")).to_be_visible(timeout=SLOW_MS)
    open_room(page, "Máy này")
    expect(page.get_by_text(f"Đồng hồ nhanh {FAST_MINUTES} phút")).to_be_visible()
    open_room(page, "Điểm danh")
    check_in(page, 1)
    wait_until(page, lambda: len(system.device_records()) == 1)
    [record] = system.device_records()
    before, after = (datetime.fromisoformat(record[key]) for key in ("at", "at_corrected"))
    assert FAST_MINUTES * 60 - 5 <= (before - after).total_seconds() <= FAST_MINUTES * 60 + 5


def test_a_wrong_clock_shows_one_time_and_may_be_set_right_without_a_line(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    page.add_init_script(
        f"globalThis.fast = {FAST_MINUTES} * 60000;"
        "const real = Date.now; Date.now = () => real() + globalThis.fast"
    )
    enrol(page, system)
    expect(page.get_by_text(f"Máy này nhanh {FAST_MINUTES} phút")).to_be_visible(timeout=SLOW_MS)
    page.context.set_offline(True)

    [code] = check_in(page, 1)
    row = page.locator(".person", has_text=code)
    expect(row.locator(".state")).to_contain_text(_time_now())
    open_room(page, "Bản ghi")
    expect(page.locator(".records .when").first).to_have_text(_time_now())

    page.evaluate("globalThis.fast = 0")  # the clerk sets the clock right
    open_room(page, "Điểm danh")
    [code] = check_in(page, 1)
    expect(page.locator(".person", has_text=code).locator(".state")).to_contain_text(_time_now())
    expect(page.locator(".clock")).to_have_text(_time_now(), timeout=SLOW_MS)


def _time_now() -> re.Pattern[str]:
    """Return a pattern that matches the time in Vietnam as HH:MM, give or take one minute."""
    now = datetime.now(VIETNAM)
    times = {f"{now - timedelta(minutes=minutes):%H:%M}" for minutes in (-1, 0, 1)}
    return re.compile("|".join(sorted(times)))


def test_two_tabs_show_the_same_and_send_once(system: System, laptop: Laptop) -> None:
    first = laptop.start()
    enrol(first, system)
    second = first.context.new_page()
    open_again(second, system)
    expect(second.locator(".person").first).to_be_visible()
    responses: list[Response] = []
    first.context.on(
        "response", lambda response: responses.append(response) if "/sync" in response.url else None
    )
    check_in(first, 2)
    expect(second.locator(".counts")).to_contain_text("Có mặt 2/59")
    check_in(second, 1)
    expect(first.locator(".counts")).to_contain_text("Có mặt 3/59")
    wait_until(first, lambda: unsent_count(first) == 0 and unsent_count(second) == 0)
    assert len(system.device_records()) == 3
    statuses = [
        verdict["status"] for response in responses for verdict in response.json()["verdicts"]
    ]
    assert statuses == ["stored"] * 3


@pytest.fixture
def own_system(tmp_path: Path, portal: Path, filled: Demonstration) -> Iterator[System]:
    """Yield a running server with its own copy of the portal, which the test may change.

    The portal is the public website, which includes the check-in page.
    """
    portal_copy = Path(shutil.copytree(portal, tmp_path / "portal"))
    running = System(tmp_path, portal_copy, filled)
    yield running
    running.stop()


def test_a_newer_kiosk_waits_for_consent_even_after_a_restart(
    own_system: System, laptop: Laptop
) -> None:
    system = own_system
    page = laptop.start()
    enrol(page, system)
    publish_newer_kiosk(system.portal)
    open_again(page, system)
    expect(page.get_by_text("Có phiên bản mới")).to_be_visible(timeout=2 * SLOW_MS)
    assert page.evaluate(IS_NEW) is False
    open_again(page, system)
    assert page.evaluate(IS_NEW) is False
    system.line.set(Line.CUT)
    open_room(page, "Hội trường")  # the old version's code is still cached
    expect(page.get_by_text("Trình tự trong ngày")).to_be_visible()
    page.get_by_role("button", name="Cập nhật bây giờ").click()
    expect(page.get_by_label("Mã PIN")).to_be_visible(timeout=SLOW_MS)
    assert page.evaluate(IS_NEW) is True
    unlock(page)
    expect(page.locator(".person").first).to_be_visible()


IS_NEW = "getComputedStyle(document.body).getPropertyValue('--newer') === '1'"


def publish_newer_kiosk(portal: Path) -> None:
    """Change the check-in page's style sheet in a built portal, as a newer build would.

    The portal is the public website, which includes the check-in page; `portal` is its folder.
    The manifest, the list of all files with their hashes, is updated too.
    """
    style = portal / "app" / "kiosk.css"
    style.write_text(style.read_text("utf-8") + "body{--newer:1}", "utf-8")
    top = read_manifest((portal / "manifest.json").read_bytes())
    lists = {
        file_list.name: read_list((portal / file_list.path).read_bytes()) for file_list in top.lists
    }
    lines = {line.path: line for file_lines in lists.values() for line in file_lines}
    content = style.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    lines["app/kiosk.css"] = FileLine("app/kiosk.css", sha256, len(content))
    paths_by_list = {
        name: [line.path for line in file_lines]
        for name, file_lines in lists.items()
        if name != "rest"
    }
    write_manifest(portal, lines, paths_by_list, dict(top.withdrawn))


def person_rows(page: Page) -> list[str]:
    """Return the text of every person's row on a check-in page, in sorted order."""
    rows: list[str] = page.locator(".person").all_inner_texts()
    return sorted(rows)


def test_two_kiosks_on_a_flapping_line_end_with_the_same_ledger(
    system: System, laptops: Callable[[], Laptop], request: pytest.FixtureRequest
) -> None:
    pages = [laptops().start() for _ in range(2)]
    for page in pages:
        enrol(page, system)
    check_in_on_flapping_line(system, pages, rounds=4, seed=len(request.node.name))
    system.line.set(Line.OPEN)
    for page in pages:
        page.get_by_role("button", name="Gửi ngay").click()
    record_ids = {str(row["id"]) for page in pages for row in read_store(page, "records")}
    wait_until(
        pages[0],
        lambda: {record["id"] for record in system.device_records()} == record_ids,
        times=4,
    )
    for page in pages:
        expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
        page.get_by_role("button", name="Gửi ngay").click()
    assert len(system.device_records()) == len(record_ids)
    wait_until(pages[0], lambda: person_rows(pages[0]) == person_rows(pages[1]))
    assert pages[0].locator(".counts").inner_text() == pages[1].locator(".counts").inner_text()


def check_in_on_flapping_line(system: System, pages: list[Page], *, rounds: int, seed: int) -> None:
    """Check people in on the check-in pages `pages` while the network breaks again and again.

    In every round, each page checks in at most two people and sends its records. Two pages may
    check in the same person. The same `seed` repeats the same random choices.
    """
    dice = random.Random(seed)  # noqa: S311 - a seed repeats the run
    for _ in range(rounds):
        for page in pages:
            system.line.set(dice.choice((Line.OPEN, Line.LOSES_ANSWERS, Line.CUT)))
            if system.line.state is Line.OPEN:
                system.line.cut_after(dice.randint(50, 4000))
            for _ in range(2):
                row = page.locator(".person").nth(dice.randrange(20))
                if row.locator(".state.unrecorded").count():
                    row.click()
                    expect(page.locator(".answer")).to_contain_text("Đã ghi lúc")
                    page.keyboard.press("Escape")
            page.get_by_role("button", name="Gửi ngay").click()
            page.wait_for_timeout(dice.randint(50, 400))


def test_a_code_that_came_by_post_needs_the_secret_told_by_telephone(
    system: System, laptop: Laptop
) -> None:
    printed = system.flask("device", "enrol", "P001", "--days", "14")
    link, second = re.findall(r"http\S+#ma=\S+|(?<=: )\d{6}(?=\s)", printed + " ")
    page = laptop.start()
    page.goto(link)
    fill_pin(page, "Thư ký Mẫu")
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("alert")).to_contain_text("cần thêm số bí mật")
    page.get_by_label("Số bí mật 6 chữ số").fill("000000" if second != "000000" else "111111")
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("alert")).to_contain_text("Nhập sai năm lần")
    page.get_by_label("Số bí mật 6 chữ số").fill(second)
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.locator(".person").first).to_be_visible(timeout=2 * SLOW_MS)
