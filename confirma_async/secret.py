"""Secrets: API keys and tokens, whose text never shows."""

from __future__ import annotations

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
