"""Make the link that brings a one-time enrolment code to a device."""

from sync_server.config import Settings


def enrolment_url(settings: Settings, code: str) -> str:
    """Return the link that opens the kiosk with an enrolment code.

    The code is in the fragment of the URL. Browsers do not send the fragment, so no server logs it.
    """
    return f"{settings.public_url}/diem-danh/index.html#ma={code}"
