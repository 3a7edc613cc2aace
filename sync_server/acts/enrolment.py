"""Enrolment: the link that carries a one-use code to a device."""

from sync_server.config import Settings


def enrolment_url(settings: Settings, code: str) -> str:
    """Return the link that opens the kiosk with a code, in a fragment so that no server logs it."""
    return f"{settings.public_url}/diem-danh/index.html#ma={code}"
