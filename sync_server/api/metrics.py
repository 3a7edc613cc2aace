"""Report how the server is doing, in the text format of Prometheus."""

import shutil
import time
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, request

from sync_server.acts import backups
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, sqlite_path
from sync_server.domain.records.sequence import count_missing
from sync_server.errors import NotFound
from sync_server.storage.access import audit, devices
from sync_server.storage.ledger import quarantine
from sync_server.web import request_log
from sync_server.web.hosts import is_local_caller

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return monitoring data, such as request counts, but only to a program on this machine.

    Raises: NotFound if the request comes from another machine.
    """
    if not is_local_caller():
        raise NotFound(path=request.path)
    lines = "\n".join([*_process_lines(), *_database_lines(), *_disk_lines()])
    return Response(f"{lines}\n", mimetype="text/plain")


def _process_lines() -> Iterator[str]:
    figures = request_log.figures()
    yield "# TYPE diemcau_requests_total counter"
    for (room, status), count in sorted(figures.requests.items()):
        yield f'diemcau_requests_total{{room="{room}",status="{status}"}} {count}'
    yield "# TYPE diemcau_request_seconds_total counter"
    for room, total_s in sorted(figures.seconds.items()):
        yield f'diemcau_request_seconds_total{{room="{room}"}} {total_s:.3f}'
    yield "# TYPE diemcau_records_stored_total counter"
    yield f"diemcau_records_stored_total {figures.stored}"
    yield "# TYPE diemcau_waiting_requests gauge"
    yield f"diemcau_waiting_requests {figures.waiting}"


def _database_lines() -> Iterator[str]:
    at_ms = now_ms()
    with reading() as connection:
        summaries = [d for d in devices.list_devices(connection) if d.revoked_ms is None]
        held, audit_rows = quarantine.count_open(connection), audit.head(connection).number
    yield "# TYPE diemcau_device_last_contact_seconds gauge"
    yield "# TYPE diemcau_device_unsent_records gauge"
    yield "# TYPE diemcau_device_missing_records gauge"
    for device in summaries:
        labels = f'{{point="{device.point}",device="{device.id}"}}'
        if device.last_contact_ms is not None:
            age_s = (at_ms - device.last_contact_ms) / 1000
            yield f"diemcau_device_last_contact_seconds{labels} {age_s:.0f}"
        yield f"diemcau_device_unsent_records{labels} {device.unsent or 0}"
        yield f"diemcau_device_missing_records{labels} {count_missing(device.missing)}"
    yield "# TYPE diemcau_held_records gauge"
    yield f"diemcau_held_records {held}"
    yield "# TYPE diemcau_audit_rows gauge"
    yield f"diemcau_audit_rows {audit_rows}"


def _disk_lines() -> Iterator[str]:
    settings: Settings = current_app.config["SETTINGS"]
    if newest := backups.latest(settings.backup_dir)[:1]:
        yield "# TYPE diemcau_backup_age_seconds gauge"
        yield f"diemcau_backup_age_seconds {time.time() - newest[0].stat().st_mtime:.0f}"
    if path := sqlite_path():
        yield "# TYPE diemcau_free_disk_bytes gauge"
        yield f"diemcau_free_disk_bytes {shutil.disk_usage(path.parent).free}"
