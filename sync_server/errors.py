"""Define the errors that the server reports to devices and users.

Under `/api/`, an error is sent as JSON (RFC 9457), and elsewhere as an HTML page. Every subclass of
`AppError` has an HTTP status, a `code` that stays the same in all versions of the server, and a
Vietnamese message for the user.
"""

from typing import ClassVar

from sync_server.messages import say


class AppError(Exception):
    """The base class of all errors that the server reports to devices and users.

    Only the subclasses are raised. `facts` are the values that the message names, such as the
    faulty value. `retry_after_s` is the time in seconds after which the request may be repeated, or
    None if repeating it does not help.
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
    """Raised if a request does not have the expected form.

    `fault` names the faulty field, or says what is wrong.
    """

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
    """Raised if a device that headquarters has revoked (blocked) does anything but send records.

    The records that it sends are kept until headquarters decides whether they count.
    """

    status, code = 403, "device_revoked"


class Forbidden(AppError):
    """Raised if a device or user account may not perform the action that it requests.

    The action may be forbidden altogether, or only for this hall, unit or person.
    """

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
    """Raised if a device enrols with a code but without its secret number, or with a wrong number.

    A code that is valid for more than a day may go by post. It therefore has a second secret, a
    number of six digits that is given by telephone.
    """

    status, code = 403, "enrolment_second_needed"


class EnrolmentCodeExpired(AppError):
    """Raised if a device enrols with a code that is no longer valid.

    The code has expired or was withdrawn, or its second secret (a number given by telephone) was
    entered wrongly five times.
    """

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
    """Raised if the SHA-256 hash of an uploaded file is not the one that its sender stated.

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
    """Raised if no stored person has this code."""

    status, code = 404, "unknown_person"


class UnknownUnit(AppError):
    """Raised if no unit has this code."""

    status, code = 404, "unknown_unit"


class UnknownDevice(AppError):
    """Raised if no enrolled device has this id."""

    status, code = 404, "unknown_device"


class UnknownRecord(AppError):
    """Raised if a request names a record that does not exist or belongs to another hall."""

    status, code = 404, "unknown_record"


class UnknownRelease(AppError):
    """Raised if this version of the public website (the portal) is not stored.

    A version is stored only after all its files have arrived.
    """

    status, code = 404, "unknown_release"


class ReleaseMalformed(AppError):
    """Raised if a version of the public website (the portal) is not valid.

    For example, its list of files cannot be read, a file path is unsafe, or its data file
    `facts.json` is missing.
    """

    status, code = 422, "release_malformed"


class ForeignCode(AppError):
    """Raised if the code in an uploaded version of the public website differs from this server's.

    Only code that runs in browsers is compared.
    """

    status, code = 422, "foreign_code"


class TooManyRequests(AppError):
    """Raised if a device, account or IP address makes over `limit` attempts in a certain time.

    An attempt is, for example, a sign-in. The time is a minute for most limits.
    """

    status, code = 429, "too_many_requests"


class UploadQuotaReached(AppError):
    """Raised if an uploader has sent more bytes in 24 hours than are allowed.

    The piece that exceeds the limit is not stored.
    """

    status, code = 429, "upload_quota_reached"


class UnknownReport(AppError):
    """Raised if the meeting has no report with this id, or if the file format is unknown."""

    status, code = 404, "unknown_report"


class NobodyToName(AppError):
    """Raised if a summons or a certificate of attendance would name nobody.

    A summons names people summoned to the meeting, and a certificate a person who attended.
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
    """Raised if the connection to the database broke during a commit, so the outcome is unknown."""

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
