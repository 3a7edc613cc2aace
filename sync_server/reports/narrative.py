"""Draft the Vietnamese sentences of a report from its figures alone.

A draft contains praise only if the figures support it. People may replace a draft with a text of
their own.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.kinds import FEEDBACK_TOPICS, Rating
from sync_server.messages import name_code, number, percent, say
from sync_server.reports.figures import Figures, MaterialLine
from sync_server.reports.words import cited_day, day_and_hours, moment, short_hall_name
from sync_server.storage.remarks import HEADINGS, Heading

Section = Heading
SECTIONS = HEADINGS
MOST_NAMED_HALLS = 10
"""The largest number of halls that a sentence on a shortcoming names. If more halls have the
shortcoming, the sentence names none of them, because table 1 lists all halls.
"""
_NUMBER = re.compile(r"\d+(?:\.\d{3})*(?:,\d+)?%?")


def numbers_not_in(text: str, draft: str) -> list[str]:
    """Return the numbers in a section's text that do not occur in the program's draft of it.

    The program cannot verify these numbers. Every number is returned once, in the order of
    `text`. Dates and times are left out.
    """
    plain = re.sub(r"\d{1,2}[/:]\d{1,2}(?:/\d{4})?", " ", text)
    drafted = set(_NUMBER.findall(draft))
    return list(dict.fromkeys(n for n in _NUMBER.findall(plain) if n not in drafted))


def drafts_of(figures: Figures) -> dict[Section, str]:
    """Return {section: drafted Vietnamese text} for all sections of a report.

    A section that the figures cannot fill, such as the proposals, gets "".
    """
    drafts: dict[Section, str] = dict.fromkeys(SECTIONS, "")
    drafts["organisation"] = _organisation(figures)
    drafts["numbers"] = _numbers(figures)
    drafts["quality"] = _quality(figures)
    drafts["facilities"] = _facilities(figures)
    drafts["limits"] = _limits(figures)
    drafts["tasks"] = _tasks(figures)
    return drafts


def _organisation(figures: Figures) -> str:
    meeting = figures.meeting
    types = "; ".join(
        say(
            "report.draft.type", type=say(f"unit_type.{line.unit_type}").lower(), count=line.planned
        )
        for line in figures.types
    )
    sentences = [
        *([say("report.draft.basis", documents=cited(figures.basis))] if figures.basis else []),
        say(
            "report.draft.held",
            title=meeting.title,
            when=day_and_hours(meeting.starts_ms, meeting.ends_ms),
            planned=number(figures.planned),
            types=types,
        ),
        say(
            "report.draft.connected",
            connected=number(figures.connected),
            reported=number(figures.reported),
            silent=number(len(figures.silent)),
        ),
    ]
    if meeting.host and meeting.mode:
        mode = say(f"report.mode.{meeting.mode}")
        sentences.append(say("report.draft.host", host=meeting.host, mode=mode))
    if not meeting.is_over:
        sentences.insert(0, say("report.draft.as_of", at=moment(meeting.at_ms)))
    if figures.reported:
        sentences.append(
            say(
                "report.draft.chairs",
                secretary=number(figures.chaired_by("secretary")),
                deputy=number(figures.chaired_by("deputy")),
            )
        )
    if figures.materials:
        count, in_time = len(figures.materials), sum(line.is_in_time for line in figures.materials)
        key = "report.draft.materials.all" if in_time == count else "report.draft.materials"
        sentences.append(say(key, count=number(count), in_time=number(in_time)))
        if figures.reported:
            keep, reported = number(figures.keep_materials), number(figures.reported)
            sentences.append(say("report.draft.kept", keep=keep, reported=reported))
    return " ".join(sentences)


def cited(documents: Sequence[MaterialLine]) -> str:
    """Return citations of documents (kind, number, date and issuer), separated by "; ".

    A document without a number or a date is cited by its title alone.
    """
    return "; ".join(
        say(
            "report.cited",
            kind=name_code("material_kind", line.kind),
            number=line.number,
            day=cited_day(line.issued_on),
            issuer=line.issuer,
        )
        if line.number and line.issued_on
        else line.title
        for line in documents
    )


ABSENT = ("absent_excused", "absent_unexcused", "not_recorded")


def attendance_sentences(counts: Counts) -> list[str]:
    """Return one Vietnamese sentence on presence and absence, and one on lateness.

    The second sentence counts late arrivals and early departures. It is left out if there were
    none.
    """
    return [
        say(
            "report.draft.people",
            summoned=number(counts.summoned),
            present=number(counts.present),
            rate=percent(counts.present, counts.summoned),
            others=_counted("absent", ABSENT, counts) or say("report.draft.nobody_absent"),
        ),
        *(
            [say("report.draft.late", times=_counted("late", ("late", "left_early"), counts))]
            if counts.late or counts.left_early
            else []
        ),
    ]


def others_sentences(counts: Counts) -> list[str]:
    """Return one Vietnamese sentence on guests and substitutes; [] if there were none."""
    if not (counts.guests or counts.substitutes):
        return []
    others = _counted("others", ("guests", "substitutes"), counts)
    return [say("report.draft.others", others=others)]


def conduct_sentences(counts: Counts) -> list[str]:
    """Return a list with one Vietnamese sentence on calls, phone use, disorder and wrong seats.

    Return [] if none of these were recorded.
    """
    if not (counts.calls or counts.private_use or counts.disorder or counts.wrong_seat):
        return []
    seen = _counted("conduct", ("calls", "private_use", "disorder", "wrong_seat"), counts)
    return [say("report.draft.conduct", seen=seen)]


def _numbers(figures: Figures) -> str:
    totals = figures.totals
    sentences = attendance_sentences(totals)
    if figures.silent and figures.reported:
        known = Counts.total(hall.counts for hall in figures.halls if hall.is_reported)
        sentences.append(
            say(
                "report.draft.of_reported",
                reported=number(figures.reported),
                present=number(known.present),
                summoned=number(known.summoned),
                rate=percent(known.present, known.summoned),
            )
        )
    if totals.not_agreed:
        sentences.append(say("report.draft.not_agreed", count=number(totals.not_agreed)))
    if totals.online:
        sentences.append(say("report.draft.online", count=number(totals.online)))
    sentences += others_sentences(totals)
    if figures.reasons:
        reasons = "; ".join(
            f"{reason_name(code).lower()} {number(count)}"
            for code, count in figures.reasons.items()
        )
        sentences.append(say("report.draft.reasons", reasons=reasons))
    return " ".join(sentences)


def _quality(figures: Figures) -> str:
    totals = figures.totals
    if not figures.reported:
        return ""
    sentences = conduct_sentences(totals) or [
        say("report.draft.no_conduct", reported=number(figures.reported))
    ]
    if figures.ratings:
        given = Counter(pair for line in figures.ratings for pair in line.items())
        ratings = "; ".join(
            f"{say(f'topic.{topic}').lower()}: "
            + ", ".join(
                f"{number(given[topic, rating])} {say(f'rating.{rating}').lower()}"
                for rating in get_args(Rating)
                if given[topic, rating]
            )
            for topic in FEEDBACK_TOPICS
            if any(given[topic, rating] for rating in get_args(Rating))
        )
        count = number(len(figures.ratings))
        sentences.append(say("report.draft.feedback", count=count, ratings=ratings))
    return " ".join(sentences)


def _facilities(figures: Figures) -> str:
    if not figures.reported:
        return ""
    not_ready = figures.with_note("not_ready")
    ready = say(
        "report.draft.ready",
        ready=number(figures.reported - not_ready),
        reported=number(figures.reported),
    )
    if not figures.incidents:
        return f"{ready} {say('report.draft.no_incidents')}"
    lengths = [line.minutes for line in figures.incidents if line.minutes is not None]
    if len(figures.incidents) == len(lengths) == 1:
        return f"{ready} {say('report.draft.incidents.one', minutes=number(lengths[0]))}"
    incidents = say(
        "report.draft.incidents",
        count=number(len(figures.incidents)),
        halls=number(len({line.point for line in figures.incidents})),
        minutes=number(sum(lengths)),
        longest=number(max(lengths, default=0)),
    )
    return f"{ready} {incidents}"


def _limits(figures: Figures) -> str:
    totals = figures.totals
    counts = {
        "silent": len(figures.silent),
        "not_recorded": totals.not_recorded,
        "unexcused": totals.absent_unexcused,
        "late": totals.late,
        "left_early": totals.left_early,
        "not_agreed": totals.not_agreed,
        "phones": totals.calls + totals.private_use,
        "disorder": totals.disorder + totals.wrong_seat,
        "incidents": len(figures.incidents),
        "no_chair": figures.with_note("no_chair"),
        "not_ready": figures.with_note("not_ready"),
        "open": figures.with_note("open"),
        "pending": figures.pending,
        "wrong_composition": totals.wrong_composition,
    }
    silent = sum(hall.counts.not_recorded for hall in figures.silent)
    sentences = [
        say(
            f"report.limit.{name}",
            count=number(count),
            silent=number(silent),
            halls=_halls_in_brackets(figures, name),
        )
        for name, count in counts.items()
        if count
    ]
    for topic in FEEDBACK_TOPICS:
        if poor := sum(line.get(topic) == "poor" for line in figures.ratings):
            name = say(f"topic.{topic}").lower()
            sentences.append(say("report.limit.poor", count=number(poor), topic=name))
    if figures.missing_groups:
        groups = ", ".join(say(f"report.material_group.{name}") for name in figures.missing_groups)
        sentences.append(say("report.limit.materials", groups=groups))
    if figures.earlier_tasks:
        sentences.append(_earlier_limits(figures))
    return "\n".join(sentences)


def _halls_in_brackets(figures: Figures, limit: str) -> str:
    """Return the short names of the halls with a shortcoming, such as " (Sở Y tế; Sở Nội vụ)".

    `limit` is the code of the shortcoming. Return "" for a code that is not a remark on halls,
    such as `late`, or if more than `MOST_NAMED_HALLS` halls have the shortcoming.
    """
    if limit == "silent":
        names = [hall.name for hall in figures.silent]
    else:
        names = [hall.name for hall in figures.halls if hall.is_reported and limit in hall.notes]
    if not 0 < len(names) <= MOST_NAMED_HALLS:
        return ""
    return f" ({'; '.join(short_hall_name(name) for name in names)})"


def _earlier_limits(figures: Figures) -> str:
    """Return the Vietnamese sentence on the tasks that remain from earlier meetings.

    The sentence states how many tasks there are, and how many of them are done, open and overdue.
    """
    tasks = figures.earlier_tasks
    is_open = [line for line in tasks if line.state == "open"]
    overdue = sum(line.is_overdue(figures.meeting.at_ms) for line in is_open)
    return say(
        "report.limit.earlier",
        count=number(len(tasks)),
        done=number(len(tasks) - len(is_open)),
        open=number(len(is_open)),
        overdue=number(overdue),
    )


def _in_sentence(key: str) -> str:
    return say(key).lower()


def _counted(stem: str, names: Sequence[str], counts: Counts) -> str:
    """Return Vietnamese phrases such as "3 late", separated by commas, for the counts above 0.

    `names` are the fields of `counts` to be described. The phrase for a field comes from the
    message `report.draft.STEM.NAME`, where STEM is `stem` and NAME is the name of the field.
    """
    return ", ".join(
        say(f"report.draft.{stem}.{name}", count=number(count))
        for name in names
        if (count := getattr(counts, name))
    )


def _tasks(figures: Figures) -> str:
    lines = [
        say(
            "report.draft.task",
            item=line.item,
            where=line.name,
            due=say("report.draft.due", at=moment(line.due_ms)) if line.due_ms else "",
            state=say(f"follow_up.state.{line.state}"),
        )
        for line in figures.tasks
        if line.state != "dropped"
    ]
    if figures.essays:
        lines.append(say("report.draft.essays", count=number(figures.essays)))
    return "\n".join(lines)


def reason_name(code: str) -> str:
    """Return the Vietnamese name of a reason for absence, such as CONG_TAC (business trip).

    A code without a name is returned unchanged. For "", return a text that says that the reason can
    no longer be read.
    """
    return name_code("reason", code) if code else say("report.no_reason")
