"""Test that publishing a release uploads only missing files, and replaces all files at once.

A release is one version of the portal (the public website): its files and a manifest, the list of
their hashes.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from msgspec.structs import replace
from portal.release.manifest import files_of, release_of

from sync_server.database import reading, write
from sync_server.domain import release
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.storage.blobs import releases
from sync_server.web import served_portal
from sync_server.web.portal_files import MAX_WHOLE_BYTES
from tests.conftest import NOON, FakeClock, Persona

HOUR_MS = 3_600_000
PIECE = 1024 * 1024


class Publisher(Persona):
    """An API client that publishes versions of the public website, as an editor's program does."""

    def offer(self, output: Path) -> Any:
        """Send the manifest of the website in the folder `output`; return the JSON answer.

        The manifest is the list of the website's files. The answer's field `missing` lists the
        SHA-256 hashes of the files that the server lacks.
        """
        return self.post("/releases", (output / "manifest.json").read_bytes()).get_json()

    def send(self, output: Path) -> int:
        """Upload the files of the website in `output` that the server lacks; return their number.

        `output` is the folder of a built public website. Raises: AssertionError if the server
        refuses a file.
        """
        files = files_of(lambda name: (output / name).read_bytes())
        paths = {sha256: output / path for path, (sha256, _) in files.items()}
        sent = 0
        while missing := self.offer(output)["missing"]:
            for sha256 in missing:
                assert self.put(f"/blobs/{sha256}", paths[sha256].read_bytes()).status_code == 204
            sent += len(missing)
        return sent

    def publish(self, output: Path) -> str:
        """Upload a website and have the server serve it; return the hash of the website's manifest.

        `output` is the folder of a built public website, and the manifest the list of its files.
        Raises: AssertionError if the server refuses a file or the website as a whole.
        """
        self.send(output)
        release = release_of(output)
        assert self.post(f"/releases/{release}/activate", {}).status_code == 200
        return release


@pytest.fixture
def server(app: Flask, portal: Path) -> Flask:
    """Return the app, configured to serve a public website that was built from the repository's
    content.
    """
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], site_dir=portal)
    return app


@pytest.fixture
def editor(server: Flask) -> Publisher:
    """Create an editor's account, and return an API client that uses the account's token."""
    write(lambda c: accounts.put(c, Account("bientap", Profile.EDITOR), "ngon-den-khuya-thu-1"))
    token = write(lambda c: accounts.renew_token(c, "bientap", now_ms=NOON))
    return Publisher(server.test_client(), token)


