"""Make the files of the portal that other programs read.

These are the calendar files of meetings, the Atom feed, the sitemap, robots.txt, and facts.json,
from which servers learn about meetings and halls.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from xml.sax.saxutils import escape

from portal.content.loading import FIRST_REVISION, Material, Meeting, PortalContent, instant
from portal.messages import say
from sync_server.domain.records.codes import VIETNAM

MAX_ENTRIES = 30


def calendar(meeting: Meeting, address: str) -> bytes:
    """Return a meeting as an iCalendar file (RFC 5545) with times in UTC.

    `address` is the URL of the meeting's page. A calendar program accepts a change only if
    `SEQUENCE`, the number of minutes from 1 January 2020 to the meeting's last revision, has
    increased. The number does not depend on the time of the build, so that every build of the same
    content gives the same bytes.
    """
    from icalendar import Calendar, Event

    matter = meeting.matter
    event = Event()
    event.add("uid", f"{meeting.id}@diemcau")
    event.add("summary", matter.title)
    event.add("dtstart", meeting.instant(matter.starts))
    event.add("dtend", meeting.instant(matter.ends))
    revised = meeting.revised
    event.add("dtstamp", revised)
    event.add("last-modified", revised)
    event.add("sequence", max(0, int((revised - FIRST_REVISION).total_seconds()) // 60))
    event.add("status", "CANCELLED" if matter.cancelled else "CONFIRMED")
    event.add("location", say("portal.calendar.place"))
    event.add("description", f"{matter.summary}\n\n{say('portal.calendar.early')}\n{address}")
    event.add("url", address)
    ical = Calendar()
    ical.add("prodid", "-//diemcau//portal//VI")
    ical.add("version", "2.0")
    ical.add_component(event)
    encoded: bytes = ical.to_ical()
    return encoded


def atom(content: PortalContent, url: str) -> bytes:
    """Return an Atom feed (RFC 4287) of the meetings and the public materials, the newest first.

    Materials are documents for meetings. The feed has at most 30 entries. `url` is the portal's
    address without a final slash.
    """
    from feedgenerator import Atom1Feed

    feed = Atom1Feed(
        title=f"{say('portal.name')} · {say('portal.home.title')}",
        link=f"{url}/index.html",
        feed_url=f"{url}/tin.atom",
        description=say("portal.committee"),
        language="vi",
    )
    public = [m for m in content.materials.values() if m.state == "public"]
    entries = [
        *((m.matter.updated, f"t/{m.matter.code}.html", m.matter.title, _news(m)) for m in public),
        *(
            (_announced_on(content, meeting), f"hoi-nghi/{meeting.id}.html", meeting.matter.title,
             meeting.matter.summary)
            for meeting in content.meetings
        ),
    ]  # fmt: skip
    for day, path, title, summary in sorted(entries, reverse=True)[:MAX_ENTRIES]:
        feed.add_item(
            title=title,
            link=f"{url}/{path}",
            unique_id=f"{url}/{path}",
            description=summary,
            updateddate=datetime.combine(day, time(), VIETNAM),
        )
    if not entries:  # an empty feed would get the time of the build
        feed.add_item(
            title=say("portal.home.title"),
            link=f"{url}/index.html",
            description="",
            updateddate=datetime(1970, 1, 1, tzinfo=VIETNAM),
        )
    xml: str = feed.writeString("utf-8")
    return xml.encode()


def sitemap(url: str, pages: Iterable[tuple[str, date | None]]) -> bytes:
    """Return a sitemap in XML (sitemaps.org), with which search engines learn of all pages.

    `url` is the portal's address without a final slash. `pages` contains pairs of a path and the
    date of the page's last change, which may be None.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
    for path, day in pages:
        changed = f"<lastmod>{day}</lastmod>" if day else ""
        lines.append(f"<url><loc>{escape(f'{url}/{path}')}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""]).encode()


def robots(url: str) -> bytes:
    """Return robots.txt, which lets search engines read all pages except those in three folders.

    These folders contain the attendance page, the office (the web pages for signed-in users), and
    the API. `url` is the portal's address without a final slash.
    """
    return (
        "User-agent: *\nDisallow: /diem-danh/\nDisallow: /van-phong/\nDisallow: /api/\n"
        f"Sitemap: {url}/sitemap.xml\n"
    ).encode()


def _news(material: Material) -> str:
    versions = material.matter.versions
    return versions[-1].note if versions else material.matter.summary


def _announced_on(content: PortalContent, meeting: Meeting) -> date:
    """Return the date under which the feed lists a meeting.

    The result is the date of the newest version among the meeting's documents or the date of the
    meeting, whichever is earlier. For a meeting without documents, it is the date of the meeting.
    """
    days = [content.materials[code].matter.updated for code in meeting.material_codes()]
    return min(meeting.matter.date, max(days, default=meeting.matter.date))


def published_directory_of(content: PortalContent) -> dict[str, Any]:
    """Return the content of facts.json, from which servers learn what the portal publishes.

    The keys are `units` (organisations), `points` (halls), `meetings` and `materials`
    (documents). Every value is a list of dicts. Times are in UTC. docs/release.md describes how
    servers use the file.
    """
    directory = content.directory
    return {
        "units": [
            {"code": unit.code, "name": unit.name, "type": unit.type} for unit in directory.units
        ],
        "points": [
            {"code": point.code, "name": directory.name_of(point), "unit": point.unit}
            for point in directory.points
        ],
        "meetings": [
            {
                "id": meeting.id,
                "title": meeting.matter.title,
                "host": meeting.matter.host,
                "mode": meeting.matter.mode,
                "starts_at": f"{meeting.instant(meeting.matter.starts):%Y-%m-%dT%H:%M:%S.000Z}",
                "ends_at": f"{meeting.instant(meeting.matter.ends):%Y-%m-%dT%H:%M:%S.000Z}",
                "grace_minutes": meeting.matter.grace_minutes,
                "points": meeting.matter.points,
                "basis": [code for code in meeting.matter.basis if code in content.materials],
                "materials": [
                    code for code in meeting.material_codes() if code in content.materials
                ],
            }
            for meeting in content.meetings
        ],
        "materials": [
            {
                "code": matter.code,
                "title": matter.title,
                "kind": matter.kind,
                "number": matter.number or "",
                "issuer": matter.issuer,
                "date": f"{matter.date:%Y-%m-%d}",
                "public_from": f"{instant(matter.public_from):%Y-%m-%dT%H:%M:%S.000Z}"
                if matter.public_from
                else "",
            }
            for matter in (material.matter for material in content.materials.values())
        ],
    }
