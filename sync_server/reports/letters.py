"""Write the texts of minutes, summonses and certificates of attendance."""

from sync_server.messages import name_code, number, say
from sync_server.reports.layouts import Layout
from sync_server.reports.narrative import (
    attendance_sentences,
    cited,
    conduct_sentences,
    others_sentences,
)
from sync_server.reports.parts import NONE, Passage
from sync_server.reports.spec import PersonLine, ReportSpec
from sync_server.reports.words import day_and_hours, moment, vietnam_time


def minutes(spec: ReportSpec, layout: Layout) -> list[Passage]:
    """Return the two passages of the record of a meeting in one hall: its course, and signatures.

    The first passage names the person presiding, describes the attendance and any incidents, and
    states who signed the attendance off and when. `spec.course` must not be None, and `spec.point`
    must be the code of a hall of the meeting.
    """
    course, meeting = spec.course, spec.figures.meeting
    assert course
    hall = next(line for line in spec.figures.halls if line.point == spec.point)
    incidents = [line for line in spec.figures.incidents if line.point == spec.point]
    texts = [
        say(
            "report.minutes.held",
            name=hall.name,
            title=meeting.title,
            when=day_and_hours(meeting.starts_ms, meeting.ends_ms),
        ),
        say(
            "report.minutes.chair",
            chair=say(f"report.minutes.chair.{hall.chair or 'none'}"),
            name=f", {course.chair}" if course.chair else "",
            since=say("report.minutes.since", at=f"{vietnam_time(course.presided_ms):%H:%M}")
            if course.presided_ms
            else "",
        ),
        *attendance_sentences(hall.counts),
        *others_sentences(hall.counts),
        *conduct_sentences(hall.counts),
        *(
            say(
                "report.minutes.incident",
                what=say(f"incident.{line.what}").lower(),
                at=f"{vietnam_time(line.from_ms):%H:%M}",
                minutes=NONE if line.minutes is None else number(line.minutes),
            )
            for line in incidents
        ),
        say("report.minutes.closed", at=moment(course.closed_ms), signer=course.signer or NONE)
        if course.closed_ms
        else say("report.minutes.open"),
    ]
    signing = tuple(say(f"report.minutes.sign.{who}") for who in ("chair", "clerk"))
    return [
        Passage(
            1, f"{layout.headings[1].format(number=1)} {say('report.minutes.course')}", tuple(texts)
        ),
        Passage(
            1, f"{layout.headings[1].format(number=2)} {say('report.minutes.signing')}", signing
        ),
    ]


def summons(spec: ReportSpec) -> list[Passage]:
    """Return the text of a summons to a meeting, as one passage without a heading.

    The text addresses one person if `spec.person` is set. Otherwise, it addresses all people in the
    list that the document prints below the text.
    """
    meeting, documents = spec.figures.meeting, spec.figures.basis
    units = {line.unit for line in spec.people}
    if spec.person:
        texts = [_about("report.summons.one", spec.people[0])]
    else:
        texts = [say("report.summons.to_unit", unit=unit) for unit in units if len(units) == 1]
    if documents:
        texts.append(say("report.draft.basis", documents=cited(documents)))
    if not spec.person:
        texts.append(say("report.summons.all", count=number(len(spec.people))))
    points = {line.facts.point for line in spec.people}
    halls = [spec.basis.halls[point].name for point in points if len(points) == 1]
    where = [say("report.summons.where", hall=hall) for hall in halls]
    when = day_and_hours(meeting.starts_ms, meeting.ends_ms)
    texts += [
        say("report.summons.what", title=meeting.title),
        say("report.summons.when", when=when),
        *where,
        say("report.summons.leave"),
    ]
    return [Passage(1, "", tuple(texts))]


def certificate(spec: ReportSpec) -> list[Passage]:
    """Return the text that certifies one person's attendance, as one passage without a heading.

    The person is the first in `spec.people`, which must not be empty. The text states the hall and,
    if they were recorded, the times of arrival and departure.
    """
    meeting, line = spec.figures.meeting, spec.people[0]
    hall = spec.basis.halls[line.facts.point].name
    came, left = line.facts.came_ms, line.facts.left_ms
    texts = [
        _about(
            "report.certificate.one",
            line,
            title=meeting.title,
            when=day_and_hours(meeting.starts_ms, meeting.ends_ms),
            hall=hall,
            mode=say(f"report.certificate.{'online' if line.facts.is_online else 'in_person'}"),
        ),
    ]
    if came is not None:
        left_at = f"{vietnam_time(left):%H:%M}" if left is not None else NONE
        texts.append(
            say("report.certificate.times", came=f"{vietnam_time(came):%H:%M}", left=left_at)
        )
    return [Passage(1, "", tuple(texts))]


def _about(key: str, line: PersonLine, **facts: object) -> str:
    """Return a Vietnamese message with a person's name, position (if any) and unit filled in.

    `key` names the message, `line` is the person, and the keyword arguments are the values of
    the message's other placeholders.
    """
    position = f", {name_code('position', line.position)}" if line.position else ""
    return say(key, name=line.name, position=position, unit=line.unit, **facts)
