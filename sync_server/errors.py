"""Define the errors that callers can receive, in one JSON format (RFC 9457).

Every subclass of `AppError` has an HTTP status, a `code` that never changes, and a Vietnamese
message for the user.
"""

from typing import ClassVar

from sync_server.messages import say


class AppError(Exception):
    """The base class of all errors that callers can receive. Only its subclasses are raised.

    `facts` are the values that the message names, such as the faulty value. `retry_after_s` is the
    time in seconds after which the caller may retry, or None if a retry does not help.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, *, retry_after_s: int | None = None, **facts: object) -> None:
        self.facts = facts
        self.retry_after_s = retry_after_s
        super().__init__(say(f"error.{self.code}", **facts))

    def problem(self) -> dict[str, object]:
        """Return this error as a JSON object in the format of RFC 9457 (problem details).

        Its keys are `type`, `title`, `status`, `code` and `detail`.
        """
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
    """Raised if a request does not have the expected form. `fault` names the faulty field."""

    status, code = 400, "malformed_request"


class BodyTooLarge(AppError):
    """Raised if a request body has more than `limit` bytes, counted after decompression."""

    status, code = 413, "body_too_large"


class TooManyRecords(AppError):
    """Raised if one request contains more than `limit` records or attachments of records."""

    status, code = 413, "too_many_records"


class UnsupportedEncoding(AppError):
    """Raised if a request has a Content-Encoding other than gzip."""

    status, code = 415, "unsupported_encoding"


class Unauthenticated(AppError):
    """Raised if a request has no bearer token, or a token that is not valid."""

    status, code = 401, "unauthenticated"


class DeviceRevoked(AppError):
    """Raised if a device requests data after headquarters has revoked it.

    Records that the device sends are still kept for a review by headquarters.
    """

    status, code = 403, "device_revoked"


class Forbidden(AppError):
    """Raised if the caller's role does not permit an action, either at all or for this hall."""

    status, code = 403, "forbidden"


class ReadTokenNeeded(AppError):
    """Raised if a device requests personal data with the token that permits only sending.

    A device has two tokens, and its user unlocks the token for reading with a PIN.
    """

    status, code = 403, "read_token_needed"


class EnrolmentCodeUnknown(AppError):
    """Raised if a device enrols with a code that was never issued."""

    status, code = 404, "enrolment_code_unknown"


class EnrolmentCodeUsed(AppError):
    """Raised if another device has already enrolled with this code.

    The device that used the code may repeat its request for 15 minutes, in case the answer was
    lost.
    """

    status, code = 409, "enrolment_code_used"


class EnrolmentSecretNeeded(AppError):
    """Raised if a device enrols with a code but without its second secret, or with a wrong secret.

    Only codes sent by post need a second secret, which has six digits.
    """

    status, code = 403, "enrolment_second_needed"


class EnrolmentCodeExpired(AppError):
    """Raised if a device enrols with a code that has expired or was withdrawn."""

    status, code = 410, "enrolment_code_expired"


class UnknownMeeting(AppError):
    """Raised if no meeting has this id."""

    status, code = 404, "unknown_meeting"


class UnknownPoint(AppError):
    """Raised if no hall of the meeting has this code."""

    status, code = 404, "unknown_point"


class UnknownHall(AppError):
    """Raised if the unit has no hall with this code."""

    status, code = 404, "unknown_hall"


class UnknownDetail(AppError):
    """Raised if an attachment of a record is not stored in full.

    It has not arrived, or has arrived only in part, or was deleted.
    """

    status, code = 404, "unknown_detail"


class PieceOutOfPlace(AppError):
    """Raised if a piece of an upload does not begin where the previous piece ended.

    `offset` is the position of the byte with which the next piece must begin.
    """

    status, code = 409, "piece_out_of_place"


class PieceTooLarge(AppError):
    """Raised if a piece of an upload exceeds `limit` bytes, or the upload exceeds `most` bytes."""

    status, code = 413, "piece_too_large"


class BlobMismatch(AppError):
    """Raised if the content of an upload does not have the sha256 under which it was sent.

    The uploaded pieces are deleted, so the upload must begin again.
    """

    status, code = 422, "blob_mismatch"


