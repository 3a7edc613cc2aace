"""Pages that list the halls' devices, print the codes that enrol devices, and revoke devices."""

from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sync_server.acts.enrolment_link import enrolment_url
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import transaction
from sync_server.domain.judging.clocks import SUSPECT_SKEW_MS
from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.permissions import Action, Profile
from sync_server.domain.records.sequence import count_missing
from sync_server.errors import BadForm, UnknownDevice
from sync_server.messages import say
from sync_server.office import access, forms, qr_codes
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.access.devices import DeviceSummary
from sync_server.storage.people import contacts, roster

blueprint = Blueprint("device_list", __name__)

PROFILES = (Profile.CLERK.value, Profile.CHAIR.value)
CONCERNS = ("unsent", "skew", "gaps", "revoked", "never", "old_app")

MOST_RANGES_SHOWN = 20
"""The maximum number of ranges of missing record numbers that one audit log entry lists. Without a
maximum, a device with many gaps would make the entry very long."""
URGENT = frozenset({"unsent", "skew", "gaps"})


class Ticket(NamedTuple):
    """A sheet to print, with a code that enrols one device in a hall.

    `point` is the hall's code and `name` its name. `person` is the name of the person who presides
    and owns the device, or "" if the device is for a clerk, who takes attendance. `link` opens the
    check-in page with the code, and `picture` is the link's QR code. The code is shown only once.
    If the code is valid for several days, the device also needs the secret `second`, which is shown
    on the screen but not printed; otherwise `second` is None.
    """

    point: str
    name: str
    person: str
    code: str
    link: str
    picture: Markup
    second: str | None


@blueprint.get("/thiet-bi")
@allowed(Action.READ_DEVICES, menu=Menu(5, "devices.title"))
def index() -> str:
    """Return the page with all devices and their problems; devices with urgent problems come first.

    The query parameter `viec` limits the list to devices with one problem, given by its code in
    `CONCERNS`. The parameter `tim` limits the list to devices with a certain text in their code or
    in their hall's code.
    """
    concern, text = request.args.get("viec", ""), request.args.get("tim", "").strip().upper()
    connection = transaction()
    device_lines = devices.list_devices(connection)
    points = directory.all_points(connection)
    people = {device.person for device in device_lines if device.person}
    names = roster.names_of(connection, people)
    waiting = devices.count_open_codes(connection, now_ms=now_ms())
    newest = _latest_app(device_lines)
    devices_with_concerns = [(device, concerns_of(device, newest)) for device in device_lines]
    counts = {
        name: sum(name in concerns for _, concerns in devices_with_concerns) for name in CONCERNS
    }
    matching = [
        (device, concerns)
        for device, concerns in devices_with_concerns
        if (not concern or concern in concerns) and text in f"{device.point} {device.id.upper()}"
    ]
    return render_template(
        "halls/device_list.html",
        devices=sorted(matching, key=lambda pair: not URGENT & set(pair[1])),
        urgent=URGENT,
        points=points,
        names=names,
        waiting=waiting,
        counts={name: count for name, count in counts.items() if count},
        concern=concern,
        text=text,
        total=len(device_lines),
        profiles=PROFILES,
    )


