"""Finds out about the amounts of a table: which include VAT, which are VAT, and which are rates instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from confirma_async.formats.tables.cells import Cell, Percent
from confirma_async.formats.tables.columns import COLUMNS
from confirma_async.formats.tables.propose import guess as reasons
from confirma_async.formats.tables.propose.guess import Guess
from confirma_async.formats.tables.propose.seen import SeenTable
from confirma_async.formats.values.decimals import total

RATES = frozenset(
    map(Decimal, ("0", "6", "8", "9", "10", "12", "13.5", "14", "22", "23", "24", "25", "25.5"))
)
"""Rates of VAT of Finland and Sweden, present and former ones, in per cent."""

FRACTIONS = frozenset(rate / 100 for rate in RATES)
"""The same rates, as fractions."""

_ROUNDED = Decimal("0.011")
"""Euros by which the VAT of a line may differ from its rate of the net amount."""
_PARTS = ("net_amount", "vat_amount", "gross_amount")

ColumnNumbers = Sequence[Decimal | None]
AmountCheck = Callable[[Decimal, Decimal, Decimal], bool]


def find_rate(guess: Guess, seen: SeenTable) -> None:
    """Take a column that is named after VAT, and whose values are rates, as the rate of VAT."""
    title = guess.columns.get("row_vat_amount")
    if title is None or not _holds_rates(seen, title):
        return
    net, gross = _title(guess, "net_amount"), _title(guess, "gross_amount")
    if net and gross and _fits(seen, (net, title, gross), lambda net, vat, gross: net + vat == gross):
        return
    if _are_written_as_amounts(seen, title) and (
        net is None or _fits(seen, (net, net, title), lambda net, _, own: _is_some_vat(net, own))
    ):
        guess.doubts["row_vat_amount"] = reasons.MAY_BE_RATE
        return
    if "row_vat_percentage" in guess.columns:
        del guess.columns["row_vat_amount"]
        guess.rivals[title] = reasons.IS_RATE
    else:
        reason = reasons.IS_FRACTION if any(fractions(seen, title)) else reasons.IS_RATE
        guess.rename("row_vat_amount", "row_vat_percentage", reason)


def find_amounts(guess: Guess, seen: SeenTable) -> None:
    """Find out by sums what amounts are whose names do not say it; those left open are rivals."""
    doubtful = guess.columns.get("row_gross_amount")
    if doubtful is not None and "row_gross_amount" in guess.doubts:
        found = _role(guess, seen, doubtful, without="row_gross_amount")
        if found == "row_gross_amount":
            del guess.doubts[found]
        elif found is not None and found not in guess.columns:
            guess.rename("row_gross_amount", found, None)
    for title in seen.titles:
        if guess.title_taken(title) is not None or title in guess.decided or not seen.is_numeric(title):
            continue
        found = _role(guess, seen, title)
        if found is None or found in guess.columns:
            guess.rivals.setdefault(
                title, reasons.HOLDS_AMOUNTS if seen.is_money(title) else reasons.HOLDS_NUMBERS
            )
        else:
            guess.columns[found] = title
            guess.rivals.pop(title, None)


def find_row_values(guess: Guess, seen: SeenTable) -> None:
    """Take columns that differ within an invoice, such as a description, as columns of its rows."""
    if "number" not in guess.columns:
        return
    several = [lines for lines in seen.invoices(guess.columns["number"]) if len(lines) > 1]
    for name, title in [*guess.columns.items()]:
        own = f"row_{name}"
        if own not in COLUMNS or own in guess.columns or title in guess.decided:
            continue
        cells = seen.cells(title)
        if any(len({str(cells[line]) for line in lines if cells[line] != ""}) > 1 for lines in several):
            guess.rename(name, own, None)


def find_totals(guess: Guess, seen: SeenTable) -> None:
    """Take amounts that are the same on every line of an invoice as totals of the invoice."""
    if "number" not in guess.columns:
        return
    several = [lines for lines in seen.invoices(guess.columns["number"]) if len(lines) > 1]
    for part in _PARTS:
        title = guess.columns.get(f"row_{part}")
        if title is None or part in guess.columns or title in guess.decided or not several:
            continue
        index = seen.titles.index(title)
        same = all(
            len({str(seen.rows[line][index]) for line in lines if index < len(seen.rows[line])}) == 1
            for lines in several
        )
        differ = any(len({str(seen.rows[line]) for line in lines}) > 1 for lines in several)
        if same and differ:
            guess.rename(f"row_{part}", part, reasons.IS_TOTAL)


def _holds_rates(seen: SeenTable, title: str) -> bool:
    values = seen.values[title]
    if not seen.is_numeric(title):
        return False
    if all(isinstance(cell, Percent) or (isinstance(cell, str) and cell.endswith("%")) for cell in values):
        return True
    numbers = [number for number in seen.numbers(title) if number is not None]
    return all(number in RATES or number in FRACTIONS for number in numbers) and any(numbers)


def fractions(seen: SeenTable, title: str) -> Iterator[tuple[Cell, Decimal]]:
    """Yield the cells of a column that hold rates of VAT as fractions, such as 0.255, and their numbers."""
    for cell, number in zip(seen.cells(title), seen.numbers(title), strict=True):
        is_percent = isinstance(cell, Percent) or (isinstance(cell, str) and cell.endswith("%"))
        if number is not None and 0 < number < 1 and number in FRACTIONS and not is_percent:
            yield cell, number


def _are_written_as_amounts(seen: SeenTable, title: str) -> bool:
    return all(isinstance(cell, str) and cell[-3:-2] in {",", "."} for cell in seen.values[title])


def _is_some_vat(net: Decimal, vat: Decimal) -> bool:
    return any(_has_vat(net, rate, net + vat) for rate in RATES)


def _title(guess: Guess, part: str) -> str | None:
    return guess.columns.get(f"row_{part}") or guess.columns.get(part)


def _role(guess: Guess, seen: SeenTable, title: str, without: str | None = None) -> str | None:
    """Return our name of a column of amounts, by how its values relate to those of other columns."""
    columns = {name: each for name, each in guess.columns.items() if name != without}
    net, vat, gross, rate = (columns.get(f"row_{part}") for part in (*_PARTS, "vat_percentage"))
    checks: list[tuple[str, tuple[str | None, str | None, str], AmountCheck]] = [
        ("row_gross_amount", (net, vat, title), lambda net, vat, own: net + vat == own),
        ("row_gross_amount", (net, rate, title), _has_vat),
        ("row_vat_amount", (net, gross, title), lambda net, gross, own: gross - net == own),
        ("row_vat_amount", (net, rate, title), lambda net, rate, own: _has_vat(net, rate, net + own)),
        ("row_net_amount", (vat, gross, title), lambda vat, gross, own: gross - vat == own),
        ("row_net_amount", (gross, rate, title), lambda gross, rate, own: _has_vat(own, rate, gross)),
        ("row_net_amount", (rate, vat, title), lambda rate, vat, own: _has_vat(own, rate, own + vat)),
        (
            "row_gross_amount",
            (net, net, title),
            lambda net, _, own: own != net and _is_some_vat(net, own - net),
        ),
    ]
    for role, titles, check in checks:
        if _fits(seen, titles, check):
            return role
    if net and "number" in columns and _is_total(seen, columns["number"], net, vat, title):
        return "gross_amount"
    return None


def _has_vat(net: Decimal, rate: Decimal, gross: Decimal) -> bool:
    return abs(net * (100 + rate) / 100 - gross) <= _ROUNDED


def _fits(seen: SeenTable, titles: tuple[str | None, str | None, str], check: AmountCheck) -> bool:
    """Say whether a sum is right on every line, and whether a line has VAT: without VAT it proves nothing."""
    first, second, third = titles
    if first is None or second is None:
        return False
    lines = [
        (one, two, three)
        for one, two, three in zip(*map(seen.numbers, (first, second, third)), strict=True)
        if one is not None and two is not None and three is not None
    ]
    return bool(lines) and all(check(*line) for line in lines) and any(len({*line}) > 1 for line in lines)


def _is_total(seen: SeenTable, number: str, net: str, vat: str | None, title: str) -> bool:
    """Say whether a column holds the sum of the amounts on the lines of each invoice."""
    if vat is None:
        return False
    parts: list[ColumnNumbers] = [seen.numbers(net), seen.numbers(vat)]
    own = seen.numbers(title)
    return all(
        {own[line] for line in lines} == {total(part[line] or Decimal(0) for part in parts for line in lines)}
        for lines in seen.invoices(number)
    )
