"""Make the link that registers a device with a one-time enrolment code."""

from sync_server.config import Settings


def enrolment_url(settings: Settings, code: str) -> str:
    """Return the link that opens the check-in page with an enrolment code filled in.

    The code is in the fragment of the URL, after the `#`. Browsers do not send the fragment, so no
    server or proxy logs the code.
    """
    return f"{settings.public_url}/diem-danh/index.html#ma={code}"
