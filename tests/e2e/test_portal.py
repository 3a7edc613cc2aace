"""Test the portal (public website) saved for offline reading, or opened from a USB stick."""

import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import build
from sync_server.config import ROOT
from tests.e2e.conftest import Demonstration, Laptop, System
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
MEETING = "hoi-nghi/2024-08-22-hoc-tap.html"
SAVED_STATE = "[data-keep] [data-state]"
SLOW_MS = 60_000
RETRY_MS = 20_000
"""Time in ms after which a page tries again to save its files, even if the browser has not reported
that it is online."""
OVERHEAD_BYTES = 4_000
"""The most bytes that a reader's browser may load, besides the new document, after one document has
changed."""


def saved_count(page: Page) -> tuple[int, int]:
    """Return the number of saved files and the number of all files, as the page shows them.

    Raises: AssertionError if the page shows no such numbers.
    """
    match = re.search(r"(\d+)/(\d+)", page.locator(SAVED_STATE).inner_text())
    assert match
    return int(match[1]), int(match[2])


def save_meeting(page: Page, url: str) -> None:
    """Save the test meeting for offline reading, and wait until all its files are saved.

    `url` is the address of the portal (the public website). Raises: AssertionError if saving takes
    more than 60 s.
    """
    page.goto(f"{url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Chưa lưu", timeout=SLOW_MS)
    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
    expect(page.locator(SAVED_STATE)).to_contain_text("Đã lưu đủ", timeout=SLOW_MS)


@pytest.fixture
def editable(tmp_path: Path) -> Path:
    """Return a copy of the repository's content folder that the test may change."""
    content = tmp_path / "content"
    shutil.copytree(ROOT / "content", content)
    return content


def republish(content: Path, portal: Path) -> None:
    """Build the portal (the public website) anew, into the folder that the server is serving.

    `content` is the folder of the editors' files, `portal` the folder that is served. Raises:
    AssertionError if the build fails.
    """
    assert build.main(["--content", str(content), "--output", str(portal)]) == 0


@pytest.fixture
def own_system(
    tmp_path: Path, portal: Path, filled: Demonstration
) -> Iterator[tuple[System, Path]]:
    """Yield a running system and the folder of its portal (the public website).

    The test may change the files in this folder.
    """
    portal_copy = tmp_path / "served"
    shutil.copytree(portal, portal_copy)
    running = System(tmp_path, portal_copy, filled)
    yield running, portal_copy
    running.stop()


