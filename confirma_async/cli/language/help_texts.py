"""Translates the help of commands: makes copies of commands with translated texts.

A docstring is translated paragraph by paragraph; a block that is not wrapped (``\\b``), line by line.
"""

from __future__ import annotations

import copy
import gettext as _gettext
import inspect
import os
from collections.abc import Iterator

import click

from confirma_async.cli.language.choice import CATALOGUES, current, translate

HELP = "help"
"""The catalogue of help texts."""

CLICK = "click"
"""The catalogue of click's own texts."""

_UNWRAPPED = "\b"


def speak(*, in_english: bool = False) -> None:
    """Set the language of click's own texts, which it gets from gettext, and gettext from the environment.

    Args:
        in_english: Whether to use English, because machines read the output.
    """
    _gettext.bindtextdomain(CLICK, str(CATALOGUES))
    _gettext.textdomain(CLICK)
    os.environ["LANGUAGE"] = "en" if in_english else current().code


def translated(command: click.Command) -> click.Command:
    """Return a copy of a command whose help is in the user's language."""
    if current().code == "en":
        return command
    shown = copy.copy(command)
    shown.help = _whole(command.help)
    shown.short_help = _line(command.short_help)
    shown.params = [_parameter(each) for each in command.params]
    if isinstance(shown, click.Group):
        shown.commands = {name: translated(each) for name, each in shown.commands.items()}
    return shown


def texts_of(command: click.Command) -> Iterator[str]:
    """Yield the texts of a command's help that are to be translated."""
    for lines in _blocks(command.help or ""):
        yield from (line.strip() for line in lines if line not in {"", _UNWRAPPED})
    if command.short_help:
        yield command.short_help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield each block of a help text as its lines; a block that click wraps is one line."""
    for block in inspect.cleandoc(text).split("\n\n"):
        lines = block.splitlines()
        yield lines if lines[:1] == [_UNWRAPPED] else [" ".join(lines)]


def _whole(text: str | None) -> str | None:
    if text is None:
        return None
    return "\n\n".join("\n".join(map(_indented, lines)) for lines in _blocks(text))


def _indented(line: str) -> str:
    text = line.lstrip()
    return line[: len(line) - len(text)] + (_line(text) or "")


def _line(text: str | None) -> str | None:
    return translate(HELP, text) if text else text


def _parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    shown = copy.copy(parameter)
    shown.help = _line(parameter.help)
    return shown
