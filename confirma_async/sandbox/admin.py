"""The administration of the sandbox over HTTP, below ``/_sandbox/``: what ``Controls`` does, and faults.

A command is called by the name of its method: ``POST /_sandbox/pay`` with a JSON object of its arguments.
Nothing here is the vendor's, so nothing goes by the vendor's names. It answers on this machine only.
"""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import msgspec
from attrs import frozen

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.answers import SandboxResponse, error_response
from confirma_async.sandbox.controls import Controls
from confirma_async.sandbox.faults import Faults
from confirma_async.settings import is_loopback

PREFIX = "/_sandbox/"

_encode = msgspec.json.Encoder(decimal_format="number").encode


@frozen(kw_only=True)
class Command:
    """One command of the administration.

    Attributes:
        what: What the command does, in a sentence.
        method: The HTTP method.
        run: Does it, with the controls, the faults and the arguments.
        arguments: Its arguments, as a structure that their JSON is read into.
    """

    what: str
    method: str
    run: Callable[[Controls, Faults, Mapping[str, Any]], object]
    arguments: type[msgspec.Struct]


def _arguments_of(function: Callable[..., object]) -> type[msgspec.Struct]:
    """Return the parameters of a method as a structure that JSON is read into, and nothing else with it."""
    kinds = typing.get_type_hints(function)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.default is inspect.Parameter.empty:
            fields.append((parameter.name, kinds[parameter.name]))
        else:
            fields.append((parameter.name, kinds[parameter.name], parameter.default))
    arguments = msgspec.defstruct(function.__name__, fields, kw_only=True, forbid_unknown_fields=True)
    msgspec.json.Decoder(arguments)  # works it out, which two threads must not do at once
    return arguments


def _command(
    function: Callable[..., object],
    run: Callable[[Controls, Faults, Mapping[str, Any]], object],
    method: str = "POST",
) -> Command:
    what = (inspect.getdoc(function) or "").partition("\n\n")[0]
    return Command(what=what, method=method, run=run, arguments=_arguments_of(function))


def _of_controls(name: str, *, method: str = "POST") -> Command:
    def run(controls: Controls, _faults: Faults, arguments: Mapping[str, Any]) -> object:
        return getattr(controls, name)(**arguments)

    return _command(getattr(Controls, name), run, method)


def _of_faults(name: str) -> Command:
    def run(_controls: Controls, faults: Faults, arguments: Mapping[str, Any]) -> object:
        return getattr(faults, name)(**arguments)

    return _command(getattr(Faults, name), run)


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "state": _of_controls("state", method="GET"),
        "advance": _of_controls("advance"),
        "pay": _of_controls("pay"),
        "change_payment": _of_controls("change_payment"),
        "approve": _of_controls("approve"),
        "disapprove": _of_controls("disapprove"),
        "resume_case": _of_controls("resume_case"),
        "expire_token": _of_controls("expire_token"),
        "connect_accounting": _of_controls("connect_accounting"),
        "register": _of_controls("register"),
        "add_records": _of_controls("add_records"),
        "remove_records": _of_controls("remove_records"),
        "add_fault": _of_faults("add"),
        "clear_faults": _of_faults("clear"),
    }
)
"""Every command, by the last part of its path."""


def is_administration(path: str) -> bool:
    """Say whether a path belongs to the administration of the sandbox."""
    return path.startswith(PREFIX)


def administer(
    controls: Controls, faults: Faults, *, method: str, path: str, senders: Sequence[str], body: bytes
) -> SandboxResponse:
    """Run a command and answer with what it returns.

    A page of somebody else's, open in a browser on this machine, can send requests here: those that are
    addressed to another name, or say that they come from another site, get 403.

    Args:
        controls: What runs the commands.
        faults: The faults that can be ordered.
        method: The HTTP method.
        path: The path, from the host on.
        senders: The URLs of the host that is addressed and of the site that asks; empty where it says none.
        body: The arguments, as JSON.
    """
    if not all(is_loopback(_host_of(url) or "") for url in senders if url):
        return error_response(403, "the administration is for this machine only, by its own name")
    command = COMMANDS.get(path.removeprefix(PREFIX))
    if command is None:
        return error_response(404, f"there is no such command; there are {', '.join(COMMANDS)}")
    if method != command.method:
        return error_response(405, f"this command takes {command.method}", headers={"Allow": command.method})
    try:
        arguments = msgspec.json.Decoder(command.arguments, float_hook=Decimal).decode(body or b"{}")
        result = command.run(controls, faults, msgspec.structs.asdict(arguments))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a command holds no secret: say what is wrong
        wanted = _wanted(command)
        return error_response(400, f"these are not the arguments of the command: {error}; it takes {wanted}")
    except ConfigurationError as error:
        return error_response(409, str(error))
    return SandboxResponse(body=_encode(result))


def is_host(name: str) -> bool:
    """Say whether what a request gives as the host that it is addressed to can be one, with its port."""
    return _host_of(f"//{name}") is not None


def _host_of(url: str) -> str | None:
    """Return the host that a URL names; None where it cannot be read."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _wanted(command: Command) -> str:
    """List the arguments of a command, with the words of one that takes certain words only."""
    described: list[str] = []
    for argument in msgspec.structs.fields(command.arguments):
        words = ""
        if isinstance(argument.type, type) and issubclass(argument.type, enum.Enum):
            words = f" (one of: {', '.join(str(member.value) for member in argument.type)})"
        described.append(f"{argument.name}{words}")
    return ", ".join(described) or "none"
