"""Chooses the user's language: the one that the command line names, or else that of the locale."""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from attrs import define, frozen

LANGUAGES: Mapping[str, str] = {"en": "en", "fi": "fi_FI", "sv": "sv_FI"}
"""Every language, with the locale of its numbers and dates for users whose locale is of another language."""

CATALOGUES = Path(__file__).parent / "catalogues"
"""The folder of the translations."""

OWN = "confirma"
"""The catalogue of the command line's texts."""

LIBRARY = "library"
"""The catalogue of the library's messages, which are templates: see ``messages``."""

_NONE = frozenset({"", "C", "POSIX"})


@frozen
class Language:
    """The language of texts, and the locale of numbers and dates.

    Attributes:
        code: The language of texts: ``en``, ``fi`` or ``sv``.
        locale: The locale of numbers and dates, such as ``fi_FI``; empty for none, with dates of ISO 8601.
    """

    code: str
    locale: str


@define
class _AskedLanguage:
    """The language that the command line names; None if it names none."""

    code: str | None = None


_asked = _AskedLanguage()


def choose(code: str | None) -> None:
    """Use a language from now on.

    Args:
        code: One of ``LANGUAGES``; None takes that of the locale.
    """
    _asked.code = code


def current() -> Language:
    """Return the user's language."""
    return _language(_asked.code, _locale("LC_MESSAGES"), _locale("LC_NUMERIC"))


def _locale(category: str) -> str:
    """Return the environment's locale for a category, found as POSIX says, without its encoding."""
    found = next((value for name in ("LC_ALL", category, "LANG") if (value := os.environ.get(name))), "")
    name = found.partition(".")[0].partition("@")[0]
    return "" if name in _NONE else name


@lru_cache(maxsize=16)
def _language(asked: str | None, texts: str, numbers: str) -> Language:
    code = asked or texts.partition("_")[0]
    if code not in LANGUAGES:
        code = "en"
    if asked is None or numbers.partition("_")[0] == asked:
        return Language(code, numbers)
    return Language(code, "" if asked == "en" else LANGUAGES[asked])


def gettext(text: str) -> str:
    """Return a text of the command line in the user's language."""
    return translate(OWN, text)


def translate(domain: str, text: str) -> str:
    """Return a text of a catalogue in the user's language."""
    code = current().code
    return text if code == "en" else _translations(code, domain).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the text for one or for several, by a number, in the user's language."""
    code = current().code
    if code == "en":
        return one if number == 1 else many
    return _translations(code).ngettext(one, many, number)


@cache
def _translations(code: str, domain: str = OWN) -> _gettext.NullTranslations:
    return _gettext.translation(domain, CATALOGUES, [code])