def test_saving_a_meeting_resumes_after_a_cut_and_it_is_read_without_a_line(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start(360)
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Chưa lưu. Cả thảy", timeout=SLOW_MS)

    system.line.cut_after(30_000)
    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
    expect(page.locator(SAVED_STATE)).to_contain_text("Mạng bị ngắt", timeout=SLOW_MS)
    saved, files = saved_count(page)
    assert 0 < saved < files

    system.line.set(Line.OPEN)
    before = system.line.carried_bytes
    page.get_by_role("button", name="Lưu tiếp").click()
    expect(page.locator(SAVED_STATE)).to_contain_text(f"Đã lưu đủ {files} tệp", timeout=SLOW_MS)
    whole = sum(f.stat().st_size for f in system.portal.rglob("*") if f.is_file())
    assert system.line.carried_bytes - before < whole / 2  # the rest was saved before the cut

    system.line.set(Line.CUT)
    page.goto(f"{system.url}/t/cv632.html")
    expect(page.locator("h1")).to_contain_text("Công văn về nâng cao chất lượng")
    assert page.locator(".code img").evaluate("image => image.naturalWidth") > 0
    expect(page.locator("[data-line]")).to_contain_text("Đang không có mạng")
    page.goto(f"{system.url}/in/2024-08-22-hoc-tap/ma-qr.html")
    expect(page.locator("h1")).to_contain_text("Trang này chưa được lưu")
    page.goto(f"{system.url}/tim/index.html?q=dien+thoai")
    expect(page.locator("[data-found] li").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("[data-status]")).to_contain_text("không có mạng")
    page.goto(f"{system.url}/da-luu.html")
    expect(page.get_by_role("heading", level=2)).to_have_count(1)

    page.get_by_role("button", name="Xoá khỏi máy", exact=True).click()
    expect(page.locator("[data-saved-total]")).to_contain_text("Chưa lưu hội nghị nào")
    page.goto(f"{system.url}/t/cv632.html")
    expect(page.locator("h1")).to_contain_text("Trang này chưa được lưu")


def test_who_saves_without_a_line_is_told_at_once_and_served_when_it_is_back(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start(360)
    page.clock.install()
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Chưa lưu. Cả thảy", timeout=SLOW_MS)

    system.line.set(Line.CUT)
    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
    expect(page.locator(SAVED_STATE)).to_contain_text(re.compile("Chưa có mạng|Mạng bị ngắt"))
    expect(page.get_by_role("button", name="Lưu tiếp")).to_be_enabled()

    system.line.set(Line.OPEN)
    page.clock.fast_forward(RETRY_MS)
    expect(page.locator(SAVED_STATE)).to_contain_text("Đã lưu đủ", timeout=SLOW_MS)


def test_a_large_file_resumes_from_the_byte_where_it_was_cut(
    own_system: tuple[System, Path], editable: Path, laptop: Laptop
) -> None:
    system, served = own_system
    size = 600_000
    (editable / "materials" / "phim.mp4").write_bytes(
        b"\0\0\0\x20ftyp" + bytes(range(256)) * (size // 256)
    )
    page_file = editable / "materials" / "slide-01.md"
    page_file.write_text(
        page_file.read_text("utf-8").replace("kind: SLIDE", "kind: SLIDE\nfile: phim.mp4"), "utf-8"
    )
    republish(editable, served)
    page = laptop.start(360)
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Chưa lưu", timeout=SLOW_MS)

    system.line.cut_after(450_000)
    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
    expect(page.locator(SAVED_STATE)).to_contain_text("Mạng bị ngắt", timeout=SLOW_MS)
    system.line.set(Line.OPEN)
    before = system.line.carried_bytes
    page.get_by_role("button", name="Lưu tiếp").click()
    expect(page.locator(SAVED_STATE)).to_contain_text("Đã lưu đủ", timeout=SLOW_MS)

    assert system.line.carried_bytes - before < size - 150_000


def test_a_changed_material_costs_only_its_bytes_and_is_announced(
    own_system: tuple[System, Path], editable: Path, laptop: Laptop
) -> None:
    system, served = own_system
    page = laptop.start(360)
    save_meeting(page, system.url)
    page.goto(f"{system.url}/t/tk08.html")
    page_file = editable / "materials" / "chi-thi-02.md"
    page_file.write_text(page_file.read_text("utf-8") + "\nMột câu mới thêm vào.\n", "utf-8")
    republish(editable, served)
    material_bytes = sum(
        system.bytes_on_line(f"/{name}") for name in ("t/ct02.html", "tim/t-ct02.js")
    )

    before = system.line.carried_bytes
    page.goto(f"{system.url}/t/ct02.html")
    expect(page.locator("[data-newer]")).to_be_visible(timeout=SLOW_MS)
    cost = system.line.carried_bytes - before

    assert cost <= material_bytes + OVERHEAD_BYTES, (
        f"{cost} bytes for a material of {material_bytes}"
    )
    page.get_by_role("button", name="Xem bản mới").click()
    expect(page.get_by_text("Một câu mới thêm vào.")).to_be_visible()
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator("[data-since]")).to_contain_text("Có bản mới: Chỉ thị (bản minh hoạ)")
    expect(page.locator(".fresh").first).to_contain_text("bản mới")


def wait_for_notice_of_withdrawal(page: Page) -> None:
    """Wait until the browser has deleted a withdrawn file and saved the notice of withdrawal.

    Raises: AssertionError if this takes more than 60 s.
    """
    deadline = time.monotonic() + SLOW_MS / 1000
    while "tep/so-tay-diem-cau.pdf" in (paths := saved_paths(page)) or "t/hd03.html" not in paths:
        assert time.monotonic() < deadline, paths
        page.wait_for_timeout(50)


def saved_paths(page: Page) -> list[str]:
    """Return the paths of all files that the browser has saved, read from an index in IndexedDB."""
    paths: list[str] = page.evaluate(
        """() => new Promise((resolve) => {
          const request = indexedDB.open("diemcau-kept");
          request.onsuccess = () => {
            const now = request.result.transaction("index").objectStore("index").get("now");
            now.onsuccess = () => {
              request.result.close();
              resolve(Object.keys(now.result.paths));
            };
          };
        })"""
    )
    return paths


def test_a_withdrawn_material_leaves_a_reader_s_device_at_the_next_contact(
    own_system: tuple[System, Path], editable: Path, laptop: Laptop
) -> None:
    system, served = own_system
    page = laptop.start(360)
    save_meeting(page, system.url)
    assert build.main(["withdraw", "hd03", "--content", str(editable)]) == 0
    republish(editable, served)

    page.goto(f"{system.url}/index.html")
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Đã lưu đủ", timeout=SLOW_MS)
    wait_for_notice_of_withdrawal(page)
    system.line.set(Line.CUT)
    page.goto(f"{system.url}/t/hd03.html")
    expect(page.locator(".notice").last).to_contain_text("đã được thu hồi")


def test_a_full_disk_is_reported_and_saved_files_stay(system: System, laptop: Laptop) -> None:
    page = laptop.start(360)
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(SAVED_STATE)).to_contain_text("Chưa lưu", timeout=SLOW_MS)
    [worker] = page.context.service_workers
    worker.evaluate(
        """() => {
          const store = IDBObjectStore.prototype;
          store.realPut = store.put;
          store.put = function (value, key) {
            if (this.name === "files") throw new DOMException("full", "QuotaExceededError");
            return this.realPut(value, key);
          };
        }"""
    )

    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()

    expect(page.locator(SAVED_STATE)).to_contain_text("Máy hết chỗ trống", timeout=SLOW_MS)
    worker.evaluate("() => { IDBObjectStore.prototype.put = IDBObjectStore.prototype.realPut; }")
    page.get_by_role("button", name="Lưu tiếp").click()
    expect(page.locator(SAVED_STATE)).to_contain_text("Đã lưu đủ", timeout=SLOW_MS)


def test_a_code_typed_by_hand_leads_to_its_material(system: System, laptop: Laptop) -> None:
    page = laptop.start(360)
    page.goto(system.url)
    search_field = page.get_by_role("searchbox")
    search_field.fill("ZZ 99")
    search_field.press("Enter")
    expect(page.locator("[data-status]")).to_contain_text("Không thấy gì khớp", timeout=SLOW_MS)

    page.goto(system.url)
    search_field.fill("CV-632")
    search_field.press("Enter")
    expect(page.locator("h1")).to_contain_text("Công văn về nâng cao chất lượng")


def test_the_search_finds_words_in_texts_and_can_be_narrowed(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start(360)
    page.goto(f"{system.url}/tim/index.html?q=man+chieu")
    results = page.locator("[data-found] li")
    expect(results.first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("mark").first).to_contain_text("màn")

    page.get_by_label("Loại").select_option("HUONG_DAN")
    expect(results).to_have_count(1)
    results.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("Hướng dẫn chuẩn bị một điểm cầu")


def test_the_pack_works_from_a_usb_stick(
    laptop: Laptop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "pack"
    output = str(tmp_path / "output")
    assert build.main(["pack", "--output", output, "--to", str(to)]) == 0
    stick = tmp_path / "USB của Điểm cầu số 1"
    with zipfile.ZipFile(to / "diem-cau.zip") as archive:
        archive.extractall(stick)
    assert build.main(["pack", "--verify", str(stick / "diem-cau")]) == 0
    page = laptop.start()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "requestfailed",
        # Leaving a page aborts its requests, and a browser loads no app manifest from a disk.
        lambda request: (
            None
            if request.failure == "net::ERR_ABORTED" or request.url.endswith("webmanifest")
            else faults.append(f"{request.url} {request.failure}")
        ),
    )

    page.goto((stick / "diem-cau" / "MO-DAU.html").as_uri())
    page.get_by_role("link", name="Mở cổng thông tin").click()
    seen: set[str] = set()
    waiting = [page.url]
    while waiting:  # follows every link of every page, and checks the pictures
        page.goto(waiting.pop())
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        pages = {link.split("#")[0] for link in links if link.split("#")[0].endswith(".html")}
        waiting += sorted(pages - seen)
        seen |= pages
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    assert len(seen) > 30
    page.goto((stick / "diem-cau" / "cong-thong-tin" / "index.html").as_uri())
    page.get_by_role("searchbox").fill("màn chiếu")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("[data-found] li").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("mark").first).to_contain_text("màn")
    assert faults == []

    (stick / "diem-cau" / "cong-thong-tin" / "t" / "cv632.html").unlink()
    assert build.main(["pack", "--verify", str(stick / "diem-cau")]) == 1
    assert "t/cv632.html" in capsys.readouterr().err


def test_a_page_is_read_without_javascript(system: System, laptop: Laptop) -> None:
    browser = laptop.start().context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{system.url}/{MEETING}")

    expect(page.get_by_role("link", name="Hướng dẫn chuẩn bị một điểm cầu").first).to_be_visible()
    expect(page.locator(".keep")).to_be_hidden()
    context.close()


def test_an_editor_publishes_and_rolls_back(
    system: System,
    laptop: Laptop,
    editable: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    system.flask("user", "add", "bientap", "--role", "editor", "--password", "ngon-den-khuya-thu-1")
    monkeypatch.setenv("PUBLISH_TOKEN", system.flask("user", "token", "bientap").strip())
    output = tmp_path / "output"
    url, arguments = system.url, ["--content", str(editable), "--output", str(output)]
    assert build.main(["publish", url, *arguments]) == 0
    page_file = editable / "materials" / "chi-thi-02.md"
    page_file.write_text(page_file.read_text("utf-8") + "\nMột câu mới thêm vào.\n", "utf-8")
    (editable / "materials" / "phim.mp4").write_bytes(b"\0\0\0\x20ftyp" + bytes(range(256)) * 4000)

    system.line.cut_after(1_000)
    assert build.main(["publish", url, *arguments]) == 1
    assert "Máy chủ vẫn phục vụ bản cũ" in capsys.readouterr().err
    system.line.set(Line.OPEN)
    page = laptop.start(360)
    page.goto(f"{system.direct}/t/ct02.html")
    expect(page.get_by_text("Một câu mới thêm vào.")).to_have_count(0)

    assert build.main(["publish", url, *arguments]) == 0
    assert "Đã công bố" in capsys.readouterr().out
    assert "Một câu mới" in system.get("/t/ct02.html")
    assert build.main(["publish", url, *arguments]) == 0
    assert "không có gì để gửi" in capsys.readouterr().out

    page_file.write_text(
        page_file.read_text("utf-8").replace(
            "issuer:", "public_from: 2090-01-01 07:30\nissuer:", 1
        ),
        "utf-8",
    )
    assert build.main(["publish", url, *arguments]) == 0
    assert "thay lúc 07:30 01/01/2090" in capsys.readouterr().out
    assert "Một câu mới" not in system.get("/t/ct02.html")
    assert build.main(["publish", url, "--back"]) == 0
    assert "Một câu mới" in system.get("/t/ct02.html")
