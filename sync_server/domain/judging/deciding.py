"""Determine whether a person has the right to decide on a request for leave or a substitute.

The same check is used to judge past decisions, and to show in the office and the API whether a
person may decide now.
"""

from typing import NamedTuple

from sync_server.domain.judging.chair import Chair, Chairing, delegate_at
from sync_server.domain.judging.settings import Terms


class DecisionRights(NamedTuple):
    """The rights to decide on requests at one point, by its settings and its chair over time.

    These checks ignore the closing, after which nobody at the point may decide.
    """

    terms: Terms
    chair: Chair | Chairing

    def allows(self, decider: str, person: str | None, instead_of: str | None, at_ms: int) -> bool:
        """Return whether `decider` may decide on the request of `person` at a time (ms since 1970).

        If `person` is a substitute, `instead_of` is the person whom the substitute replaces. Nobody
        decides on a request that concerns themselves, and only headquarters decides on a reserved
        request (checklist row 28).
        """
        if decider in {person, instead_of} or self.terms.is_reserved(person, instead_of, at_ms):
            return False
        return self._is_deciding(decider, at_ms)

    def _is_deciding(self, person: str, at_ms: int) -> bool:
        """Return whether a person has the right to decide at the point at a time.

        Before the start, the Secretary decides, and also a Deputy after a delegation. From the
        start on, the person who presides decides.
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
