"""Delivery: requests that wait for a process's one writer are taken together.

Whoever finds the writer free takes in what all the waiting have brought, in one transaction, and
hands each its receipt: fewer commits on SQLite, fewer statements on any engine.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from flask import Flask, current_app
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_server.database import is_passing, write
from sync_server.errors import DatabaseBusy
from sync_server.storage import intake
from sync_server.storage.intake import Delivery, Receipt

T = TypeVar("T")
R = TypeVar("R")

LARGEST_GROUP = 12
"""Requests to a transaction: more save little, and the first would wait for the last."""


class _Ticket(Generic[T, R]):
    """One who waits: what they brought, and in the end what they are given."""

    def __init__(self, brought: T) -> None:
        self.brought = brought
        self.given: R | None = None
        self.fault: Exception | None = None
        self.is_served = False


class Merger(Generic[T, R]):
    """Merges what waits into groups. One that fails is served one by one: none costs another."""

    def __init__(self, serve: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._serve = serve
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Ticket[T, R]] = []

    def submit(self, brought: T) -> R:
        """Wait to be served, and return what was given. Raises whatever serving it raised."""
        ticket: _Ticket[T, R] = _Ticket(brought)
        with self._guard:
            self._waiting.append(ticket)
        while not ticket.is_served:
            with self._turn:
                if not ticket.is_served:
                    self._serve_group()
        if ticket.fault is not None:
            raise ticket.fault
        assert ticket.given is not None
        return ticket.given

    def _serve_group(self) -> None:
        with self._guard:
            group = self._waiting[:LARGEST_GROUP]
            del self._waiting[:LARGEST_GROUP]
        try:
            self._give(group)
        except DBAPIError as fault:
            if len(group) > 1 and not is_passing(fault):
                self._serve_alone(group)
            else:
                for ticket in group:  # the database is busy: it would be for each
                    ticket.fault = fault
        except Exception:  # noqa: BLE001 - whose fault it is shows when they are served alone
            self._serve_alone(group)
        finally:
            for ticket in group:
                if ticket.given is None and ticket.fault is None:
                    # This thread is told to end; the others may come again.
                    ticket.fault = DatabaseBusy(retry_after_s=1)
                ticket.is_served = True

    def _serve_alone(self, group: Sequence[_Ticket[T, R]]) -> None:
        for ticket in group:
            try:
                self._give([ticket])
            except Exception as fault:  # noqa: BLE001 - raised to whom it belongs
                ticket.fault = fault

    def _give(self, group: Sequence[_Ticket[T, R]]) -> None:
        gifts = self._serve([ticket.brought for ticket in group])
        for ticket, gift in zip(group, gifts, strict=True):
            ticket.given = gift


def deliver(delivery: Delivery) -> Receipt:
    """Take a delivery in, durably, and return its receipt."""
    merger: Merger[Delivery, Receipt] = current_app.extensions["diemcau_merger"]
    return merger.submit(delivery)


def init_app(app: Flask) -> None:
    """Give the app its one merger."""
    app.extensions["diemcau_merger"] = Merger(_receive)


def _receive(deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
    def work(connection: Connection) -> list[Receipt]:
        return intake.receive(connection, deliveries)

    return write(work)
