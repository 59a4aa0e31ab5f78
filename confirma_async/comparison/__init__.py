"""What the service says, or the vendor's own document, compared with the contract: names and kinds."""

from confirma_async.comparison.check import NotTheServiceError, check
from confirma_async.comparison.document import DocumentError, compare
from confirma_async.comparison.findings import Comparison, Finding, Standing
from confirma_async.comparison.recording import Recorder

__all__ = [
    "Comparison",
    "DocumentError",
    "Finding",
    "NotTheServiceError",
    "Recorder",
    "Standing",
    "check",
    "compare",
]
