"""Checks the unit prices of a table by its amounts, and finds the column of the discount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from confirma_async.formats.tables.propose.guess import IS_DISCOUNT, PRICE_DIFFERS, PRICE_HAS_VAT, Guess
from confirma_async.formats.tables.propose.seen import SeenTable
from confirma_async.schemas.values import ZERO

_ROUNDED = Decimal("0.02")
"""Euros by which a line may differ from its quantity times its price, which may be rounded."""
_WHOLE = Decimal(100)


def check_prices(guess: Guess, seen: SeenTable) -> None:
    """Compare quantities, prices and discounts with the amounts; mark prices that do not fit as unsure."""
    price, net = guess.columns.get("row_unit_price"), guess.columns.get("row_net_amount")
    if price is None or net is None or price in guess.decided:
        return
    discount, nets = guess.columns.get("row_discount_percentage"), seen.numbers(net)
    if _makes(guess, seen, nets, discount):
        return
    for title in seen.titles if discount is None else ():
        if guess.title_taken(title) is None and seen.is_numeric(title) and _makes(guess, seen, nets, title):
            guess.columns["row_discount_percentage"] = title
            guess.doubts["row_discount_percentage"] = IS_DISCOUNT
            guess.rivals.pop(title, None)
            return
    if _makes_gross(guess, seen, discount):
        del guess.columns["row_unit_price"]
        guess.rivals[price] = PRICE_HAS_VAT
    else:
        guess.doubts["row_unit_price"] = PRICE_DIFFERS


def _makes(guess: Guess, seen: SeenTable, amounts: Iterable[Decimal | None], discount: str | None) -> bool:
    """Say whether quantity times price, less discount, is the amount on every line that has all of them."""
    pairs = zip(_products(guess, seen, discount), amounts, strict=True)
    return all(made is None or given is None or abs(made - given) <= _ROUNDED for made, given in pairs)


def _makes_gross(guess: Guess, seen: SeenTable, discount: str | None) -> bool:
    gross = guess.columns.get("row_gross_amount")
    if gross is not None:
        return _makes(guess, seen, seen.numbers(gross), discount)
    net, rate = guess.columns.get("row_net_amount"), guess.columns.get("row_vat_percentage")
    if net is None or rate is None:
        return False
    with_vat = (
        None if given is None or part is None else given * (_WHOLE + part) / _WHOLE
        for given, part in zip(seen.numbers(net), seen.numbers(rate), strict=True)
    )
    return _makes(guess, seen, with_vat, discount)


def _products(guess: Guess, seen: SeenTable, discount: str | None) -> Iterator[Decimal | None]:
    quantity = guess.columns.get("row_quantity")
    prices = seen.numbers(guess.columns["row_unit_price"])
    quantities = [Decimal(1)] * len(prices) if quantity is None else seen.numbers(quantity)
    parts = [ZERO] * len(prices) if discount is None else seen.numbers(discount)
    for price, count, part in zip(prices, quantities, parts, strict=True):
        yield None if price is None or count is None else count * price * (_WHOLE - (part or ZERO)) / _WHOLE
