"""Delivery: requests that wait for a process's one writer are served together.

The thread that gets the writer serves the waiting requests in one transaction and hands out
their receipts: fewer commits on SQLite, fewer statements on any engine.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from flask import Flask, current_app
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_server.database import is_transient, write
from sync_server.errors import DatabaseBusy
from sync_server.storage.ledger import intake
from sync_server.storage.ledger.intake import Delivery, Receipt

T = TypeVar("T")
R = TypeVar("R")

LARGEST_GROUP = 12
"""Requests per transaction: more save little, and the first would wait for the last."""


class _Ticket(Generic[T, R]):
    """A waiting request, and in the end its result or its fault."""

    def __init__(self, request: T) -> None:
        self.request = request
        self.result: R | None = None
        self.fault: Exception | None = None
        self.is_served = False


class Merger(Generic[T, R]):
    """Serves waiting requests in groups.

    If a group fails, its requests are served one by one, so that none costs another its answer.
    """

    def __init__(self, serve: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._serve = serve
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Ticket[T, R]] = []

    def submit(self, request: T) -> R:
        """Wait until the request is served and return its result, or raise its fault."""
        ticket: _Ticket[T, R] = _Ticket(request)
        with self._guard:
            self._waiting.append(ticket)
        while not ticket.is_served:
            with self._turn:
                if not ticket.is_served:
                    self._serve_group()
        if ticket.fault is not None:
            raise ticket.fault
        assert ticket.result is not None
        return ticket.result

    def _serve_group(self) -> None:
        with self._guard:
            group = self._waiting[:LARGEST_GROUP]
            del self._waiting[:LARGEST_GROUP]
        try:
            self._answer(group)
        except DBAPIError as fault:
            if len(group) > 1 and not is_transient(fault):
                self._serve_one_by_one(group)
            else:
                for ticket in group:  # the database is busy for all of them
                    ticket.fault = fault
        except Exception:  # noqa: BLE001 - serving one by one shows which request failed
            self._serve_one_by_one(group)
        finally:
            for ticket in group:
                if ticket.result is None and ticket.fault is None:
                    # This thread is shutting down; the other callers can retry.
                    ticket.fault = DatabaseBusy(retry_after_s=1)
                ticket.is_served = True

    def _serve_one_by_one(self, group: Sequence[_Ticket[T, R]]) -> None:
        for ticket in group:
            try:
                self._answer([ticket])
            except Exception as fault:  # noqa: BLE001 - raised again in its caller's thread
                ticket.fault = fault

    def _answer(self, group: Sequence[_Ticket[T, R]]) -> None:
        results = self._serve([ticket.request for ticket in group])
        for ticket, result in zip(group, results, strict=True):
            ticket.result = result


def deliver(delivery: Delivery) -> Receipt:
    """Store a delivery durably and return its receipt."""
    merger: Merger[Delivery, Receipt] = current_app.extensions["diemcau_merger"]
    return merger.submit(delivery)


def init_app(app: Flask) -> None:
    """Create the app's one merger."""
    app.extensions["diemcau_merger"] = Merger(_receive)


def _receive(deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
    def work(connection: Connection) -> list[Receipt]:
        return intake.receive_deliveries(connection, deliveries)

    return write(work)
