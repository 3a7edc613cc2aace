"""Define the errors that callers can receive, in one JSON format (RFC 9457).

Every subclass of `AppError` has an HTTP status, a stable `code` and a Vietnamese message.
"""

from typing import ClassVar

from sync_server.messages import say


class AppError(Exception):
    """The base class of all errors that callers can receive. Only its subclasses are raised.

    `facts` are the values in the message, such as the faulty value. `retry_after_s` is the time in
    seconds after which the caller may retry.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **facts: object) -> None:
        self.facts = facts
        self.retry_after_s = retry_after_s
        super().__init__(say(f"error.{self.code}", **facts))

    def problem(self) -> dict[str, object]:
        """Return this error as a JSON object in the format of RFC 9457 (problem details)."""
        return {
            "type": f"urn:diemcau:problem:{self.code}",
            "title": say(f"error.{self.code}.title"),
            "status": self.status,
            "code": self.code,
            "detail": str(self),
        }


class MalformedJson(AppError):
    """Raised if a request body is not JSON, or is not gzip although its header announces gzip."""

    status, code = 400, "malformed_json"


class MalformedRequest(AppError):
    """Raised if a JSON body does not have the expected form. `fault` names the field."""

    status, code = 400, "malformed_request"


class BodyTooLarge(AppError):
    """Raised if a request body has more than `limit` bytes, counted after decompression."""

    status, code = 413, "body_too_large"


class TooManyRecords(AppError):
    """Raised if one request contains more than `limit` records or details."""

    status, code = 413, "too_many_records"


class UnsupportedEncoding(AppError):
    """Raised if the Content-Encoding of a request is not gzip."""

    status, code = 415, "unsupported_encoding"


class Unauthenticated(AppError):
    """Raised if a request has no bearer token, or a token that is not valid."""

    status, code = 401, "unauthenticated"


class DeviceRevoked(AppError):
    """Raised if a revoked device requests data.

    The server still holds the records that the device sends, so that headquarters can review them.
    """

    status, code = 403, "device_revoked"


class Forbidden(AppError):
    """Raised if the caller's role does not permit an action, or not at this point."""

    status, code = 403, "forbidden"


class ReadTokenNeeded(AppError):
    """Raised if a device requests personal data with its push token instead of its read token."""

    status, code = 403, "read_token_needed"


class EnrolmentCodeUnknown(AppError):
    """Raised if an enrolment code was never issued."""

    status, code = 404, "enrolment_code_unknown"


class EnrolmentCodeUsed(AppError):
    """Raised if another device has used the enrolment code already.

    The device that used the code may repeat its request for 15 minutes.
    """

    status, code = 409, "enrolment_code_used"


class EnrolmentSecretNeeded(AppError):
    """Raised if the second secret of an enrolment code is missing or wrong.

    Codes that are sent by post need a second secret of six digits.
    """

    status, code = 403, "enrolment_second_needed"


class EnrolmentCodeExpired(AppError):
    """Raised if an enrolment code has expired or was withdrawn."""

    status, code = 410, "enrolment_code_expired"


class UnknownMeeting(AppError):
    """Raised if no meeting has this id."""

    status, code = 404, "unknown_meeting"


class UnknownPoint(AppError):
    """Raised if no point of the meeting has this code."""

    status, code = 404, "unknown_point"


class UnknownHall(AppError):
    """Raised if no hall has this code, or if the hall belongs to another unit."""

    status, code = 404, "unknown_hall"


class UnknownDetail(AppError):
    """Raised if a detail is not stored in full, because it has not arrived or was deleted."""

    status, code = 404, "unknown_detail"


class PieceOutOfPlace(AppError):
    """Raised if a piece of an upload does not start at `offset`, where the last piece ended."""

    status, code = 409, "piece_out_of_place"


class PieceTooLarge(AppError):
    """Raised if a piece has more than `limit` bytes, or its upload more than `most` bytes."""

    status, code = 413, "piece_too_large"


class BlobMismatch(AppError):
    """Raised if the sha256 of an upload is not its name. The uploaded pieces are deleted."""

    status, code = 422, "blob_mismatch"


class DetailUnreadable(AppError):
    """Raised if a detail cannot be decrypted with this server's key, or cannot be shown.

    Only JSON, JPEG, PNG and PDF can be shown, up to the size limit of an opened detail.
    """

    status, code = 422, "detail_unreadable"


class SignatureWrong(AppError):
    """Raised if content has no signature, or a signature that its stated signer did not make."""

    status, code = 400, "signature_wrong"


class QueueFileFaulty(AppError):
    """Raised if a queue file is damaged, forged or meant for another headquarters.

    No record of the file is imported.
    """

    status, code = 400, "queue_file_faulty"


class UnknownPerson(AppError):
    """Raised if no roster contains this person code."""

    status, code = 404, "unknown_person"


class UnknownUnit(AppError):
    """Raised if no unit has this code."""

    status, code = 404, "unknown_unit"


class UnknownDevice(AppError):
    """Raised if no enrolled device has this id."""

    status, code = 404, "unknown_device"


class UnknownRecord(AppError):
    """Raised if a record does not exist, or does not allow this answer."""

    status, code = 404, "unknown_record"


class UnknownRelease(AppError):
    """Raised if the server does not store this release of the portal, or only a part of it."""

    status, code = 404, "unknown_release"


class ReleaseMalformed(AppError):
    """Raised if a release has a manifest or list that is not valid, or an unsafe file path."""

    status, code = 422, "release_malformed"


class ForeignCode(AppError):
    """Raised if a release contains browser code that differs from this server's own build."""

    status, code = 422, "foreign_code"


class TooManyRequests(AppError):
    """Raised if one caller makes more than `limit` attempts a minute."""

    status, code = 429, "too_many_requests"


class UploadQuotaReached(AppError):
    """Raised if an uploader has sent more bytes in 24 hours than its quota allows.

    The piece that exceeds the quota is not stored.
    """

    status, code = 429, "upload_quota_reached"


class UnknownReport(AppError):
    """Raised if a report was never made, or does not exist in the requested format."""

    status, code = 404, "unknown_report"


class NobodyToName(AppError):
    """Raised if a summons or a certificate of attendance has nobody to name.

    A summons names a person on the meeting's rolls, a certificate a person who attended.
    """

    status, code = 409, "nobody_to_name"


class UnknownUploadedList(AppError):
    """Raised if a list of people was never uploaded, is already imported or was abandoned."""

    status, code = 404, "unknown_list"


class BadForm(AppError):
    """Raised if a field of an office form is not valid.

    `fault` names the field and the remedy.
    """

    status, code = 422, "bad_form"


class FormExpired(AppError):
    """Raised if an office form has no CSRF token, or the token of another session."""

    status, code = 400, "form_expired"


class NotFound(AppError):
    """Raised if an address belongs to no route and no file."""

    status, code = 404, "not_found"


class MethodNotAllowed(AppError):
    """Raised if a route does not support the HTTP method of the request."""

    status, code = 405, "method_not_allowed"


class DatabaseBusy(AppError):
    """Raised if the database did not answer in time. Nothing in the request was stored."""

    status, code = 503, "database_busy"


class ForeignHost(AppError):
    """Raised if the host of a request differs from the host in `PUBLIC_URL`."""

    status, code = 421, "foreign_host"


class DiskFull(AppError):
    """Raised if the server's disk is full. Nothing in the request was stored."""

    status, code = 507, "disk_full"


class InternalFault(AppError):
    """Reports a bug in the server. The server's log has the traceback under `reference`."""

    status, code = 500, "internal_fault"
