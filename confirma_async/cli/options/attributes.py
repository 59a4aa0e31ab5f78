"""Makes options of the command line from the attributes of a class of the library."""

from __future__ import annotations

import enum
from typing import Any

import attrs
import click
from attrs import evolve, frozen

from confirma_async.bounds import Within
from confirma_async.cli.flags import FLAGS
from confirma_async.cli.options import FiniteRange, WholeRange
from confirma_async.cli.options.bundle import Decorator, bundle


@frozen
class OptionOf:
    """An option that is made from an attribute; the command takes its value by the attribute's name.

    Its own name is in ``FLAGS``, which messages of the library use, too. Its bounds, choices and default are
    those of the attribute. If the attribute may be None, but is a number by default, 0 stands for None.

    Attributes:
        attribute: The attribute of a class made by attrs.
        meaning: The help of the option.
        metavar: The word for its value in the help, such as SECONDS.
        read: Reads the value of an attribute that has neither bounds nor choices.
    """

    attribute: attrs.Attribute[Any]
    meaning: str
    metavar: str | None = None
    read: Any = None

    def __call__(self, command: Any) -> Any:
        """Add the option to a command."""
        default = self.attribute.default
        kind, is_zero_none = self._kind()
        decorate: Decorator = click.option(
            FLAGS[self.attribute.name],
            self.attribute.name,
            type=kind,
            is_flag=True if default is False else None,
            default=default.value if isinstance(default, enum.Enum) else default,
            show_default=default is not None and default is not False,
            metavar=self.metavar,
            callback=_none_for_zero if is_zero_none else None,
            help=self.meaning,
        )
        return decorate(command)

    def _kind(self) -> tuple[Any, bool]:
        """Return the type of the option, and whether 0 stands for None."""
        held, default = self.attribute.validator, self.attribute.default
        if isinstance(held, Within):
            is_zero_none = held.optional and default is not None and held.bounds.least > 0
            bounds = evolve(held.bounds, least=0) if is_zero_none else held.bounds
            return (WholeRange if bounds.whole else FiniteRange)(bounds), is_zero_none
        if isinstance(default, enum.Enum):
            return click.Choice([choice.value for choice in type(default)]), False
        return self.read, False


def object_of(name: str, kind: type[object], *options: OptionOf) -> Decorator:
    """Make a decorator that adds options to a command, which gets one object of a class made from them.

    Args:
        name: The parameter of the command that gets the object.
        kind: The class of the object.
        options: The options, in the order in which the help shows them. Attributes without one have their
            default.
    """
    return bundle(name, kind, *options, parameters=[option.attribute.name for option in options])


def _none_for_zero(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    return value or None
