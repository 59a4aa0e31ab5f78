"""What is done about a broken rule: the request is refused, or it is sent and the breach reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Literal, TypeAlias

from attrs import field, frozen

from confirma_async.errors import ConfigurationError, Problem
from confirma_async.validation.rules import RULES, Degree

Validate: TypeAlias = bool | Literal["strict"]
"""Whether to check the rules: True, False, or ``"strict"`` to refuse what is otherwise a warning."""

_DEGREES = {rule.id: rule.degree for rule in RULES}
_NEVER_ALLOWED = frozenset({"type", "case", "period", "cursor", "unfetched-only"})
"""Rules about what can be sent at all, and about what is asked."""


def _known(allow: Iterable[str]) -> frozenset[str]:
    """Return the ids, checked.

    Raises:
        ConfigurationError: one is no rule, or one that cannot be let pass.
    """
    if isinstance(allow, str):
        raise ConfigurationError("allow takes a list of rules, not a text: allow=['iban']")
    found = frozenset(allow)
    for name in sorted(found):
        if name not in _DEGREES:
            near = get_close_matches(name, _DEGREES, n=1)
            meant = f"did you mean {near[0]}?" if near else "docs/files/rules.md lists them"
            raise ConfigurationError(f"there is no rule {name!r} to allow; {meant}")
        if name in _NEVER_ALLOWED:
            raise ConfigurationError(f"the rule {name!r} cannot be allowed: what breaks it cannot be sent")
    return found


@frozen
class Checks:
    """How strictly requests are held against the rules.

    Attributes:
        validate: Whether they are at all.
        allow: Rules that may be broken, by their ids.

    Raises:
        ConfigurationError: a rule that is to be allowed is none, or cannot be.
    """

    validate: Validate = True
    allow: frozenset[str] = field(default=frozenset(), converter=_known)

    def refused(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the problems for which a request is not sent."""
        return [problem for problem in problems if self._refuses(problem.rule)]

    def warned(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the problems that are told of a request that is sent."""
        return [problem for problem in problems if not self._refuses(problem.rule)]

    def _refuses(self, rule: str) -> bool:
        if rule in self.allow:
            return False
        return self.validate == "strict" or _DEGREES.get(rule, Degree.REFUSE) is Degree.REFUSE
