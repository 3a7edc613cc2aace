"""Determine whether a person has the right to decide on a request for leave or a substitute.

The same check determines whether past decisions count, and is used to show in the office
pages and the API whether a person may decide now.
"""

from typing import NamedTuple

from sync_server.domain.judging.chair import Chair, Chairing, delegate_at
from sync_server.domain.judging.settings import Terms


class DecisionRights(NamedTuple):
    """The rights to decide on requests for leave and for substitutes in one hall of a meeting.

    The rights depend on the settings of the hall (in the code, a point) and on who presides at what
    time. After the attendance list (roll) is signed off, nobody in the hall may decide; callers
    must check that.
    """

    terms: Terms
    chair: Chair | Chairing

    def allows(self, decider: str, person: str | None, instead_of: str | None, at_ms: int) -> bool:
        """Return whether a person may decide on a request at a time (ms since 1970 UTC).

        `decider`, `person` and `instead_of` are person codes. `person` makes the request, or is the
        substitute who replaces `instead_of`. Return False for a request that concerns the decider,
        and for a request that is reserved for headquarters (checklist row 28).
        """
        if decider in {person, instead_of} or self.terms.is_reserved(person, instead_of, at_ms):
            return False
        return self._is_deciding(decider, at_ms)

    def _is_deciding(self, person: str, at_ms: int) -> bool:
        """Return whether a person may decide on requests in the hall at a time.

        `at_ms` is the time in ms since 1970 UTC, and `person` a person code. Before the start of
        the meeting, the Secretary may decide, and so may the Deputy who last received the chair
        from the Secretary. After the start, only the person who presides may decide. A meeting
        whose start is not known counts as not started.
        """
        starts_ms = self.terms.starts_ms
        if starts_ms is None or at_ms < starts_ms:
            secretary = self.terms.officers_at(at_ms).secretary
            return person in {secretary, delegate_at(self.terms, self.chair.delegations, at_ms)}
        return any(
            span.person == person
            and span.from_ms <= at_ms
            and (span.until_ms is None or at_ms < span.until_ms)
            for span in self.chair.spans
        )