class DetailUnreadable(AppError):
    """Raised if the encrypted attachment of a record cannot be decrypted or shown.

    It must be encrypted with this server's public key, be JSON, JPEG, PNG or PDF, and have at most
    2 MiB.
    """

    status, code = 422, "detail_unreadable"


class SignatureWrong(AppError):
    """Raised if content has no signature, or a signature that the named signer did not make."""

    status, code = 400, "signature_wrong"


class QueueFileFaulty(AppError):
    """Raised if a queue file is damaged, forged or meant for another headquarters.

    A queue file contains the records that a hall could not send. None of its records is imported.
    """

    status, code = 400, "queue_file_faulty"


class UnknownPerson(AppError):
    """Raised if no list of people contains this person code."""

    status, code = 404, "unknown_person"


class UnknownUnit(AppError):
    """Raised if no unit has this code."""

    status, code = 404, "unknown_unit"


class UnknownDevice(AppError):
    """Raised if no enrolled device has this id."""

    status, code = 404, "unknown_device"


class UnknownRecord(AppError):
    """Raised if a request names a record that is not stored or that belongs to another hall.

    The record may also have been dealt with already.
    """

    status, code = 404, "unknown_record"


class UnknownRelease(AppError):
    """Raised if the server does not store this built version of the portal in full."""

    status, code = 404, "unknown_release"


class ReleaseMalformed(AppError):
    """Raised if an uploaded version of the portal is not valid.

    Its list of files cannot be read, for example, or a file path is unsafe.
    """

    status, code = 422, "release_malformed"


class ForeignCode(AppError):
    """Raised if an uploaded version of the portal contains code that is not this server's.

    Only code that runs in browsers is compared.
    """

    status, code = 422, "foreign_code"


class TooManyRequests(AppError):
    """Raised if one caller makes more than `limit` attempts in a minute."""

    status, code = 429, "too_many_requests"


class UploadQuotaReached(AppError):
    """Raised if an uploader has sent more bytes in 24 hours than are allowed.

    The piece that exceeds the limit is not stored.
    """

    status, code = 429, "upload_quota_reached"


class UnknownReport(AppError):
    """Raised if no report has this id, or if it does not exist in the requested format."""

    status, code = 404, "unknown_report"


class NobodyToName(AppError):
    """Raised if a summons or a certificate of attendance has nobody to name.

    A summons names a person on the meeting's rolls, and a certificate names a person who attended.
    """

    status, code = 409, "nobody_to_name"


class UnknownUploadedList(AppError):
    """Raised if no uploaded list, for example of people, is waiting to be imported.

    The list was never uploaded, has already been imported, or was abandoned.
    """

    status, code = 404, "unknown_list"


class BadForm(AppError):
    """Raised if a field of a form in the office pages is not valid.

    `fault` names the field and the remedy.
    """

    status, code = 422, "bad_form"


class FormExpired(AppError):
    """Raised if a form of the office pages has no CSRF token, or one from another session.

    The token proves that the form comes from a page of this server.
    """

    status, code = 400, "form_expired"


class NotFound(AppError):
    """Raised if an address belongs to neither a route nor a file."""

    status, code = 404, "not_found"


class MethodNotAllowed(AppError):
    """Raised if a route does not support the HTTP method of the request."""

    status, code = 405, "method_not_allowed"


class DatabaseBusy(AppError):
    """Raised if the database does not answer in time. Nothing in the request was stored."""

    status, code = 503, "database_busy"


class OutcomeUnknown(AppError):
    """Raised if the line to the database broke during a commit: it may have succeeded or not."""

    status, code = 503, "outcome_unknown"


class DatabaseMoved(AppError):
    """Raised if the SQLite file was deleted or replaced while the server was running."""

    status, code = 500, "database_moved"


class Draining(AppError):
    """Raised if the server is about to stop and takes no new work."""

    status, code = 503, "draining"


class ForeignHost(AppError):
    """Raised if the host in a request differs from the host in the setting `PUBLIC_URL`."""

    status, code = 421, "foreign_host"


class DiskFull(AppError):
    """Raised if the server's disk is full. Nothing in the request was stored."""

    status, code = 507, "disk_full"


class InternalFault(AppError):
    """The answer to a request that fails because of a bug in the server.

    `reference` is a code by which the traceback can be looked up in the server's log.
    """

    status, code = 500, "internal_fault"
