"""Rules that need no server: codes, identifiers, addresses and sums, checked before anything is sent."""

from confirma_async.validation.checking import check
from confirma_async.validation.libraries import missing_libraries
from confirma_async.validation.rules import RULES, Rule

__all__ = ["RULES", "Rule", "check", "missing_libraries"]
