"""Test how the server serves the files of the portal (the public website)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import Base, db
from tests.conftest import SECRET


@pytest.fixture(scope="module")
def reader(portal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Yield a client of a server that serves the public website built from this repository."""
    url = f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.sqlite3'}"
    app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app.test_client()
        db.engine.dispose()


def test_an_unchanged_page_costs_an_empty_answer(reader: FlaskClient) -> None:
    first = reader.get("/", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Cache-Control"] == "no-cache"

    tags = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"}
    again = reader.get("/", headers=tags)
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/tai-lieu", "/tai-lieu/"])
def test_a_folder_leads_to_its_index(reader: FlaskClient, path: str) -> None:
    assert reader.get(path).headers["Location"] == "/tai-lieu/index.html"


@pytest.mark.parametrize(
    "path",
    ["/..%2f.env", "/%5c..%5c.env", "/.env", "/%00", "/a%00b", "/" + "a" * 5000, "/t/none.html"],
)
def test_a_path_that_is_no_file_of_the_portal_is_not_found(reader: FlaskClient, path: str) -> None:
    response = reader.get(path)

    assert response.status_code == 404
    assert len(response.data) < 3000
