r"""Prints to the terminal, with control characters made visible.

Every command prints through here, tables through ``Terminal``. Characters that would move the cursor, set the
clipboard or the title, turn the direction of a text, or begin a line of their own are written out (``\x1b``).
"""

from __future__ import annotations

import logging
import re

import click
import msgspec

from confirma_async.privacy import visible

_encode = msgspec.json.Encoder(decimal_format="number").encode

_BEYOND_ASCII = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Characters that JSON allows, but that can drive a terminal; they are written as ``\\u...``."""


def say(text: str, *, err: bool = False, lines: bool = False) -> None:
    """Print a text, and a line break.

    Args:
        text: The text to print.
        err: Whether to print it to standard error.
        lines: Whether line breaks in the text are our own, and are printed; those of a name or of the service
            are not.
    """
    click.echo(visible(text, lines=lines), err=err)


def json_document(value: object) -> bytes:
    """Return a value as indented JSON; decimals are exact numbers."""
    return _harmless(msgspec.json.format(_encode(value), indent=2))


def json_line(value: object) -> bytes:
    """Return a value as one line of JSON."""
    return _harmless(msgspec.json.encode(value)) + b"\n"


class LogFormatter(logging.Formatter):
    """Writes a log record in one line, which its traceback follows if there is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name that logging calls)
        """Return the line of a log record."""
        return visible(super().formatMessage(record))


def _harmless(document: bytes) -> bytes:
    return document if document.isascii() else _BEYOND_ASCII.sub(_escaped, document.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
