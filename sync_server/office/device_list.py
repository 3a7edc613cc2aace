"""Devices: codes to enrol them by, as QR codes to print; what is heard of them; and revoking."""

from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.clock import SUSPECT_SKEW_MS
from sync_server.domain.permissions import Action, Profile
from sync_server.errors import BadForm, UnknownDevice
from sync_server.messages import say
from sync_server.office import access, forms, qr_codes
from sync_server.office.access import allowed
from sync_server.storage import devices, directory, roster
from sync_server.storage.devices import DeviceLine

blueprint = Blueprint("device_list", __name__)

PROFILES = (Profile.CLERK.value, Profile.CHAIR.value)
CONCERNS = ("unsent", "skew", "gaps", "revoked", "never", "old_app")

URGENT = frozenset({"unsent", "skew", "gaps"})


class Ticket(NamedTuple):
    """A code as it is printed for a hall; told this once."""

    point: str
    name: str
    person: str
    code: str
    link: str
    picture: Markup


@blueprint.get("/thiet-bi")
@allowed(Action.READ_DEVICES)
def index() -> str:
    """List devices with what is heard of them, those of concern first."""
    concern, text = request.args.get("viec", ""), request.args.get("tim", "").strip().upper()
    with reading() as connection:
        found = devices.listed(connection)
        points = directory.points(connection)
        people = {each.person for each in found if each.person}
        names = roster.names_of(connection, people)
        waiting = devices.open_codes(connection, now_ms=now_ms())
    newest = _common_app(found)
    shown = [(each, concerns_of(each, newest)) for each in found]
    counts = {name: sum(name in own for _, own in shown) for name in CONCERNS}
    wanted = [
        (each, own)
        for each, own in shown
        if (not concern or concern in own) and text in f"{each.point} {each.id.upper()}"
    ]
    return render_template(
        "devices.html",
        devices=sorted(wanted, key=lambda pair: not URGENT & set(pair[1])),
        urgent=URGENT,
        points=points,
        names=names,
        waiting=waiting,
        counts={name: count for name, count in counts.items() if count},
        concern=concern,
        text=text,
        total=len(found),
        profiles=PROFILES,
    )


@blueprint.post("/thiet-bi/ma")
@allowed(Action.MANAGE_DEVICES)
def new_codes() -> str:
    """Make enrolment codes for the points that are chosen, and show them as sheets to print."""
    profile = Profile(forms.one_of("profile", PROFILES))
    person = forms.text("person", longest=32).upper() or None
    if (profile is Profile.CHAIR) != (person is not None):
        raise BadForm(fault=say("cli.chair_person"))
    at_ms = now_ms()
    with reading() as connection:
        points = directory.points(connection)
        names = roster.names_of(connection, [person] if person else [])
    if person and person not in names:
        raise BadForm(fault=say("error.unknown_person", person=person))
    chosen = list(points) if "all" in request.form else request.form.getlist("point_code")
    unknown = [each for each in chosen if each not in points]
    if unknown:
        raise BadForm(fault=say("devices.unknown", value=", ".join(unknown)[:60]))
    if not chosen:
        raise BadForm(fault=say("devices.choose"))
    if person and len(chosen) > 1:
        raise BadForm(fault=say("devices.one_point"))

    def work(c: Connection) -> dict[str, str]:
        return {
            point: devices.new_enrolment(c, point, now_ms=at_ms, profile=profile, person=person)
            for point in chosen
        }

    codes = write(work)
    access.about(*chosen)
    settings: Settings = current_app.config["SETTINGS"]
    tickets = []
    for point, code in codes.items():
        link = enrolment_url(settings, code)
        who = names.get(person or "", "")
        tickets.append(Ticket(point, points[point].name, who, code, link, qr_codes.picture(link)))
    return render_template("tickets.html", tickets=tickets)


@blueprint.post("/thiet-bi/<device>/thu-hoi")
@allowed(Action.MANAGE_DEVICES)
def revoke(device: str) -> Response:
    """Take a device's trust away: it gets no data, and what it sends is held."""
    at_ms = now_ms()
    if not write(lambda c: devices.revoke(c, device, now_ms=at_ms)):
        raise UnknownDevice(device=device[:48])
    access.about(device)
    flash(say("cli.revoked", device=device))
    return redirect(url_for("office.device_list.index"))


def enrolment_url(settings: Settings, code: str) -> str:
    """Return the link that opens the kiosk with a code; a fragment is in no server's log."""
    return f"{settings.public_url}/diem-danh/index.html#ma={code}"


def concerns_of(each: DeviceLine, newest: str | None) -> tuple[str, ...]:
    """Return what headquarters should look at."""
    found = {
        "unsent": bool(each.unsent),
        "skew": each.skew_ms is not None and abs(each.skew_ms) > SUSPECT_SKEW_MS,
        "gaps": bool(each.missing),
        "revoked": each.revoked_ms is not None,
        "never": each.last_contact_ms is None,
        "old_app": each.app is not None and each.app != newest,
    }
    return tuple(name for name in CONCERNS if found[name])


def _common_app(found: list[DeviceLine]) -> str | None:
    """Return the version that was heard last: what the server gives out."""
    heard = [each for each in found if each.app and each.last_contact_ms]
    return max(heard, key=lambda each: each.last_contact_ms or 0).app if heard else None
