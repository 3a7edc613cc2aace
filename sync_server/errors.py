"""The errors that callers can receive, and their one JSON shape (RFC 9457).

A subclass fixes the status and the stable `code`; its `facts` fill the catalogue's message.
"""

from typing import ClassVar

from sync_server.messages import say


class AppError(Exception):
    """The base of all errors, never raised itself.

    `facts` name the offending value; `retry_after_s` is when the caller may retry, in seconds.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **facts: object) -> None:
        self.facts = facts
        self.retry_after_s = retry_after_s
        super().__init__(say(f"error.{self.code}", **facts))

    def problem(self) -> dict[str, object]:
        """Return the problem document (RFC 9457)."""
        return {
            "type": f"urn:diemcau:problem:{self.code}",
            "title": say(f"error.{self.code}.title"),
            "status": self.status,
            "code": self.code,
            "detail": str(self),
        }


class MalformedJson(AppError):
    """A body that is not JSON, or not gzip although its header says so."""

    status, code = 400, "malformed_json"


class MalformedRequest(AppError):
    """A JSON body that does not have the expected form; `fault` names the field."""

    status, code = 400, "malformed_request"


class BodyTooLarge(AppError):
    """A body that is, or inflates to, more than `limit` bytes."""

    status, code = 413, "body_too_large"


class TooManyRecords(AppError):
    """More than `limit` records in one request."""

    status, code = 413, "too_many_records"


class UnsupportedEncoding(AppError):
    """A Content-Encoding other than gzip."""

    status, code = 415, "unsupported_encoding"


class Unauthenticated(AppError):
    """A request without a bearer token, or with an unknown token."""

    status, code = 401, "unauthenticated"


class DeviceRevoked(AppError):
    """A request for data by a revoked device. Records that it pushes are still held."""

    status, code = 403, "device_revoked"


class Forbidden(AppError):
    """An action that this profile or role may not do, or not at this point."""

    status, code = 403, "forbidden"


class ReadTokenNeeded(AppError):
    """A device's request for personal data with its push token."""

    status, code = 403, "read_token_needed"


class EnrolmentCodeUnknown(AppError):
    """An enrolment code that was never issued."""

    status, code = 404, "enrolment_code_unknown"


class EnrolmentCodeUsed(AppError):
    """An enrolment code that was used already; for 15 minutes its device may repeat the use."""

    status, code = 409, "enrolment_code_used"


class EnrolmentSecondNeeded(AppError):
    """An enrolment code by post without its second secret, or with a wrong one."""

    status, code = 403, "enrolment_second_needed"


class EnrolmentCodeExpired(AppError):
    """An enrolment code that is past its time, or was withdrawn."""

    status, code = 410, "enrolment_code_expired"


class UnknownMeeting(AppError):
    """A meeting id that no meeting has."""

    status, code = 404, "unknown_meeting"


class UnknownPoint(AppError):
    """A point code that no point of the meeting has."""

    status, code = 404, "unknown_point"


class UnknownHall(AppError):
    """A code of a hall that the office does not know, or that belongs to another unit."""

    status, code = 404, "unknown_hall"


class UnknownDetail(AppError):
    """A detail that is not stored in full: it has not arrived yet, or was purged."""

    status, code = 404, "unknown_detail"


class PieceOutOfPlace(AppError):
    """A piece of an upload that does not start at `offset`, where the last piece ended."""

    status, code = 409, "piece_out_of_place"


class PieceTooLarge(AppError):
    """A piece of more than `limit` bytes, or of an upload of more than `most` bytes."""

    status, code = 413, "piece_too_large"


class BlobMismatch(AppError):
    """An upload whose sha256 is not its name; its pieces are deleted."""

    status, code = 422, "blob_mismatch"


class DetailUnreadable(AppError):
    """A detail not sealed to this server's key, or that is neither JSON, JPEG, PNG nor PDF."""

    status, code = 422, "detail_unreadable"


class SignatureWrong(AppError):
    """Content that is not signed, or not by its stated signer."""

    status, code = 400, "signature_wrong"


class QueueFileFaulty(AppError):
    """A queue file that is damaged, forged or of another headquarters; nothing is imported."""

    status, code = 400, "queue_file_faulty"


class UnknownPerson(AppError):
    """A person code that no roster has."""

    status, code = 404, "unknown_person"


class UnknownUnit(AppError):
    """A unit code that no unit has."""

    status, code = 404, "unknown_unit"


class UnknownDevice(AppError):
    """A device id that no enrolled device has."""

    status, code = 404, "unknown_device"


class UnknownRecord(AppError):
    """A record that does not exist, or that does not allow this answer."""

    status, code = 404, "unknown_record"


class UnknownRelease(AppError):
    """A release id that no stored release has."""

    status, code = 404, "unknown_release"


class ReleaseMalformed(AppError):
    """A manifest or a list that cannot be read, or a path that cannot be served."""

    status, code = 422, "release_malformed"


class ForeignCode(AppError):
    """A release with code for browsers that differs from the code in this server's build."""

    status, code = 422, "foreign_code"


class TooManyRequests(AppError):
    """More than `limit` attempts a minute by one caller."""

    status, code = 429, "too_many_requests"


class UploadQuotaReached(AppError):
    """One uploader sent more bytes in a day than are taken; the piece is not stored."""

    status, code = 429, "upload_quota_reached"


class UnknownReport(AppError):
    """A report that was never made, or a format that reports do not come in."""

    status, code = 404, "unknown_report"


class NobodyToName(AppError):
    """A summons for a person outside the meeting's rolls, or a certificate for an absent person."""

    status, code = 409, "nobody_to_name"


class UnknownList(AppError):
    """A list of people that was never uploaded, was imported already, or was abandoned."""

    status, code = 404, "unknown_list"


class BadForm(AppError):
    """An office form with an invalid field; `fault` names the field and the remedy."""

    status, code = 422, "bad_form"


class FormExpired(AppError):
    """An office form without its CSRF token, or with a token of another session."""

    status, code = 400, "form_expired"


class NotFound(AppError):
    """An address that has no route and no file."""

    status, code = 404, "not_found"


class MethodNotAllowed(AppError):
    """A method that the route does not support."""

    status, code = 405, "method_not_allowed"


class DatabaseBusy(AppError):
    """A database that did not answer in time; nothing of the request was stored."""

    status, code = 503, "database_busy"


class ForeignHost(AppError):
    """A request for another host than that of `PUBLIC_URL`."""

    status, code = 421, "foreign_host"


class DiskFull(AppError):
    """A server without room on its disk; nothing of the request was stored."""

    status, code = 507, "disk_full"


class InternalFault(AppError):
    """A bug in the server; the server's log has its traceback under `reference`."""

    status, code = 500, "internal_fault"
