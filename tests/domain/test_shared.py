"""Test that the lists in `site/rules.json`, which JavaScript reads, equal the Python types."""

from typing import get_args

from sync_server.domain.records.kinds import (
    FEEDBACK_TOPICS,
    READINESS_ITEMS,
    AbsenceRequestBody,
    ConductCategory,
    IncidentCause,
    Rating,
)
from sync_server.domain.shared import SHARED


def test_the_shared_lists_are_those_of_the_record_types() -> None:
    report = AbsenceRequestBody.__annotations__["report"]

    assert SHARED.readiness_items == READINESS_ITEMS
    assert SHARED.conduct_categories == get_args(ConductCategory)
    assert SHARED.incident_causes == get_args(IncidentCause)
    assert SHARED.feedback_topics == FEEDBACK_TOPICS
    assert SHARED.ratings == get_args(Rating)
    assert SHARED.absence_reports == get_args(get_args(report)[0])
