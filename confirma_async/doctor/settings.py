"""Checks of the settings: the key, and where it will be sent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from confirma_async.credentials import FileTokenStore, checked
from confirma_async.doctor.context import Context
from confirma_async.doctor.findings import Finding, bad, doubtful, good
from confirma_async.errors import ConfigurationError, CredentialsError
from confirma_async.settings import API_KEY_VARIABLE, Environment, is_loopback, target_from_env

_LIKE_A_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def check_key(context: Context) -> Finding:
    """Check whether there is a key that can be sent, and whether it has the documented form."""
    setup = context.setup
    try:
        if setup.key_file is not None:
            context.key = await FileTokenStore(setup.key_file).load()
        elif found := setup.variables.get(API_KEY_VARIABLE):
            context.key = checked(found)
    except CredentialsError as error:
        return bad(str(error), "put the key into a file that only you can read, and name that")
    except ConfigurationError as error:
        return bad(str(error), f"set {API_KEY_VARIABLE} again")
    if context.key is None:
        remedy = f"set {API_KEY_VARIABLE}, or name the file it is kept in (key_file=)"
        return bad("there is no API key", remedy)
    if not _LIKE_A_TOKEN.fullmatch(context.key.reveal()):
        return doubtful(
            "the API key does not look like the vendor's tokens (8-4-4-4-12 hexadecimal digits)",
            "copy it again, whole; if it is accepted below, this does not matter",
        )
    return good("there is an API key, and it looks like one")


async def check_environment(context: Context) -> Finding:
    """Check whether the host belongs to the environment that the settings name."""
    try:
        context.environment, context.base_url = target_from_env(context.setup.variables)
    except ConfigurationError as error:
        return bad(str(error), "correct it; nothing could be called")
    name, host = context.environment.name.lower(), context.host
    if is_loopback(host):
        return good(f"{context.base_url} is this machine: a sandbox")
    home = {urlsplit(each.value).hostname: each for each in Environment}.get(host)
    if home is None:
        return doubtful(
            f"{host} is not one of the vendor's hosts, and the key will be sent there",
            "leave the base URL out, unless this is a gateway of your own",
        )
    if home is not context.environment:
        return bad(
            f"the environment is {name}, and {host} is the host of {home.name.lower()}",
            "leave the base URL out, or name the other environment; a key belongs to one of them",
        )
    if home is Environment.PRODUCTION:
        return good(f"{name}: {host}; what is sent is real")
    return good(f"{name}: {host}; nothing that is sent is real")
