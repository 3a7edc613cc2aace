"""Deciding: the right of a person to decide on a request or a substitute at a moment.

The same check serves twice: in judging decisions that were made, and, on a stored standing, in
showing the office and the API whether a person may decide now.
"""

from typing import NamedTuple

from sync_server.domain.judging.chair import Chair, Chairing, delegate_at
from sync_server.domain.judging.settings import Terms


class DecisionRights(NamedTuple):
    """The rights to decide at a point, by its settings and its chair over time.

    The closing is not considered here: after it nobody at the point decides.
    """

    terms: Terms
    chair: Chair | Chairing

    def allows(self, decider: str, person: str | None, instead_of: str | None, at_ms: int) -> bool:
        """Return whether a person of the point may decide at a moment on another person's request.

        `instead_of` is the person whom a substitute replaces. Nobody decides on a request that
        concerns themselves, and only headquarters decides on a reserved one (checklist row 28).
        """
        if decider in {person, instead_of} or self.terms.is_reserved(person, instead_of, at_ms):
            return False
        return self._is_deciding(decider, at_ms)

    def _is_deciding(self, person: str, at_ms: int) -> bool:
        """Return whether a person decides at the point at a moment.

        Before the start, the Secretary decides, and a Deputy from the delegation on; from the
        start on, the person who presides.
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