@blueprint.post("/thiet-bi/ma")
@allowed(Action.MANAGE_DEVICES)
def new_codes() -> str:
    """Create, for every chosen hall, a one-time code with which a device enrols.

    Return the page with the sheets to print. The form contains the device's role (clerk, who takes
    attendance, or chair, who presides), the halls and the number of days for which the codes are
    valid. A chair's code needs a person and exactly one hall; a clerk's code must have no person.
    Raises: BadForm if one of these rules is broken, or if a hall or person is missing or unknown.
    """
    profile = Profile(forms.one_of("profile", PROFILES))
    person = forms.text("person", longest=32).upper() or None
    if (profile is Profile.CHAIR) != (person is not None):
        raise BadForm(fault=say("device.chair_person"))
    at_ms = now_ms()
    connection = transaction()
    points = directory.points(connection)
    names = roster.names_of(connection, [person] if person else [])
    if person and person not in names:
        raise BadForm(fault=say("error.unknown_person", person=person))
    chosen = list(points) if "all" in request.form else request.form.getlist("point_code")
    unknown = [point_code for point_code in chosen if point_code not in points]
    if unknown:
        raise BadForm(fault=say("devices.unknown", value=", ".join(unknown)[:60]))
    if not chosen:
        raise BadForm(fault=say("devices.choose"))
    if person and len(chosen) > 1:
        raise BadForm(fault=say("devices.one_point"))
    days = forms.whole_number("days", least=1, most=devices.LONGEST_CODE_DAYS) or 1
    seconds = {point: devices.second_secret_for(days) for point in chosen}
    codes = {
        point: devices.new_enrolment(
            connection,
            point,
            now_ms=at_ms,
            profile=profile,
            person=person,
            days=days,
            second=seconds[point],
        )
        for point in chosen
    }
    access.log_subjects(*chosen)
    settings: Settings = current_app.config["SETTINGS"]
    tickets = []
    for point, code in codes.items():
        link = enrolment_url(settings, code)
        person_name = names.get(person or "", "")
        tickets.append(
            Ticket(
                point,
                points[point].name,
                person_name,
                code,
                link,
                qr_codes.draw_qr_code(link),
                seconds[point],
            )
        )
    return render_template(
        "halls/tickets.html",
        tickets=tickets,
        until_ms=at_ms + days * DAY_MS,
        contacts=contacts.of_points(connection, chosen),
    )


@blueprint.post("/thiet-bi/ma/<point>/thu-hoi")
@allowed(Action.MANAGE_DEVICES)
def withdraw_codes(point: str) -> Response:
    """Withdraw the unused enrolment codes of a hall (`point`), and redirect to the list of devices.

    This is necessary if, for example, sheets on which codes were printed are lost.
    """
    count = devices.withdraw_codes(transaction(), point, now_ms=now_ms())
    access.log_subjects(point)
    flash(say("devices.withdrawn", count=count, point=point))
    return redirect(url_for("office.device_list.index"))


@blueprint.post("/thiet-bi/<device>/thu-hoi")
@allowed(Action.MANAGE_DEVICES)
def revoke(device: str) -> Response:
    """Revoke (block) a device, given by its id, and redirect to the list of devices.

    The server then sends no data to the device. Records that the device sends count only if
    headquarters so decides. Raises: UnknownDevice if no device has this id.
    """
    at_ms = now_ms()
    if not devices.revoke(transaction(), device, now_ms=at_ms):
        raise UnknownDevice(device=device[:48])
    access.log_subjects(device)
    flash(say("device.revoked", device=device))
    return redirect(url_for("office.device_list.index"))


@blueprint.post("/thiet-bi/<device>/thoi-cho")
@allowed(Action.MANAGE_DEVICES)
def give_up_gaps(device: str) -> Response:
    """Stop requesting the missing records of a device, and redirect to the list of devices.

    The form contains the reason, such as a lost disk. Raises: BadForm if the reason is missing;
    UnknownDevice if the device does not exist or has no missing records.
    """
    reason = forms.required_text("reason")
    missing = devices.give_up_gaps(transaction(), device)
    if not missing:
        raise UnknownDevice(device=device[:48])
    numbers = ", ".join(f"{first}-{last}" for first, last in missing[:MOST_RANGES_SHOWN])
    access.log_subjects(device, numbers, reason)
    flash(say("devices.given_up", device=device, count=count_missing(missing)))
    return redirect(url_for("office.device_list.index"))


def concerns_of(device: DeviceSummary, newest: str | None) -> tuple[str, ...]:
    """Return the codes of a device's problems that headquarters should examine.

    The codes, such as `unsent` (records not sent yet), are in the order of `CONCERNS`.
    `newest` is the newest version of the app that runs on the devices, or None if it is not known.
    """
    applies = {
        "unsent": bool(device.unsent),
        "skew": device.skew_ms is not None and abs(device.skew_ms) > SUSPECT_SKEW_MS,
        "gaps": bool(device.missing),
        "revoked": device.revoked_ms is not None,
        "never": device.last_contact_ms is None,
        "old_app": device.app is not None and device.app != newest,
    }
    return tuple(name for name in CONCERNS if applies[name])


def _latest_app(device_lines: list[DeviceSummary]) -> str | None:
    """Return the app version of the device that last made contact, presumably the newest version.

    Return None if no device has reported a version.
    """
    reporting = [device for device in device_lines if device.app and device.last_contact_ms]
    return max(reporting, key=lambda device: device.last_contact_ms or 0).app if reporting else None
