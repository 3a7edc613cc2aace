"""Export all data about a person, make a person anonymous, and delete data kept for too long.

Law 91/2025/QH15 on the protection of personal data gives everybody the right to see their own
personal data and to have these data deleted. Records of attendance stay in the ledger (the set of
all records) under the person's code, because the attendance figures of a meeting are computed from
them; without the name, the code identifies nobody.
"""

import io
import zipfile
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.acts import attendance_lists, people_lists
from sync_server.config import Settings
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import DAY_MS, from_ms
from sync_server.errors import BadForm, DetailUnreadable, UnknownDetail
from sync_server.messages import number, say
from sync_server.storage.access import accounts, audit
from sync_server.storage.access.audit import AuditEntry, AuditFilter
from sync_server.storage.blobs import details
from sync_server.storage.ledger import quarantine, record_store, rulings
from sync_server.storage.ledger.record_store import StoredRecord
from sync_server.storage.people import cards, lists, roster
from sync_server.storage.people.roster import ANONYMOUS, RosterPerson

MOST_AUDIT_ROWS = 10_000
"""The largest number of rows of the audit log that are read for one code of a person when the
person's data are exported; the latest rows are read. There can be very many rows, because the log
names the person whenever somebody looks at a list with the person's name."""
JSON = "application/json"
_fields_decoder = msgspec.json.Decoder(dict[str, object])
SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


class PersonExport(NamedTuple):
    """A ZIP archive with a person's data, and a list of the details that were decrypted for it.

    A detail is encrypted personal data of a record, such as a reason for leave. The list contains
    the sha256 of every detail in its encrypted form.
    """

    archive: bytes
    opened: list[str]


