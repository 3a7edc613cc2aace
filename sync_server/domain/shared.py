"""Read the constants and lists that Python and JavaScript share from `site/rules.json`.

Both languages read the same file, so that every value is written only once.
"""

from pathlib import Path

import msgspec
from msgspec import Struct


class SharedRules(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `site/rules.json`: constants and lists for Python and JavaScript.

    Names that end in `_ms` are durations in ms, and names that end in `_bytes` are sizes in bytes.
    Lists are in display order. `meeting_day_kinds` are the kinds of record that are made only while
    people gather and meet. `hall_kinds` are further kinds that show that a hall is at work.
    """

    suspect_skew_ms: int
    clock_drift_ms: int
    far_from_meeting_ms: int
    opens_before_ms: int
    small_detail_bytes: int
    detail_piece_bytes: int
    card_digits: int
    meeting_day_kinds: tuple[str, ...]
    hall_kinds: tuple[str, ...]
    absence_reasons: tuple[str, ...]
    absence_reports: tuple[str, ...]
    readiness_items: tuple[str, ...]
    conduct_categories: tuple[str, ...]
    incident_causes: tuple[str, ...]
    feedback_topics: tuple[str, ...]
    ratings: tuple[str, ...]


_PATH = Path(__file__).resolve().parents[2] / "site" / "rules.json"
SHARED = msgspec.json.decode(_PATH.read_bytes(), type=SharedRules)