@pytest.fixture
def changed(portal: Path, tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Return a function that writes a copy of the built public website in which one file differs.

    The function takes the path of that file inside the website and the file's new content. It
    updates the manifest (list of files) of the copy, and returns the copy's folder.
    """
    outputs: list[Path] = []

    def make(path: str, content: bytes) -> Path:
        output = tmp_path / f"output-{len(outputs)}"
        outputs.append(output)
        shutil.copytree(portal, output)
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_bytes(content)
        top = json.loads((output / "manifest.json").read_bytes())
        sha256 = hashlib.sha256(content).hexdigest()
        is_new = not (portal / path).exists()
        for line in top["lists"]:
            files = json.loads((output / line["path"]).read_bytes())
            files = [[path, sha256, len(content)] if file[0] == path else file for file in files]
            if is_new and line["name"] == "rest":
                files.append([path, sha256, len(content)])
            data = json.dumps(files, separators=(",", ":")).encode()
            (output / line["path"]).write_bytes(data)
            line["sha256"] = hashlib.sha256(data).hexdigest()
        (output / "manifest.json").write_bytes(json.dumps(top).encode())
        return output

    return make


def test_a_release_goes_up_once_and_then_only_what_changed(
    editor: Publisher, portal: Path, changed: Callable[[str, bytes], Path]
) -> None:
    first = editor.send(portal)
    assert first > 80
    assert editor.send(portal) == 0
    release = editor.publish(portal)
    assert editor.get("/release").get_json() == {"release": release}

    output = changed("t/cv632.html", b"<!doctype html><title>M</title>moi")
    files = set(editor.offer(output)["missing"])

    assert len(files) == 2  # the lists of two meetings; `send` adds the page and the manifest
    assert editor.send(output) == 4


def test_the_active_release_is_served_and_changes_at_once(
    editor: Publisher, portal: Path, changed: Callable[[str, bytes], Path], server: Flask
) -> None:
    reader = server.test_client()
    output = changed("t/cv632.html", "<!doctype html>câu thêm".encode())
    editor.send(output)
    assert "câu thêm" not in reader.get("/t/cv632.html").get_data(as_text=True)

    first, second = editor.publish(portal), editor.publish(output)
    assert "câu thêm" in reader.get("/t/cv632.html").get_data(as_text=True)

    assert editor.post(f"/releases/{first}/activate", {}).status_code == 200
    assert "câu thêm" not in reader.get("/t/cv632.html").get_data(as_text=True)
    rows = editor.get("/releases").get_json()
    assert {(row["release"], row["is_served"]) for row in rows} == {(first, True), (second, False)}


def test_a_release_can_wait_for_its_hour_and_a_new_one_calls_it_off(
    editor: Publisher,
    portal: Path,
    changed: Callable[[str, bytes], Path],
    clock: FakeClock,
) -> None:
    now = editor.publish(portal)
    output = changed("t/cv632.html", b"<!doctype html>den gio")
    editor.send(output)
    later = release_of(output)

    editor.post(f"/releases/{later}/activate", {"at": "2024-08-22T02:00:00.000Z"})
    assert editor.get("/release").get_json() == {"release": now}
    assert b"den gio" not in editor.client.get("/t/cv632.html").data
    clock.now_ms = NOON + HOUR_MS
    assert editor.get("/release").get_json() == {"release": later}
    assert b"den gio" in editor.client.get("/t/cv632.html").data

    clock.now_ms = NOON
    editor.post(f"/releases/{now}/activate", {})
    clock.now_ms = NOON + 2 * HOUR_MS
    assert editor.get("/release").get_json() == {"release": now}


@pytest.mark.parametrize("path", ["app/kiosk.js", "sw.js", "diem-danh/index.html", "app/more.js"])
def test_a_release_with_other_code_is_refused(
    editor: Publisher, changed: Callable[[str, bytes], Path], path: str
) -> None:
    output = changed(path, b"alert(1)")
    for line in json.loads((output / "manifest.json").read_bytes())["lists"]:
        editor.put(f"/blobs/{line['sha256']}", (output / line["path"]).read_bytes())

    response = editor.post("/releases", (output / "manifest.json").read_bytes())

    assert response.status_code == 422
    assert response.get_json()["code"] == "foreign_code"
    assert path in response.get_json()["detail"]


@pytest.mark.parametrize("path", ["../../etc/passwd", "a//b", ".env", "t/.x", "t/a b.html", "/x"])
def test_a_path_that_cannot_be_served_is_refused(editor: Publisher, path: str) -> None:
    files = json.dumps([[path, "0" * 64, 1]]).encode()
    name = hashlib.sha256(files).hexdigest()
    line = {"name": "rest", "path": "lists/rest.json", "sha256": name, "files": 1, "bytes": 1}
    editor.put(f"/blobs/{name}", files)

    response = editor.post("/releases", {"v": 1, "lists": [line]})

    assert response.get_json()["code"] == "release_malformed"


def test_a_large_file_goes_on_where_it_was_cut(editor: Publisher) -> None:
    content = bytes(range(256)) * 3000
    name = hashlib.sha256(content).hexdigest()
    half = len(content) // 2
    total = len(content)
    editor.put(f"/blobs/{name}", content[:half], Content_Range=f"bytes 0-{half - 1}/{total}")
    assert editor.offset(f"/blobs/{name}") == (half, False)

    again = editor.put(
        f"/blobs/{name}", content[:half], Content_Range=f"bytes 0-{half - 1}/{total}"
    )
    assert again.status_code == 204  # repeated, as after a lost answer
    place = f"bytes {half + 5}-{half + 5}/{total}"
    wrong = editor.put(f"/blobs/{name}", b"x", Content_Range=place)
    assert (wrong.status_code, wrong.get_json()["code"]) == (409, "piece_out_of_place")
    rest = editor.put(
        f"/blobs/{name}", content[half:], Content_Range=f"bytes {half}-{total - 1}/{total}"
    )

    assert rest.status_code == 204
    assert editor.offset(f"/blobs/{name}") == (total, True)


def test_editors_fill_no_disk_with_files_of_no_release(
    editor: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "MAX_BYTES_A_DAY", 1_000)
    first, second = b"x" * 1_001, b"y"
    assert editor.put(f"/blobs/{hashlib.sha256(first).hexdigest()}", first).status_code == 204

    refused = editor.put(f"/blobs/{hashlib.sha256(second).hexdigest()}", second)

    assert (refused.status_code, (refused.json or {})["code"]) == (429, "upload_quota_reached")


def test_a_file_under_another_name_is_refused_and_can_be_sent_again(editor: Publisher) -> None:
    name = hashlib.sha256(b"right").hexdigest()

    assert editor.put(f"/blobs/{name}", b"wrong").get_json()["code"] == "blob_mismatch"
    assert editor.put(f"/blobs/{name}", b"right").status_code == 204
    nothing = hashlib.sha256(b"").hexdigest()
    editor.put(f"/blobs/{nothing}", b"")
    assert editor.offset(f"/blobs/{nothing}") == (0, True)
    assert editor.put("/blobs/none", b"x").status_code == 400


def test_a_large_file_is_served_in_the_ranges_that_are_asked(
    editor: Publisher, changed: Callable[[str, bytes], Path]
) -> None:
    content = bytes(range(256)) * 5000
    output = changed("tep/so-tay-diem-cau.pdf", content)
    files = files_of(lambda name: (output / name).read_bytes())
    sha256, total = files["tep/so-tay-diem-cau.pdf"]
    pieces = [(0, 700_000), (700_000, total)]
    for start, stop in pieces:
        place = f"bytes {start}-{stop - 1}/{total}"
        editor.put(f"/blobs/{sha256}", content[start:stop], Content_Range=place)
    editor.publish(output)
    get = editor.client.get

    part = get("/tep/so-tay-diem-cau.pdf", headers={"Range": "bytes=699990-700009"})
    assert (part.status_code, part.data) == (206, content[699_990:700_010])
    assert part.headers["Content-Range"] == f"bytes 699990-700009/{total}"
    whole = get("/tep/so-tay-diem-cau.pdf")
    assert whole.data == content
    again = get("/tep/so-tay-diem-cau.pdf", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    beyond = get("/tep/so-tay-diem-cau.pdf", headers={"Range": f"bytes={total}-"})
    assert beyond.status_code == 416


def test_a_published_page_is_compressed_and_revalidated_cheaply(
    editor: Publisher, portal: Path
) -> None:
    editor.publish(portal)
    packed = {"Accept-Encoding": "gzip"}
    first = editor.client.get("/", headers=packed)
    assert first.headers["Content-Encoding"] == "gzip"
    again = editor.client.get("/", headers={**packed, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert editor.client.get("/tai-lieu/").headers["Location"] == "/tai-lieu/index.html"
    assert editor.client.get("/t/none.html").status_code == 404


def test_only_our_own_code_runs_whatever_a_page_holds(editor: Publisher, portal: Path) -> None:
    editor.publish(portal)

    policy = editor.client.get("/index.html").headers["Content-Security-Policy"]

    assert "http://localhost:8000/app/ http://localhost:8000/sw.js 'wasm-unsafe-eval';" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_behind_a_proxy_that_passes_no_host_on_the_policy_names_our_own_address(
    server: Flask, host: str
) -> None:
    settings = replace(server.config["SETTINGS"], public_url="https://diemcau.example.vn")
    server.config["SETTINGS"] = settings

    answer = server.test_client().get("/index.html", headers={"Host": host})

    assert "https://diemcau.example.vn/app/ " in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "diemcau.example.vn.evil.example", "10.0.0.9:80"])
def test_a_foreign_host_is_refused_and_told_where_to_go(server: Flask, host: str) -> None:
    answer = server.test_client().get("/index.html", headers={"Host": host})

    assert answer.status_code == 421
    assert "http://localhost:8000" in answer.text


@pytest.mark.parametrize("is_published", [True, False])
def test_a_large_file_is_read_in_pieces_also_in_ranges(
    editor: Publisher, changed: Callable[[str, bytes], Path], is_published: bool
) -> None:
    recording = random.Random(1).randbytes(3 * MAX_WHOLE_BYTES + 7)  # noqa: S311 - test content
    output = changed("t/ghi-am.mp3", recording)
    if is_published:
        for start in range(0, len(recording), PIECE):
            editor.put(
                f"/blobs/{hashlib.sha256(recording).hexdigest()}",
                recording[start : start + PIECE],
                Content_Range=f"bytes {start}-{min(start + PIECE, len(recording)) - 1}"
                f"/{len(recording)}",
            )
        editor.publish(output)
    else:
        settings = replace(editor.client.application.config["SETTINGS"], site_dir=output)
        editor.client.application.config["SETTINGS"] = settings
    whole = editor.client.get("/t/ghi-am.mp3")
    part = editor.client.get("/t/ghi-am.mp3", headers={"Range": "bytes=100-2000100"})

    assert whole.is_streamed
    assert whole.data == recording
    assert part.status_code == 206
    assert part.data == recording[100:2_000_101]


@pytest.mark.parametrize("content", [b"\xff", b'{"v":1,"lists":"\xff"}', b"[" * 100_000])
def test_a_manifest_that_nobody_can_read_is_refused(editor: Publisher, content: bytes) -> None:
    answer = editor.post("/releases", content)

    assert (answer.status_code, answer.get_json()["code"]) == (422, "release_malformed")


def test_a_list_that_names_one_file_too_often_is_refused() -> None:
    line = release.FileLine("a", "0" * 64, 1)
    content = msgspec.json.encode([line] * (release.MAX_FILES + 2))
    digest = hashlib.sha256(content).hexdigest()
    manifest = release.Manifest(1, (release.ListLine("l", "l.json", digest, 1, len(content)),))

    with pytest.raises(release.BadRelease, match="more than"):
        release.files_of(b"{}", manifest, {digest: content})


@pytest.mark.parametrize("facts", [b"\xff", b"null", b"[]", b'{"meetings":NaN}'])
def test_a_release_that_the_office_cannot_read_is_refused(
    editor: Publisher, changed: Callable[[str, bytes], Path], facts: bytes
) -> None:
    output = changed("facts.json", facts)
    files = files_of(lambda name: (output / name).read_bytes())
    paths = {sha256: output / path for path, (sha256, _) in files.items()}
    answer = editor.offer(output)
    while missing := answer.get("missing"):
        for sha256 in missing:
            assert editor.put(f"/blobs/{sha256}", paths[sha256].read_bytes()).status_code == 204
        answer = editor.offer(output)

    assert answer["code"] == "release_malformed"


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64])
def test_an_odd_host_is_refused_on_every_page(server: Flask, host: str) -> None:
    for path in ("/index.html", "/van-phong/dang-nhap"):
        answer = server.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 421


def test_the_last_ten_are_kept_with_their_files_and_no_more(
    editor: Publisher, changed: Callable[[str, bytes], Path], clock: FakeClock
) -> None:
    releases = []
    for n in range(12):
        clock.now_ms += 1000
        releases.append(editor.publish(changed("t/cv632.html", f"<!doctype html>{n}".encode())))
    remaining = [row["release"] for row in editor.get("/releases").get_json()]
    assert remaining == releases[:1:-1]

    deleted_sha256 = hashlib.sha256(b"<!doctype html>0").hexdigest()
    assert editor.offset(f"/blobs/{deleted_sha256}")[
        1
    ]  # the server keeps it for a day, so that a cut upload can resume
    clock.now_ms += 25 * HOUR_MS
    editor.post(f"/releases/{remaining[0]}/activate", {})
    assert editor.offset(f"/blobs/{deleted_sha256}") == (0, False)
    assert editor.post(f"/releases/{releases[0]}/activate", {}).status_code == 404


def test_only_editors_publish_and_editors_see_no_people(
    server: Flask, editor: Publisher, portal: Path
) -> None:
    write(lambda c: accounts.put(c, Account("kiemtra", Profile.AUDITOR), "ngon-den-khuya-thu-1"))
    auditor = Publisher(
        server.test_client(), write(lambda c: accounts.renew_token(c, "kiemtra", now_ms=NOON))
    )

    assert auditor.post("/releases", (portal / "manifest.json").read_bytes()).status_code == 403
    assert auditor.put(f"/blobs/{'0' * 64}", b"x").status_code == 403
    for path in ("/meetings", "/meetings/m/board", "/meetings/m/standing?point=P001"):
        assert editor.get(path).status_code == 403, path
    assert editor.post("/sync", {"meeting": "m", "point": "P001"}).status_code == 403


def test_a_malformed_manifest_is_refused(editor: Publisher) -> None:
    assert editor.post("/releases", b"{").get_json()["code"] == "release_malformed"
    assert editor.post(f"/releases/{'0' * 64}/activate", {}).get_json()["code"] == "unknown_release"
    assert editor.post("/releases/x/activate", {"at": "hom nay"}).status_code == 400


def test_the_facts_of_the_published_release_count(
    editor: Publisher, portal: Path, changed: Callable[[str, bytes], Path]
) -> None:
    facts = json.loads((portal / "facts.json").read_bytes())
    facts["meetings"][0]["title"] = "Tên mới của hội nghị"
    editor.publish(changed("facts.json", json.dumps(facts).encode()))

    with reading() as c:
        published = served_portal.published_directory(c, portal, NOON)

    assert published
    assert published.meetings[0].title == "Tên mới của hội nghị"
