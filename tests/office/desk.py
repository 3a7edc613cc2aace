"""Open the office's pages and send their forms, as a browser does."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.database import write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from tests.e2e.cards import csrf

PASSWORD = "ngon-den-khuya-thu-1"
OFFICE = "/van-phong"


@dataclass
class Desk:
    """A browser that opens the office's pages, with or without a signed-in account."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open one of the office's web pages with additional `headers`, and return the response.

        `path` lacks the prefix `/van-phong`.
        """
        g.pop("csrf_token", None)  # else a test's requests would share one token
        return self.client.get(f"{OFFICE}{path}", headers=headers)

    def post(self, path: str, token: str | None = None, **fields: Any) -> TestResponse:
        """Send a form with these fields to a path of the office, and return the response.

        `token` protects the form against forged requests (CSRF); by default, it is read from the
        page of the signed-in account.
        Raises: AssertionError if that page contains no token.
        """
        token = token or csrf(self.get("/tai-khoan-cua-toi").text)
        g.pop("csrf_token", None)
        form = {"csrf_token": token, **fields}
        return self.client.post(f"{OFFICE}{path}", data=form)

    @staticmethod
    def without_tokens(page: str) -> str:
        """Return a page without its tokens and challenges, which differ from answer to answer.

        The page can then be compared with another one.
        """
        return re.sub(r'(name="csrf_token" value|data-options)="[^"]+"', "", page)

    def sign_in(self, name: str, password: str = PASSWORD, code: str = "") -> TestResponse:
        """Send the sign-in form and return the response.

        `code` is a one-time code, for accounts that need one.
        """
        token = csrf(self.get("/dang-nhap").text)
        return self.post("/dang-nhap", token, name=name, password=password, code=code)


def desk_of(app: Flask, account: Account) -> Desk:
    """Create an account and return a browser that is signed in with it.

    Raises: AssertionError if the sign-in fails.
    """
    write(lambda c: accounts.put(c, account, PASSWORD))
    desk = Desk(app.test_client())
    assert desk.sign_in(account.name).status_code == 302
    return desk


ROLE_ACCOUNTS = {
    Profile.HEADQUARTERS: Account("bantochuc", Profile.HEADQUARTERS),
    Profile.CHAIR: Account("chutri", Profile.CHAIR, point="P001", person="S1"),
    Profile.SECRETARY: Account("bithu", Profile.SECRETARY, unit="U01"),
    Profile.PROPAGANDA: Account("tuyengiao", Profile.PROPAGANDA),
    Profile.AUDITOR: Account("kiemtra", Profile.AUDITOR),
    Profile.EDITOR: Account("bientap", Profile.EDITOR),
}
