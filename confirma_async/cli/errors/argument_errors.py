"""Messages for wrong requests that a command has made from its arguments: they name the options."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator

import click

from confirma_async.errors import RequestInvalidError

_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@contextlib.contextmanager
def of_arguments() -> Generator[None]:
    """Turn the problems of a request, which the block makes from arguments, into an error about these.

    Raises:
        click.UsageError: the block raised an error about the request.
    """
    try:
        yield
    except RequestInvalidError as error:
        messages = [f"{_argument(problem.path)}{problem.message}" for problem in error.problems]
        raise click.UsageError(f"{'; '.join(messages)}. Nothing was sent") from error


def _argument(path: str) -> str:
    """Return the option for a problem's path: ``--due-date: `` for ``$...dueDate``."""
    context = click.get_current_context()
    attribute = _INNER_CAPITAL.sub("_", path.rpartition(".")[2]).lower()
    for parameter in context.command.params:
        if parameter.name == attribute:
            return f"{parameter.get_error_hint(context)}: "
    return ""
