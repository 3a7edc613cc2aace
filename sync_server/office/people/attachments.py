"""Show a picture or document that was attached to a request for leave."""

from flask import Blueprint, Response
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import UnknownDetail
from sync_server.office import access, sealed_details
from sync_server.office.access import allowed
from sync_server.office.people import leave_requests
from sync_server.storage.blobs import details
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.routing import streams_holding

blueprint = Blueprint("attachments", __name__)


@blueprint.get("/giay-to/<sha256>")
@allowed(Action.READ_REQUESTS)
def attachment(sha256: str) -> Response:
    """Return a picture or document that was attached to a request for leave, and log the access.

    `sha256` identifies the encrypted file. Raises: Forbidden if the account may not open the file;
    UnknownDetail if there is no such picture or document; DetailUnreadable if it cannot be
    decrypted.
    """
    connection = transaction()
    people = _people_with_detail(connection, sha256)
    content = sealed_details.open_detail(sha256, " ".join(sorted(people)))
    picture = sealed_details.attachment_of(content)
    if picture is None:
        raise UnknownDetail(sha256=sha256)
    return Response(
        picture.content, mimetype=picture.media_type, headers={"Content-Disposition": "inline"}
    )


def _people_with_detail(connection: Connection, sha256: str) -> set[str]:
    """Return the codes of the people whose requests contain a detail, an encrypted text or file.

    `sha256` identifies the detail. Only requests whose details the account may open are considered.
    Headquarters and auditors may open all. A chair may open those of requests in the chair's hall,
    except other people's requests on which only headquarters may decide. A unit's secretary may
    open those of the unit's people.

    Raises: UnknownDetail if no record contains the detail; Forbidden if the account may not open
    it.
    """
    account, at_ms, people = access.signed_in_account(), now_ms(), set()
    mentions = details.records_naming(connection, sha256)
    if not mentions:
        raise UnknownDetail(sha256=sha256)
    for meeting, record_id in mentions:
        keys = [
            k
            for k in streams_holding(connection, meeting, [record_id])
            if account.point in {None, k.point}
        ]
        for key, leave_request in standings.requests_of(connection, keys, by=None, at_ms=at_ms):
            named = leave_requests.details_of(leave_request, {(record_id, sha256)})
            if named and leave_requests.may_open(account, key, leave_request):
                people.add(leave_request.person)
    if account.unit is not None:
        people &= leave_requests.members_of(connection, account.unit, at_ms)
    if not people and (account.point, account.unit) != (None, None):
        raise access.refusal(Action.READ_DETAIL)
    return people
