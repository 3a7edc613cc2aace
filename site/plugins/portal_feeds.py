"""For other programs: calendars, the feed of what is new, the map of pages, a server's facts."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from xml.sax.saxutils import escape

from portal_content import VIETNAM, Content, Material, Meeting
from portal_messages import say

MAX_ENTRIES = 30


def calendar(meeting: Meeting, address: str) -> bytes:
    """Return a meeting as iCalendar (RFC 5545), its hours as instants so that no zone is needed."""
    from icalendar import Calendar, Event

    matter = meeting.matter
    event = Event()
    event.add("uid", f"{meeting.id}@diemcau")
    event.add("summary", matter.title)
    event.add("dtstart", meeting.instant(matter.starts))
    event.add("dtend", meeting.instant(matter.ends))
    event.add("dtstamp", datetime.combine(matter.date, time(), UTC))  # the same in every build
    event.add("location", say("portal.calendar.place"))
    event.add("description", f"{matter.summary}\n\n{say('portal.calendar.early')}\n{address}")
    event.add("url", address)
    whole = Calendar()
    whole.add("prodid", "-//diemcau//portal//VI")
    whole.add("version", "2.0")
    whole.add_component(event)
    made: bytes = whole.to_ical()
    return made


def atom(content: Content, url: str) -> bytes:
    """Return what is new as Atom (RFC 4287): the newest versions of materials, and meetings."""
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
            (_told(content, meeting), f"hoi-nghi/{meeting.id}.html", meeting.matter.title,
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
    if not entries:  # an empty feed would say that it was updated now
        feed.add_item(
            title=say("portal.home.title"),
            link=f"{url}/index.html",
            description="",
            updateddate=datetime(1970, 1, 1, tzinfo=VIETNAM),
        )
    written: str = feed.writeString("utf-8")
    return written.encode()


def sitemap(url: str, pages: Iterable[tuple[str, date | None]]) -> bytes:
    """Return the pages as a sitemap (sitemaps.org), each with the day of its newest version."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
    for path, day in pages:
        changed = f"<lastmod>{day}</lastmod>" if day else ""
        lines.append(f"<url><loc>{escape(f'{url}/{path}')}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""]).encode()


def robots(url: str) -> bytes:
    """Return what crawlers should know: everything but the kiosk and the office may be read."""
    return (
        "User-agent: *\nDisallow: /diem-danh/\nDisallow: /van-phong/\nDisallow: /api/\n"
        f"Sitemap: {url}/sitemap.xml\n"
    ).encode()


def _news(material: Material) -> str:
    versions = material.matter.versions
    return versions[-1].note if versions else material.matter.summary


def _told(content: Content, meeting: Meeting) -> date:
    """Return from when a meeting was known: the day of its newest material, or else its own."""
    days = [content.materials[code].matter.updated for code in meeting.material_codes()]
    return min(meeting.matter.date, max(days, default=meeting.matter.date))


def facts_of(content: Content) -> dict[str, Any]:
    """Return the public facts that a server reads from a release (see docs/release.md)."""
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
                "starts_at": f"{meeting.instant(meeting.matter.starts):%Y-%m-%dT%H:%M:%S.000Z}",
                "ends_at": f"{meeting.instant(meeting.matter.ends):%Y-%m-%dT%H:%M:%S.000Z}",
                "grace_minutes": meeting.matter.grace_minutes,
                "points": meeting.matter.points,
            }
            for meeting in content.meetings
        ],
    }
