"""The checks, in the order in which they build on each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from attrs import evolve, frozen

from confirma_async.doctor import machine, mirror, network, service, settings
from confirma_async.doctor.context import Context, Setup
from confirma_async.doctor.findings import Finding, Health


@frozen
class DoctorCheck:
    """One check.

    Attributes:
        name: Its name, in findings.
        meaning: What the check examines, for the docs.
        run: Does the check, and returns its finding, without the name.
        needs: Names of earlier checks that must not have failed.
    """

    name: str
    meaning: str
    run: Callable[[Context], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


CHECKS: tuple[DoctorCheck, ...] = (
    DoctorCheck("key", "There is an API key, and it looks like one.", settings.check_key),
    DoctorCheck("environment", "Environment and host agree.", settings.check_environment),
    DoctorCheck("name", "The host's name has an address.", network.check_name, ("environment",)),
    DoctorCheck("connection", "A connection can be made.", network.check_connection, ("name",)),
    DoctorCheck(
        "certificate",
        "TLS works; the certificate is of this host, trusted, and not about to expire.",
        network.check_certificate,
        ("connection",),
    ),
    DoctorCheck("service", "The service answers.", service.check_service, ("certificate",)),
    DoctorCheck(
        "clock", "The clocks of this machine and of the service agree.", service.check_clock, ("service",)
    ),
    DoctorCheck("accepted", "The service accepts the key.", service.check_accepted, ("key", "service")),
    DoctorCheck("open-files", "This machine allows enough open files.", machine.check_open_files),
    DoctorCheck("libraries", "Optional libraries are installed.", machine.check_libraries),
    DoctorCheck("journal", "Journals can be kept in the folder.", machine.check_journal),
    DoctorCheck("mirror", "The mirror, where one is kept, is up to date and proved.", mirror.check_mirror),
)
"""Every check."""


async def run_checks(setup: Setup) -> AsyncGenerator[Finding]:
    """Run every check, and yield each finding at once; what a check finds is never raised.

    Args:
        setup: What to examine.
    """
    context = Context(setup)
    failed: set[str] = set()
    for check in CHECKS:
        missing = [need for need in check.needs if need in failed]
        if missing:
            finding = Finding(check.name, Health.SKIPPED, f"not looked at: see {missing[0]}")
        else:
            finding = evolve(await check.run(context), check=check.name)
        if finding.health in {Health.BAD, Health.SKIPPED}:
            failed.add(check.name)
        yield finding
