"""Numbers, amounts, dates and stretches of time as people of a locale write them; nothing is rounded."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING

from confirma_async.cli.language.choice import current, gettext as _

if TYPE_CHECKING:
    from babel import Locale

_DIGITS = Context(prec=200)
_DAY = 24 * 60 * 60
_FALLBACK = "en"
_SPACES: Mapping[int, str] = {0xA0: " ", 0x202F: " "}
"""Spaces that hold a number together, and that not every terminal knows."""


@cache
def _parsed(name: str) -> Locale:
    from babel import Locale, UnknownLocaleError  # here and below: it takes time, and is seldom needed

    try:
        return Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return Locale(_FALLBACK)


def _locale() -> Locale:
    return _parsed(current().locale or _FALLBACK)


def number(value: Decimal | int, form: str | None = None) -> str:
    """Return a number exactly as it is: ``25.5`` or ``25,5``; or with the decimals of a form at least."""
    from babel.numbers import format_decimal

    with localcontext(_DIGITS):
        return str(format_decimal(value, form, _locale(), decimal_quantization=False))


def count(value: int) -> str:
    """Return a whole number, its thousands apart: ``4,200`` or ``4 200``."""
    return number(value)


def amount(value: Decimal) -> str:
    """Return an amount exactly as it is, with at least two decimals: ``1,234.50`` or ``1 234,50``."""
    return number(value, "#,##0.00")


def money(value: Decimal, currency: str) -> str:
    """Return an amount with its currency: ``€1,234.50`` or ``1 234,50 €``; without one, the amount alone."""
    from babel.numbers import format_currency

    if not currency:
        return amount(value)
    with localcontext(_DIGITS):
        return str(format_currency(value, currency, locale=_locale(), decimal_quantization=False))


def day(value: datetime.date) -> str:
    """Return a date: ``2026-11-02``, or as the locale writes it, ``2.11.2026``."""
    return value.isoformat() if not current().locale else _date(value)


def _date(value: datetime.date) -> str:
    from babel.dates import format_date

    locale = _locale()
    pattern = locale.date_formats["short"].pattern
    whole = pattern if "yyyy" in pattern else pattern.replace("yy", "y")  # with the whole year
    return str(format_date(value, whole, locale=locale))


def moment(value: datetime.datetime) -> str:
    """Return a moment to the minute, as the clock of its zone shows it."""
    from babel.dates import format_time

    if not current().locale:
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{_date(value)} {format_time(value.timetz(), 'short', locale=_locale())}"


def when(seconds: float, now: float) -> str:
    """Return when something was: how long ago, or after a day the moment.

    Args:
        seconds: The moment, in seconds since 1970.
        now: Now, likewise.
    """
    return ago(now - seconds) if 0 <= now - seconds < _DAY else moment(local(seconds))


def local(seconds: float) -> datetime.datetime:
    """Return a moment in the zone of this machine.

    Args:
        seconds: Seconds since 1970.
    """
    return datetime.datetime.fromtimestamp(seconds).astimezone()


def ago(seconds: float) -> str:
    """Return how long ago something was: ``14 minutes ago``."""
    return _("just now") if seconds < 1 else lasting(-seconds, is_distance=True)


def lasting(seconds: float, *, is_distance: bool = False) -> str:
    """Return a stretch of time, about as long as it is: ``14 minutes``; as a distance, whether it is past."""
    from babel.dates import format_timedelta

    stretch, spoken = datetime.timedelta(seconds=seconds), _parsed(current().code)
    return str(format_timedelta(stretch, add_direction=is_distance, threshold=1.5, locale=spoken))


def rate(value: float) -> str:
    """Return how many there are in a second, to a tenth."""
    return number(Decimal(f"{value:.1f}"), "#,##0.0")


def short(seconds: float) -> str:
    """Return a short time: ``20 ms`` or ``1.5 s``."""
    if seconds < 1:
        return f"{count(round(seconds * 1000))} ms"
    return f"{number(Decimal(str(seconds)))} s"


def zone(value: datetime.datetime) -> str:
    """Return the time zone of a moment by its name and its distance to UTC: ``EET, UTC+02:00``."""
    apart = f"UTC{value:%z}" if value.utcoffset() else ""
    apart = f"{apart[:-2]}:{apart[-2:]}" if apart else ""
    return ", ".join(part for part in (value.tzname() or "UTC", apart) if part)


def plain(text: str) -> str:
    """Return a text with ordinary spaces, for terminals."""
    return text.translate(_SPACES)
