"""Writes numbers, amounts, dates and durations as the user's locale does; exact values are not rounded."""

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
"""The no-break spaces in numbers, which not every terminal shows, and the ordinary space for each."""


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
    """Return a number exactly: ``25.5`` or ``25,5``; a form says how many decimals it has at least."""
    from babel.numbers import format_decimal

    with localcontext(_DIGITS):
        return str(format_decimal(value, form, _locale(), decimal_quantization=False))


def count(value: int) -> str:
    """Return a whole number with separated thousands: ``4,200`` or ``4 200``."""
    return number(value)


def amount(value: Decimal) -> str:
    """Return an amount exactly, with at least two decimals: ``1,234.50`` or ``1 234,50``."""
    return number(value, "#,##0.00")


def money(value: Decimal, currency: str) -> str:
    """Return an amount with its currency: ``€1,234.50`` or ``1 234,50 €``; without one, the amount alone."""
    from babel.numbers import format_currency

    if not currency:
        return amount(value)
    with localcontext(_DIGITS):
        return str(format_currency(value, currency, locale=_locale(), decimal_quantization=False))


def day(value: datetime.date) -> str:
    """Return a date as the locale writes it, such as ``2.11.2026``; without a locale, ``2026-11-02``."""
    return value.isoformat() if not current().locale else _date(value)


def _date(value: datetime.date) -> str:
    from babel.dates import format_date

    locale = _locale()
    pattern = locale.date_formats["short"].pattern
    whole = pattern if "yyyy" in pattern else pattern.replace("yy", "y")  # with the whole year
    return str(format_date(value, whole, locale=locale))


def moment(value: datetime.datetime) -> str:
    """Return a moment to the minute, in its own time zone."""
    from babel.dates import format_time

    if not current().locale:
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{_date(value)} {format_time(value.timetz(), 'short', locale=_locale())}"


def when(seconds: float, now: float) -> str:
    """Return when something was: how long ago, or the moment if that was more than a day ago.

    Args:
        seconds: The moment, in seconds since 1970.
        now: The present moment, in seconds since 1970.
    """
    return ago(now - seconds) if 0 <= now - seconds < _DAY else moment(local(seconds))


def local(seconds: float) -> datetime.datetime:
    """Return a moment in the time zone of this machine.

    Args:
        seconds: The moment, in seconds since 1970.
    """
    return datetime.datetime.fromtimestamp(seconds).astimezone()


def ago(seconds: float) -> str:
    """Return how long ago something was: ``14 minutes ago``."""
    return _("just now") if seconds < 1 else lasting(-seconds, is_distance=True)


def lasting(seconds: float, *, is_distance: bool = False) -> str:
    """Return a duration in its largest unit: ``14 minutes``; as a distance from now, ``14 minutes ago``."""
    from babel.dates import format_timedelta

    stretch, spoken = datetime.timedelta(seconds=seconds), _parsed(current().code)
    return str(format_timedelta(stretch, add_direction=is_distance, threshold=1.5, locale=spoken))


def rate(value: float) -> str:
    """Return a rate per second, to a tenth."""
    return number(Decimal(f"{value:.1f}"), "#,##0.0")


def short(seconds: float) -> str:
    """Return a short time: ``20 ms`` or ``1.5 s``."""
    if seconds < 1:
        return f"{count(round(seconds * 1000))} ms"
    return f"{number(Decimal(str(seconds)))} s"


def zone(value: datetime.datetime) -> str:
    """Return the time zone of a moment, with its offset from UTC: ``EET, UTC+02:00``."""
    apart = f"UTC{value:%z}" if value.utcoffset() else ""
    apart = f"{apart[:-2]}:{apart[-2:]}" if apart else ""
    return ", ".join(part for part in (value.tzname() or "UTC", apart) if part)


def plain(text: str) -> str:
    """Return a text with ordinary spaces in place of no-break spaces, for terminals."""
    return text.translate(_SPACES)
