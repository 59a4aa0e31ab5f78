"""The go-live check: what stands between this machine and the first invoice, in words."""

from confirma_async.doctor.examination import CHECKS, Check, examine
from confirma_async.doctor.findings import Finding, Health
from confirma_async.doctor.visit import Setup

__all__ = ["CHECKS", "Check", "Finding", "Health", "Setup", "examine"]
