"""The texts of the papers beside the reports: a hall's minutes."""

from sync_server.messages import number, say
from sync_server.reports.layouts import Layout
from sync_server.reports.narrative import attendance_sentences
from sync_server.reports.parts import NONE, Passage
from sync_server.reports.spec import ReportSpec
from sync_server.reports.words import day_of


def minutes(spec: ReportSpec, layout: Layout) -> list[Passage]:
    """Return the texts of a hall's minutes: figures, chair, incidents, and lines to sign on."""
    hall = next(line for line in spec.figures.halls if line.point == spec.point)
    incidents = [line for line in spec.figures.incidents if line.point == spec.point]
    texts = [
        say("report.minutes.held", name=hall.name, title=spec.figures.meeting.title),
        say(
            "report.minutes.chair",
            chair=say(f"report.minutes.chair.{hall.chair or 'none'}"),
            name=f", {spec.chair}" if spec.chair else "",
        ),
        *attendance_sentences(hall.counts),
        *(
            say(
                "report.minutes.incident",
                what=say(f"incident.{line.what}").lower(),
                at=f"{day_of(line.from_ms):%H:%M}",
                minutes=NONE if line.minutes is None else number(line.minutes),
            )
            for line in incidents
        ),
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
