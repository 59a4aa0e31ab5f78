"""The check of the mirror: whether it is up to date and proved."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from pathlib import Path

from confirma_async.accounts.folders import target_of
from confirma_async.doctor.context import Context
from confirma_async.doctor.findings import Finding, bad, doubtful, good
from confirma_async.errors import ConfigurationError, MirrorError
from confirma_async.mirror.status import MirrorStatus, standing_of
from confirma_async.mirror.store.opening import MIRROR_VARIABLE, open_mirror, place_of
from confirma_async.settings import target_from_env

OLDEST = datetime.timedelta(days=2)
"""How old a mirror may be: it is brought up to date once a day, and may miss a run."""


async def check_mirror(context: Context) -> Finding:
    """Check how old the mirror of this target is, and whether all its windows are proved."""
    named = context.setup.variables.get(MIRROR_VARIABLE) or None
    try:
        _, base_url = target_from_env(context.setup.variables)
        place = place_of(named)
        if isinstance(place, Path) and not place.exists():
            return good("no mirror is kept here; mirror.sync() begins one")
        found = await asyncio.to_thread(_standing, named)
    except (MirrorError, ConfigurationError) as error:
        return bad(str(error), f"see to it, or name another mirror ({MIRROR_VARIABLE})")
    target = target_of(base_url)
    mine = [standing for standing in found if standing.target == target]
    if not mine:
        return good(f"no account of {target} is mirrored; mirror.sync() begins it")
    findings = [_of(standing, context.setup.now()) for standing in mine]
    return next((finding for finding in findings if finding.remedy), findings[0])


def _standing(named: str | None) -> list[MirrorStatus]:
    with contextlib.closing(open_mirror(named)) as database:
        return list(standing_of(database))


def _of(standing: MirrorStatus, now: float) -> Finding:
    run = "run mirror.sync() once a day, and look at what it says"
    if standing.synced_at is None:
        return doubtful(f"no run of the account {standing.account} has come to its end yet", run)
    synced = datetime.datetime.fromisoformat(standing.synced_at)
    age = datetime.datetime.fromtimestamp(now, datetime.UTC) - synced
    message = f"the mirror of the account {standing.account} was brought up to date {_in_words(age)} ago"
    if age > OLDEST:
        return doubtful(message, run)
    if standing.open:
        return doubtful(f"{message}; {standing.open} windows in it are not proved", run)
    if standing.drift:
        return good(
            f"{message}; {standing.drift} places of records are not as the contract describes them "
            "(table drift)"
        )
    return good(message)


def _in_words(age: datetime.timedelta) -> str:
    hours = max(0, round(age.total_seconds() / 3600))
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