def export(connection: Connection, person: RosterPerson, seal_key: str) -> PersonExport:
    """Return a ZIP archive with everything stored about a person.

    The file `du-lieu.json` contains the person's stored data, summonses, records and rows of
    the audit log, with times in ISO 8601 UTC. The codes of other people in the rows are left
    out. Encrypted personal data and attachments of the records (details, such as reasons for
    leave) are decrypted with `seal_key`. Pictures and documents are separate files, named by
    the first 16 digits of their sha256. The caller must log that the details were opened.
    """
    codes = _codes_of(connection, person)
    stored = record_store.records_of_people(connection, codes)
    detail_by_record = _details_of(connection, stored)
    files: dict[str, bytes] = {}
    records = []
    for line in stored:
        exported: dict[str, Any] = {
            "nhận_lúc": from_ms(line.received_ms),
            "bản_ghi": msgspec.Raw(line.form),
        }
        if sha256 := detail_by_record.get(line.id):
            exported["nội_dung_riêng"] = _opened(connection, sha256, seal_key, files)
        records.append(exported)
    issued_ms = cards.issued_ms(connection, person.person)
    rows = [
        entry
        for code in codes
        for entry in audit.read(connection, AuditFilter(about=code), limit=MOST_AUDIT_ROWS)
        if code in entry.about.split() or f"/{code}" in entry.path
    ]
    content = {
        "người": [_facts(connection, code) for code in codes],
        "thẻ_cấp_lúc": from_ms(issued_ms) if issued_ms else None,
        "tài_khoản": _accounts_of(connection, codes),
        "được_triệu_tập": [
            {"hội_nghị": meeting, "điểm_cầu": point}
            for meeting, point in roster.summonses_of(connection, codes)
        ],
        "bản_ghi": records,
        "nhật_ký": [{"lúc": from_ms(row.at_ms), "ai": row.who, "việc": row.action} for row in rows],
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        text = msgspec.json.format(msgspec.json.encode(content), indent=2)
        written.writestr("du-lieu.json", text)
        for name, file in sorted(files.items()):
            written.writestr(name, file)
    return PersonExport(archive.getvalue(), sorted(set(detail_by_record.values())))


def anonymise(connection: Connection, person: RosterPerson) -> int:
    """Delete everything that identifies a person; return the number of details deleted.

    A detail is the encrypted content of a record, such as a reason for leave. All details of the
    person's records are deleted, and so are the name, the position, the year of birth, the personal
    card, and the person's data in stored imports of lists. Duplicate entries that were merged into
    the person's entry are treated in the same way. A hall's device deletes the name when it next
    contacts the server.

    Raises: BadForm if the person has not been marked as having left, if the person's entry was
    merged into another one, or if an account has the person's code.
    """
    if person.ended_ms is None or person.merged_into:
        raise BadForm(fault=say("privacy.not_ended", person=person.full_name))
    codes = _codes_of(connection, person)
    if users := _accounts_of(connection, codes):
        raise BadForm(fault=say("privacy.has_account", users=", ".join(users)))
    entries = [roster.find_person(connection, code, at_ms=person.ended_ms) for code in codes]
    roster.put_people(connection, [_anonymous(entry) for entry in entries if entry])
    cards.withdraw(connection, codes)
    _forget_in_lists(connection, set(codes))
    stored = record_store.records_of_people(connection, codes)
    return details.forget(connection, set(_details_of(connection, stored).values()))


def _codes_of(connection: Connection, person: RosterPerson) -> list[str]:
    """Return a person's code, and all other codes under which the person was recorded.

    The other codes are those of entries that were merged into the person's entry, and those
    under which halls recorded the person as a newcomer, before headquarters identified the
    newcomer.
    """
    codes = [person.person, *sorted(roster.merged_people(connection, [person.person]))]
    return [*codes, *rulings.newcomers_known_as(connection, codes)]


class Overdue(NamedTuple):
    """How much personal data the server has kept for longer than its settings allow.

    `details`: the number of encrypted reasons, documents and names of guests. `refused`: the
    number of records that were not accepted but put into quarantine, and on which headquarters
    has decided. `people`: people who have left. People with an account are left out, because
    the account must be deleted first.
    """

    details: int
    refused: int
    people: list[RosterPerson]

    @property
    def is_empty(self) -> bool:
        """Whether no personal data has been kept for too long."""
        return not (self.details or self.refused or self.people)


def overdue(connection: Connection, settings: Settings, now_ms: int) -> Overdue:
    """Return how much personal data the server has kept for longer than its settings allow.

    The function `purge` would delete exactly these data now.
    """
    return Overdue(
        details.count_older(connection, before_ms=now_ms - settings.keep_details_days * DAY_MS),
        quarantine.count_older(connection, before_ms=now_ms - settings.keep_refused_days * DAY_MS),
        _people_who_left_before(connection, settings, now_ms),
    )


def purge(connection: Connection, settings: Settings, now_ms: int) -> Overdue:
    """Delete personal data kept for longer than the settings allow; return how much was deleted.

    People who left longer ago than the settings allow become anonymous. The ledger (the set of all
    accepted records) and the attendance figures computed from the ledger stay complete. How much
    was deleted is also written to the audit log.
    """
    people = _people_who_left_before(connection, settings, now_ms)
    for person in people:
        anonymise(connection, person)
    deleted = Overdue(
        details.purge(connection, before_ms=now_ms - settings.keep_details_days * DAY_MS),
        quarantine.purge(connection, before_ms=now_ms - settings.keep_refused_days * DAY_MS),
        people,
    )
    about = say("privacy.purged", **counts_of(deleted))
    audit.note(connection, AuditEntry(now_ms, audit.PURGE, audit.PURGE, True, 200, "", about))
    return deleted


def counts_of(amount: Overdue) -> dict[str, str]:
    """Return the amounts of overdue personal data as text, for messages.

    The keys are `details`, `refused` and `people`. The values are in Vietnamese format, such as
    `4.950`.
    """
    return {
        "details": number(amount.details),
        "refused": number(amount.refused),
        "people": number(len(amount.people)),
    }


def _people_who_left_before(
    connection: Connection, settings: Settings, now_ms: int
) -> list[RosterPerson]:
    """Return the people whose data must become anonymous, because they left long enough ago.

    The setting `keep_left_people_days` states how long their data are kept; 0 means for ever.
    People with an account are left out.
    """
    if settings.keep_left_people_days == 0:
        return []
    before_ms = now_ms - settings.keep_left_people_days * DAY_MS
    users = {account.person for account in accounts.all_accounts(connection)}
    return [
        person
        for person in roster.list_people(connection, with_ended=True, at_ms=now_ms)
        if person.ended_ms is not None
        and person.ended_ms < before_ms
        and not person.merged_into
        and person.ended_why != ANONYMOUS
        and users.isdisjoint(_codes_of(connection, person))
    ]


def _anonymous(person: RosterPerson) -> RosterPerson:
    return replace(
        person,
        full_name=say("privacy.name"),
        position="",
        birth_year=None,
        point="",
        ended_why=person.ended_why if person.merged_into else ANONYMOUS,
    )


def _forget_in_lists(connection: Connection, codes: Collection[str]) -> None:
    """Delete what identifies the people in `codes` from the stored data about imported lists."""
    for stored in lists.all_done(connection):
        match stored.kind:
            case "people":
                changes = people_lists.without_people(stored.changes, codes)
            case "attendance":
                changes = attendance_lists.without_people(stored.changes, codes)
            case _:
                continue
        if changes != stored.changes:
            lists.put_changes(connection, stored.id, changes)


def _details_of(connection: Connection, stored: Sequence[StoredRecord]) -> dict[str, str]:
    """Return {record's id: sha256 of the record's detail} for the records `stored`.

    A detail is encrypted personal data or an attachment of a record. A detail is left out if it has
    not arrived in full, or if the device that made the record did not send the detail.
    """
    ids_by_meeting: dict[str, list[str]] = {}
    for line in stored:
        ids_by_meeting.setdefault(line.meeting, []).append(line.id)
    return {
        record_id: sha256
        for meeting, ids in ids_by_meeting.items()
        for record_id, sha256 in details.rightly_named(connection, meeting, ids)
    }


def _accounts_of(connection: Connection, codes: Collection[str]) -> list[str]:
    return [entry.name for entry in accounts.all_accounts(connection) if entry.person in codes]


def _facts(connection: Connection, code: str) -> dict[str, Any]:
    person = roster.find_person(connection, code, at_ms=0)
    return msgspec.to_builtins(person) if person else {"person": code}


def _opened(
    connection: Connection, sha256: str, seal_key: str, files: dict[str, bytes]
) -> dict[str, object] | str:
    """Return a decrypted detail: its fields, or the name of the file that is added to `files`.

    A detail is encrypted personal data or an attachment of a record, with the given sha256. If
    it has not arrived, was deleted or cannot be decrypted, return a sentence (in Vietnamese)
    that says so.
    """
    try:
        content, media_type = sealing.decrypt_detail(seal_key, details.read(connection, sha256))
        fields = decode_foreign(content, _fields_decoder) if media_type == JSON else {}
    except (UnknownDetail, DetailUnreadable, msgspec.DecodeError):
        return say("privacy.no_detail")
    if suffix := SUFFIXES.get(media_type):
        files[f"{sha256[:16]}.{suffix}"] = content
        return f"{sha256[:16]}.{suffix}"
    return fields
