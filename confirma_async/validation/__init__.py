"""Rules that need no server: codes, identifiers, addresses and sums, checked before anything is sent."""

from confirma_async.validation.checking import check
from confirma_async.validation.degrees import Checks, Validate
from confirma_async.validation.libraries import missing_libraries
from confirma_async.validation.rules import RULES, Degree, Rule

__all__ = ["RULES", "Checks", "Degree", "Rule", "Validate", "check", "missing_libraries"]
