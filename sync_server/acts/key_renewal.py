"""Encrypt stored secrets and personal details again, for headquarters' present key.

Afterwards, only old backups still need a former key.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from sync_server import sealing
from sync_server.database import reading, write
from sync_server.errors import DetailUnreadable
from sync_server.storage.access import accounts
from sync_server.storage.blobs import details, resumable_uploads
from sync_server.storage.blobs.resumable_uploads import BlobKey

Outcome = Literal["renewed", "current", "unreadable"]


def renew(seal_key: str) -> Iterator[Outcome]:
    """Encrypt all stored details and secrets again, for headquarters' present key.

    Details are personal data of records, such as reasons; the secrets are those of accounts'
    one-time codes. `seal_key` is the setting `SEAL_KEY`: the present key, and then the former ones.
    Every item has its own transaction, so that an interruption does no harm and halls can go on
    sending records. Yield for every item `renewed`, `current` (nothing to do) or `unreadable` (it
    could not be decrypted).
    """
    with reading() as connection:
        keys = details.complete_details(connection)
        names = list(accounts.sealed_totp_secrets(connection))
    for key in keys:
        yield _renewed(partial(_renew_detail, key=key, seal_key=seal_key))
    for name in names:
        yield _renewed(partial(_renew_secret, name=name, seal_key=seal_key))


def _renewed(work: Callable[[Connection], Outcome]) -> Outcome:
    try:
        return write(work)
    except DetailUnreadable:
        return "unreadable"


def _renew_detail(connection: Connection, key: BlobKey, seal_key: str) -> Outcome:
    box = sealing.seal_again(seal_key, resumable_uploads.read(connection, key))
    if box is None:
        return "current"
    resumable_uploads.replace(connection, key, box)
    return "renewed"


def _renew_secret(connection: Connection, name: str, seal_key: str) -> Outcome:
    sealed = accounts.sealed_totp_secrets(connection).get(name)
    box = sealing.seal_again(seal_key, sealed.encode()) if sealed else None
    if box is None:
        return "current"
    accounts.replace_totp_secret(connection, name, box.decode())
    return "renewed"
