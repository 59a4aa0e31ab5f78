"""What must not show: secrets, personal identity numbers, and what messages may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

HIDDEN: Final = "[secret]"


class Secret:
    """A text that shows in no repr, string, format or log; ``reveal`` hands it out.

    It pickles and copies with its text, so that it can reach another process: who can read the pickle can
    read the secret. It cannot be changed, and encodes into no JSON by itself.

    Args:
        text: The text, or a secret to take it from.
    """

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: str | Secret) -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """Return the text itself. Do not print it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, (self._text,)


def secret(text: str | Secret | None) -> Secret | None:
    """Return the text as a secret; None stays None."""
    return None if text is None else Secret(text)


_MONTH = "(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_NUMBER = (
    rf"(?:{_DAY}{_MONTH}\d\d[-+A-FU-Y]\d{{3}}[0-9A-Z]"
    rf"|(?:\d\d)?\d\d{_MONTH}(?:{_DAY}|6[1-9]|[78]\d|9[01])[-+]\d{{4}})"
)
"""Finnish and Swedish ones, those of coordination included, by their dates alone: what is shown must not
depend on a check digit, since a number with a wrong digit is still a person's. The number of a Swedish
organisation has no month, and so has an invoice number such as 202626-0001."""

_ALONE = re.compile(_NUMBER, re.ASCII | re.IGNORECASE)
_WITHIN = re.compile(rf"(?<![0-9]){_NUMBER}(?![0-9A-Z])", re.ASCII | re.IGNORECASE)

MASK = "[personal number]"

SHORTEST_KEY: Final = 8
"""Characters of the shortest key that is blotted out: a shorter one stands in ordinary words and numbers."""

_DRIVING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters, line separators, what turns the direction of a text, and what shows as nothing."""

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def may_be_personal_number(text: str) -> bool:
    """Say whether a whole text may be a personal identity number, so that no message shows it.

    This decides what is hidden. What a value is, and so where it is sent, ``formats`` decides more strictly.
    """
    return _ALONE.fullmatch(text.strip()) is not None


def masked(text: str) -> str:
    """Return the text with everything that looks like a personal identity number blotted out."""
    return _WITHIN.sub(MASK, text)


def visible(text: str, *, lines: bool = False) -> str:
    r"""Write control characters out (``\x1b``), so that a text drives no terminal and forges no line.

    A text that has been through this once stays as it is.

    Args:
        text: Any text.
        lines: Whether its line breaks stay: it is made of several lines of our own.
    """
    if text.isprintable():
        return text
    if lines:
        return "\n".join(map(visible, text.split("\n")))
    return _DRIVING.sub(_written_out, text)


def quoted(text: str, longest: int | None = None) -> str:
    """Return what somebody else said, as a message of ours may repeat it: one line, masked and visible.

    Args:
        text: What was said.
        longest: Characters that are repeated at most.
    """
    return visible(masked(text))[:longest]


def _written_out(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    return _SHORT.get(char) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


class Mask:
    r"""Blots out keys, however they are written.

    A service that echoes a key may write it as JSON does (``\/``, ``\u002B``), as HTML or a URL does, or in
    wide characters; each of these is found, JSON within a text of JSON included.

    Args:
        secrets: The keys. One of fewer than ``SHORTEST_KEY`` characters is passed over.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._keys = {text for each in secrets if len(text := each.reveal()) >= SHORTEST_KEY}
        self._plain = tuple(key.lower().encode() for key in self._keys)

    @cached_property
    def _in_text(self) -> re.Pattern[str]:  # made when first needed: it takes longer than making a client
        return re.compile(_anyhow(self._keys), re.ASCII | re.IGNORECASE)

    @cached_property
    def _in_bytes(self) -> re.Pattern[bytes]:
        return re.compile(_anyhow(self._keys).encode(), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Return the text without the keys."""
        return self._in_text.sub(HIDDEN, text) if self._may_stand_in(text.encode(*_ANY)) else text

    def body(self, body: bytes) -> bytes:
        """Return the body of an answer without the keys; what was JSON before is so still."""
        return self._in_bytes.sub(_HIDDEN_BYTES, body) if self._may_stand_in(body) else body

    def _may_stand_in(self, body: bytes) -> bool:
        """Say whether the pattern, which takes its time, must look at a body."""
        low = body.lower()
        # "key in low" takes twice as long as this: it first tries to read the key as one number, and fails.
        for key in self._plain:
            if low.find(key) >= 0:
                return True
        escaped = _BACKSLASH in low or _PERCENT in low or _AMPERSAND in low or 0 in low
        return escaped and bool(self._plain) and _ESCAPE.search(low) is not None

    def __repr__(self) -> str:
        return f"<mask of {len(self._plain)} keys>"


_HIDDEN_BYTES = HIDDEN.encode()
_BACKSLASH, _PERCENT, _AMPERSAND = b"\\%&"  # as the numbers that they are in bytes

_ANY = ("utf-8", "surrogatepass")
"""How any text becomes bytes."""

_ESCAPE = re.compile(rb"\\(?:[^u]|u00[2-7])|%[2-7]|&(?:#|amp|lt|gt|quot|apos)|\x00")
"""What an escaped character of a key begins with; ordinary letters beyond ASCII do not."""

_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _anyhow(keys: Iterable[str]) -> str:
    return "|".join(map(_however_written, keys))


def _however_written(key: str) -> str:
    """Return a pattern for a text, each of its characters plain or escaped.

    Bounded, so that time is linear.
    """
    return "\x00{0,3}".join(map(_character, key))


def _character(char: str) -> str:
    code = ord(char)
    forms = [
        rf"\\{{0,8}}{re.escape(char)}",
        rf"\\{{1,8}}(?:u00|x){code:02x}",
        f"%(?:25){{0,3}}{code:02x}",
        f"&(?:amp;){{0,3}}#0{{0,6}}{code};",
        f"&(?:amp;){{0,3}}#x0{{0,6}}{code:x};",
    ]
    if char in _NAMED:
        forms.append(f"&(?:amp;){{0,3}}{_NAMED[char]};")
    return f"(?:{'|'.join(forms)})"


HIDDEN_NUMBER = "(not shown: it looks like a personal identity number, not an invoice number)"

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_LONG_NUMERAL = re.compile(r"\d{4}")
_SHOWN = 40


def number_shown(number: str) -> str:
    """Return an invoice number as a message may show it: cut if long, hidden if it may be a person's."""
    if may_be_personal_number(number):
        return HIDDEN_NUMBER
    return visible(number if len(number) <= _SHOWN else number[:_SHOWN] + "...")


def looks_like_name(text: str) -> bool:
    """Say whether a text is what columns and keys are called, not what stands in them."""
    return _NAME.fullmatch(text) is not None and _LONG_NUMERAL.search(text) is None


def printable(text: str) -> str:
    """Return a text from a file or its name as every encoding can carry it, and as it drives no terminal."""
    if text.isprintable():  # nearly always
        return text
    return visible(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
