"""Messages for requests that a command makes of its arguments, with the options that are wrong."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator

import click

from confirma_async.errors import RequestInvalidError

_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@contextlib.contextmanager
def of_arguments() -> Generator[None]:
    """Report what is wrong with a request by the arguments that it is made of.

    Raises:
        click.UsageError: the request is not valid.
    """
    try:
        yield
    except RequestInvalidError as error:
        messages = [f"{_argument(problem.path)}{problem.message}" for problem in error.problems]
        raise click.UsageError(f"{'; '.join(messages)}. Nothing was sent") from error


def _argument(path: str) -> str:
    """Return the option that gave a value: ``--due-date: `` for ``$...dueDate``."""
    context = click.get_current_context()
    attribute = _INNER_CAPITAL.sub("_", path.rpartition(".")[2]).lower()
    for parameter in context.command.params:
        if parameter.name == attribute:
            return f"{parameter.get_error_hint(context)}: "
    return ""
