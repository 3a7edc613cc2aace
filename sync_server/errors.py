"""The one family of errors that callers are told about, and their one JSON shape (RFC 9457).

A subclass fixes the status and the stable `code`; its facts fill the message of the catalogue.
"""

from typing import ClassVar

from sync_server.messages import say


class AppError(Exception):
    """Never raised itself. `facts` name the offending value; `retry_after_s` asks to come again."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **facts: object) -> None:
        self.facts = facts
        self.retry_after_s = retry_after_s
        super().__init__(say(f"error.{self.code}", **facts))

    def problem(self) -> dict[str, object]:
        """Return the problem document."""
        return {
            "type": f"urn:diemcau:problem:{self.code}",
            "title": say(f"error.{self.code}.title"),
            "status": self.status,
            "code": self.code,
            "detail": str(self),
        }


class MalformedJson(AppError):
    """The body is no JSON, or not gzip although it says so."""

    status, code = 400, "malformed_json"


class MalformedRequest(AppError):
    """The body is JSON of another form; `fault` names the field."""

    status, code = 400, "malformed_request"


class BodyTooLarge(AppError):
    """The body is, or inflates to, more than `limit` bytes."""

    status, code = 413, "body_too_large"


class TooManyRecords(AppError):
    """More than `limit` records in one request."""

    status, code = 413, "too_many_records"


class UnsupportedEncoding(AppError):
    """A Content-Encoding other than gzip."""

    status, code = 415, "unsupported_encoding"


class Unauthenticated(AppError):
    """No bearer token, or one that nobody holds."""

    status, code = 401, "unauthenticated"


class DeviceRevoked(AppError):
    """A revoked device asks for data. What it pushes is still taken, and held."""

    status, code = 403, "device_revoked"


class Forbidden(AppError):
    """This profile or role may not do this, or not at this point."""

    status, code = 403, "forbidden"


class ReadTokenNeeded(AppError):
    """A device asks for personal data with its push token."""

    status, code = 403, "read_token_needed"


class EnrolmentCodeUnknown(AppError):
    """No such code was ever given out."""

    status, code = 404, "enrolment_code_unknown"


class EnrolmentCodeUsed(AppError):
    """Another device has used the code."""

    status, code = 409, "enrolment_code_used"


class EnrolmentCodeExpired(AppError):
    """The code is older than a day."""

    status, code = 410, "enrolment_code_expired"


class UnknownMeeting(AppError):
    """No meeting of that id."""

    status, code = 404, "unknown_meeting"


class UnknownPoint(AppError):
    """No point of that code takes part in the meeting."""

    status, code = 404, "unknown_point"


class UnknownDetail(AppError):
    """No such detail is here in full: it has not arrived yet, or was purged."""

    status, code = 404, "unknown_detail"


class PieceOutOfPlace(AppError):
    """A piece of a detail that does not go on where the last one ended, at `offset`."""

    status, code = 409, "piece_out_of_place"


class PieceTooLarge(AppError):
    """A piece of a detail of more than `limit` bytes, or of a detail that is too large."""

    status, code = 413, "piece_too_large"


class DetailMismatch(AppError):
    """What was uploaded has another sha256 than its name; its pieces are forgotten."""

    status, code = 422, "detail_mismatch"


class DetailUnreadable(AppError):
    """A detail that is not sealed to us, or holds neither JSON, JPEG, PNG nor PDF."""

    status, code = 422, "detail_unreadable"


class SignatureWrong(AppError):
    """What should be signed is not, or not by whom it says."""

    status, code = 400, "signature_wrong"


class QueueFileFaulty(AppError):
    """A queue's file is damaged, forged or of another headquarters; nothing of it is taken in."""

    status, code = 400, "queue_file_faulty"


class UnknownPerson(AppError):
    """No roster has this person."""

    status, code = 404, "unknown_person"


class UnknownUnit(AppError):
    """No unit of that code."""

    status, code = 404, "unknown_unit"


class UnknownDevice(AppError):
    """No device of that id has enrolled."""

    status, code = 404, "unknown_device"


class UnknownRecord(AppError):
    """No such record is here, or none that can be answered so."""

    status, code = 404, "unknown_record"


class UnknownRelease(AppError):
    """No release of that id is kept here."""

    status, code = 404, "unknown_release"


class BlobTooLarge(AppError):
    """A file of more than `most` bytes, or a piece of one of more than `limit`."""

    status, code = 413, "blob_too_large"


class BlobMismatch(AppError):
    """A file that was uploaded has another sha256 than its name; its pieces are forgotten."""

    status, code = 422, "blob_mismatch"


class ReleaseMalformed(AppError):
    """A manifest or a list that cannot be read, or a path that cannot be served."""

    status, code = 422, "release_malformed"


class ForeignCode(AppError):
    """A release that would run other code in browsers than this server's own build."""

    status, code = 422, "foreign_code"


class TooManyRequests(AppError):
    """One caller tries more than `limit` times a minute."""

    status, code = 429, "too_many_requests"


class BadForm(AppError):
    """A form of the office with a field that cannot be; `fault` names it and the remedy."""

    status, code = 422, "bad_form"


class FormExpired(AppError):
    """A form of the office without its CSRF token, or with one of another session."""

    status, code = 400, "form_expired"


class NotFound(AppError):
    """No such route or file."""

    status, code = 404, "not_found"


class MethodNotAllowed(AppError):
    """The route exists for other methods."""

    status, code = 405, "method_not_allowed"


class DatabaseBusy(AppError):
    """The database did not answer in time; nothing of the request was kept."""

    status, code = 503, "database_busy"


class InternalFault(AppError):
    """A bug on our side; its particulars are in the server's log under `reference`."""

    status, code = 500, "internal_fault"
