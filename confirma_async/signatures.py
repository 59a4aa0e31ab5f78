"""Signatures of methods that take the attributes of a class as options, by keyword."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import TypeVar

C = TypeVar("C", bound=type)


def shows(arguments: type, options: type) -> Callable[[C], C]:
    """Make ``help()`` and ``inspect.signature`` show each option of the verbs of a class by its own name.

    Args:
        arguments: The typed dict that the verbs unpack.
        options: The class that has an attribute for each of them, with its default.
    """
    parameters = inspect.signature(options).parameters
    shown = [
        parameters[name].replace(annotation=kind) for name, kind in typing.get_type_hints(arguments).items()
    ]

    def show(cls: C) -> C:
        for name, verb in vars(cls).items():
            if not name.startswith("_") and inspect.isfunction(verb):
                signature = inspect.signature(verb)
                own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
                if len(own) < len(signature.parameters):
                    verb.__signature__ = signature.replace(parameters=[*own, *shown])  # type: ignore[attr-defined]  # a function takes any attribute
        return cls

    return show
