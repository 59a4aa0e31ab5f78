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
"""What the paths of the administration begin with."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


@frozen(kw_only=True)
class Command:
    """One command of the administration.

    Attributes:
        what: What the command does, in a sentence.
        method: The HTTP method.
        owner: The class whose method it is.
        verb: The name of the method.
        arguments: Its arguments, as a structure that their JSON is read into.
    """

    what: str
    method: str
    owner: type[Controls | Faults]
    verb: str
    arguments: type[msgspec.Struct]


def _arguments_of(function: Callable[..., object]) -> type[msgspec.Struct]:
    """Return the parameters of a method as a structure that JSON is read into, and nothing else with it."""
    kinds = typing.get_type_hints(function)
    fields = [
        (parameter.name, kinds.get(parameter.name, parameter.annotation), _default_of(parameter))
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]
    arguments = msgspec.defstruct(function.__name__, fields, kw_only=True, forbid_unknown_fields=True)
    msgspec.json.Decoder(arguments)  # works it out, which two threads must not do at once
    return arguments


def _default_of(parameter: inspect.Parameter) -> Any:
    return msgspec.NODEFAULT if parameter.default is inspect.Parameter.empty else parameter.default


def _command(owner: type[Controls | Faults], verb: str, method: str = "POST") -> Command:
    function = getattr(owner, verb)
    what = (inspect.getdoc(function) or "").partition("\n\n")[0]
    return Command(what=what, method=method, owner=owner, verb=verb, arguments=_arguments_of(function))


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "state": _command(Controls, "state", method="GET"),
        "advance": _command(Controls, "advance"),
        "pay": _command(Controls, "pay"),
        "change_payment": _command(Controls, "change_payment"),
        "approve": _command(Controls, "approve"),
        "disapprove": _command(Controls, "disapprove"),
        "resume_case": _command(Controls, "resume_case"),
        "expire_token": _command(Controls, "expire_token"),
        "connect_accounting": _command(Controls, "connect_accounting"),
        "register": _command(Controls, "register"),
        "add_records": _command(Controls, "add_records"),
        "remove_records": _command(Controls, "remove_records"),
        "add_fault": _command(Faults, "add"),
        "clear_faults": _command(Faults, "clear"),
    }
)
"""Every command, by the last part of its path."""


def administer(
    controls: Controls, *, method: str, path: str, senders: Sequence[str], body: bytes
) -> SandboxResponse:
    """Run a command and answer with what it returns.

    A page of somebody else's, open in a browser on this machine, can send requests here: those that are
    addressed to another name, or say that they come from another site, get 403.

    Args:
        controls: What runs the commands, and has the faults that can be ordered.
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
        owner = controls.faults if command.owner is Faults else controls
        result = getattr(owner, command.verb)(**msgspec.structs.asdict(arguments))
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
