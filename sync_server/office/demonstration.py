"""A demonstration's database takes in real people only after a plain question."""

from flask import request
from sqlalchemy import Connection

from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage import purpose

FIELD = "into_demonstration"


def must_accept_real_people(connection: Connection) -> None:
    """Check that the form says yes to real people in a demonstration, which then ends as one.

    Raises: BadForm.
    """
    if not purpose.is_demonstration(connection):
        return
    if FIELD not in request.form:
        raise BadForm(fault=say("demo.not_accepted"))
    purpose.set_demonstration(connection, False)
