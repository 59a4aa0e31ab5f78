"""Which language is spoken: the one that was asked for, else that of the locale."""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from attrs import define, frozen

LANGUAGES: Mapping[str, str] = {"en": "en", "fi": "fi_FI", "sv": "sv_FI"}
"""Every language, and the locale of numbers and dates where the user's own is of another language."""

CATALOGUES = Path(__file__).parent / "catalogues"
"""Where the translations lie."""

OWN = "confirma"
"""The texts of the command line."""

LIBRARY = "library"
"""The messages of the library, as templates: see ``messages``."""

_NONE = frozenset({"", "C", "POSIX"})


@frozen
class Language:
    """How people are spoken to.

    Attributes:
        code: The language of texts: ``en``, ``fi`` or ``sv``.
        locale: The locale of numbers and dates, such as ``fi_FI``; empty for none, with dates of ISO 8601.
    """

    code: str
    locale: str


@define
class _AskedLanguage:
    """What was asked for on the command line; None for nothing."""

    code: str | None = None


_asked = _AskedLanguage()


def choose(code: str | None) -> None:
    """Speak a language from now on.

    Args:
        code: One of ``LANGUAGES``; None takes that of the locale.
    """
    _asked.code = code


def current() -> Language:
    """Return the language that is spoken."""
    return _language(_asked.code, _locale("LC_MESSAGES"), _locale("LC_NUMERIC"))


def _locale(category: str) -> str:
    """Return a locale of the environment, as POSIX finds it, without its encoding."""
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
    """Return one of our texts in the language that is spoken."""
    return translate(OWN, text)


def translate(domain: str, text: str) -> str:
    """Return a text of another catalogue in the language that is spoken."""
    code = current().code
    return text if code == "en" else _translations(code, domain).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return one of two texts, for one and for several, in the language that is spoken."""
    code = current().code
    if code == "en":
        return one if number == 1 else many
    return _translations(code).ngettext(one, many, number)


@cache
def _translations(code: str, domain: str = OWN) -> _gettext.NullTranslations:
    return _gettext.translation(domain, CATALOGUES, [code])
