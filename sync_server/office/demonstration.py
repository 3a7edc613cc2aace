"""Ask for consent before real people are added to a database of invented people.

Such a database is called a demonstration.
"""

from flask import request
from sqlalchemy import Connection

from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage import purpose

FIELD = "into_demonstration"


def require_consent_to_real_people(connection: Connection) -> None:
    """Check that the user agrees to add real people to a database of invented people.

    Such a database is called a demonstration. The user agrees by ticking the form field `FIELD`.
    From then on, the database no longer counts as a demonstration. Other databases need no consent.
    Raises: BadForm if the field is missing.
    """
    if not purpose.is_demonstration(connection):
        return
    if FIELD not in request.form:
        raise BadForm(fault=say("demo.not_accepted"))
    purpose.set_demonstration(connection, False)
