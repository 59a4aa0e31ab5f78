"""What the service says, or the vendor's own document, compared with the contract: names and kinds."""

from confirma_async.comparison.check import check
from confirma_async.comparison.document import compare
from confirma_async.comparison.findings import ContractComparison, ContractFinding, FindingKind
from confirma_async.comparison.recording import Recorder

__all__ = [
    "ContractComparison",
    "ContractFinding",
    "FindingKind",
    "Recorder",
    "check",
    "compare",
]
