"""The go-live check of a machine, its settings, and the way to the service."""

from confirma_async.doctor.checks import CHECKS, DoctorCheck, run_checks
from confirma_async.doctor.context import Setup
from confirma_async.doctor.findings import Finding, Health

__all__ = ["CHECKS", "DoctorCheck", "Finding", "Health", "Setup", "run_checks"]
