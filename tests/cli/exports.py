"""Exports in the forms in which accounting programs and people write them, all over the same invoices.

No form here is said to be that of any program: they show the habits that are met, such as lines of totals,
titles above the table, names over two lines, signs of currencies, and dates as text.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from attrs import field, frozen

Fact = Mapping[str, Any]

_DAY = datetime.date(2026, 11, 2)


def _fact(number: int, buyer: tuple[str, str], amounts: tuple[str, str, str, str], **more: Any) -> Fact:
    net, rate, vat, gross = map(Decimal, amounts)
    return {
        "number": number,
        "type": "INVOICE",
        "date": _DAY,
        "due_date": _DAY + datetime.timedelta(days=14),
        "currency": "EUR",
        "buyer_name": buyer[0],
        "buyer_business_id": buyer[1],
        "buyer_country": "FI",
        "distribution_method": "EINVOICE",
        "row_product_name": "Työ",
        "row_quantity": Decimal(1),
        "row_unit_price": net,
        "row_net_amount": net,
        "row_vat_percentage": rate,
        "row_vat_amount": vat,
        "row_gross_amount": gross,
        "vat_amount": vat,
        "gross_amount": gross,
        **more,
    }


_FIRST = _fact(
    1001,
    ("Haaveen Huolto Oy", "9990002-4"),
    ("100.00", "25.5", "25.50", "125.50"),
    payment_reference="10016",
)
_SECOND = _fact(
    1002,
    ("Satumaan Kirjat Oy", "9990003-2"),
    ("1210.50", "13.5", "163.42", "1373.92"),
    payment_reference="10029",
)
_THIRD = _fact(
    1003, ("Äkäsen Öljy Ky", "9990002-4"), ("80.40", "0", "0.00", "80.40"), payment_reference="10032"
)
INVOICES = (_FIRST, _SECOND, _THIRD)
"""One line for each invoice."""

ROWS = (
    _FIRST,
    {**_SECOND, "gross_amount": Decimal("1430.92")},
    {
        **_SECOND,
        "row_product_name": "Matkat",
        "row_quantity": Decimal(2),
        "row_unit_price": Decimal("25.00"),
        "row_net_amount": Decimal("50.00"),
        "row_vat_percentage": Decimal(14),
        "row_vat_amount": Decimal("7.00"),
        "row_gross_amount": Decimal("57.00"),
        "gross_amount": Decimal("1430.92"),
    },
    _THIRD,
)
"""One line for each row of an invoice."""


def comma(value: Decimal, sign: str = "") -> str:
    """Write an amount as Finns do."""
    return f"{value:,}".replace(",", " ").replace(".", ",") + sign


def finnish_day(day: datetime.date) -> str:
    """Write a day as Finns do."""
    return f"{day.day}.{day.month}.{day.year}"


@frozen(kw_only=True)
class Export:
    """An export, as a file and as what is to come of it.

    Attributes:
        name: The name of the file.
        columns: By title, our name of the column; None for one that nobody needs.
        facts: The lines.
        wrong: The column in which the second line is wrong, and what stands there.
        write: How a value is written.
        answers: By words of a question, the answer that is not the likely one.
        encoding: How a CSV file is encoded.
        delimiter: What separates its values.
        above: Lines above the table.
        groups: A line above the names of the columns that belongs to them.
        total: The line of totals, where there is one.
        empty_line: Whether an empty line stands before the last one.
        hidden: Whether the last line is hidden.
        first_sheet: Another sheet before that of the invoices.
    """

    name: str
    columns: Mapping[str, str | None]
    facts: Sequence[Fact] = INVOICES
    wrong: tuple[str, str] = ("date", "eilen")
    write: Callable[[str, Any], Any] = lambda _, value: value
    answers: Mapping[str, str] = field(factory=dict[str, str])
    encoding: str = "utf-8"
    delimiter: str = ";"
    above: Sequence[Sequence[str]] = ()
    groups: Sequence[str] = ()
    total: Sequence[Any] = ()
    empty_line: bool = False
    hidden: bool = False
    first_sheet: Sequence[Sequence[Any]] = ()

    def lines(self) -> list[list[Any]]:
        """Return the lines of the table, the second one wrong."""
        found: list[list[Any]] = []
        for index, fact in enumerate(self.facts):
            name, text = self.wrong
            found.append(
                [
                    text if index == 1 and ours == name else self._cell(ours, fact)
                    for ours in self.columns.values()
                ]
            )
        if self.empty_line:
            found.insert(len(found) - 1, [])
        return [*found, *([[*self.total]] if self.total else [])]

    def right(self) -> Any:
        """Return what is to stand in the wrong cell, as the file writes it."""
        return self._cell(self.wrong[0], self.facts[1])

    def _cell(self, ours: str | None, fact: Fact) -> Any:
        return self.write("extra", Decimal("33.10")) if ours is None else self.write(ours, fact[ours])

    def save(self, folder: Path) -> Path:
        """Write the file."""
        file = folder / self.name
        head = [*self.above, *([self.groups] if self.groups else []), [*self.columns]]
        if file.suffix == ".csv":
            text = io.StringIO()
            csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows(
                [*head, *self.lines()]
            )
            file.write_bytes(text.getvalue().encode(self.encoding))
            return file
        book = openpyxl.Workbook()
        sheet = book.active
        if self.first_sheet:
            for line in self.first_sheet:
                sheet.append(line)
            sheet = book.create_sheet("Laskut")
        for line in [*head, *self.lines()]:
            sheet.append(line)
        for number in range(1, len(self.above) + 1):
            sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(self.columns))
        for row in sheet.iter_rows(min_row=len(head) + 1):
            for cell, ours in zip(row, self.columns.values(), strict=False):
                if ours == "row_vat_percentage" and self.write(ours, Decimal(1)) == Decimal("0.01"):
                    cell.number_format = "0.0 %"
        if self.hidden:
            sheet.row_dimensions[len(head) + len(self.facts)].hidden = True
        book.save(file)
        return file


def _as_text(ours: str, value: Any) -> str:
    """Write everything as text, with decimal commas."""
    if isinstance(value, datetime.date):
        return finnish_day(value)
    return comma(value) if isinstance(value, Decimal) else str(value)


def _with_signs(ours: str, value: Any) -> str:
    if ours == "row_vat_percentage":
        return comma(value, " %")
    return comma(value, " €") if isinstance(value, Decimal) else _as_text(ours, value)


def _english(ours: str, value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _as_cells(ours: str, value: Any) -> Any:
    """Write numbers and dates as a spreadsheet keeps them."""
    return str(value) if ours == "payment_reference" else value


def _as_fractions(ours: str, value: Any) -> Any:
    if ours == "row_vat_percentage":
        return value / 100
    return _with_signs(ours, value) if isinstance(value, Decimal) else _as_text(ours, value)


def _with_shares(ours: str, value: Any) -> str:
    """Write rates as fractions, and thousands apart by a space that does not break."""
    if ours == "row_vat_percentage":
        return comma(value / 100)
    text = _as_text(ours, value)
    return text.replace(" ", "\u00a0") if isinstance(value, Decimal) else text


def _as_words(ours: str, value: Any) -> Any:
    words = {"EINVOICE": "Verkkolasku", "FI": "Suomi", "INVOICE": "Lasku"}
    if ours == "due_date":
        return "14 pv netto"
    return words.get(value, value) if isinstance(value, str) else value


def _as_numbers(ours: str, value: Any) -> Any:
    return int(f"{value:%Y%m%d}") if isinstance(value, datetime.date) else value


_PLAIN: Mapping[str, str | None] = {
    "Laskunumero": "number",
    "Laskupvm": "date",
    "Eräpäivä": "due_date",
    "Asiakas": "buyer_name",
    "Y-tunnus": "buyer_business_id",
    "Viitenumero": "payment_reference",
    "Veroton": "row_net_amount",
    "ALV": "row_vat_amount",
    "Verollinen": "row_gross_amount",
}

EXPORTS = (
    Export(
        name="myyntireskontra.csv",
        columns=_PLAIN,
        write=_as_text,
        total=("Yhteensä", "", "", "", "", "", "1 390,90", "188,92", "1 579,82"),
    ),
    Export(
        name="laskuluettelo.csv",
        columns={
            "Numero": "number",
            "Päiväys": "date",
            "Eräpvm": "due_date",
            "Asiakkaan nimi": "buyer_name",
            "Summa (alv 0 %)": "row_net_amount",
            "Alv %": "row_vat_percentage",
            "Yhteensä": "row_gross_amount",
        },
        write=_with_signs,
        encoding="cp1252",
        wrong=("due_date", "31.2.2026"),
        total=("Yhteensä 3 laskua", "", "", "", "1 390,90 €", "", "1 579,82 €"),
    ),
    Export(
        name="sales.csv",
        columns={
            "Invoice no": "number",
            "Invoice date": "date",
            "Due date": "due_date",
            "Customer": "buyer_name",
            "Currency": "currency",
            "Net": "row_net_amount",
            "VAT rate": "row_vat_percentage",
            "VAT amount": "vat_amount",
        },
        write=_english,
        delimiter="\t",
        wrong=("date", "yesterday"),
    ),
    Export(
        name="laskut-kate.csv",
        columns={
            "Lasku": "number",
            "Pvm": "date",
            "Eräpäivä": "due_date",
            "Nimi": "buyer_name",
            "Veroton summa": "row_net_amount",
            "Alv": "row_vat_percentage",
            "Summa yhteensä": "row_gross_amount",
            "Kate": None,
        },
        write=_as_text,
        encoding="utf-8-sig",
        empty_line=True,
        total=("Laskut yhteensä", "", "", "", "1 390,90", "", "1 579,82", "99,30"),
    ),
    Export(
        name="myyntilaskut.xlsx",
        columns=_PLAIN,
        write=_as_cells,
        above=[["Myyntilaskut 11/2026"], []],
        total=("Yhteensä", None, None, None, None, None, 1390.9, 188.92, 1579.82),
        empty_line=True,
    ),
    Export(
        name="kaksi-otsikkoa.xlsx",
        columns={
            "Numero": "number",
            "Pvm": "date",
            "Eräpäivä": "due_date",
            "Nimi": "buyer_name",
            "Y-tunnus": "buyer_business_id",
            "Veroton": "row_net_amount",
            "Alv-%": "row_vat_percentage",
            "": None,
        },
        write=_as_cells,
        above=[["Raportti"], []],
        groups=("Lasku", "", "", "Asiakas", "", "Summa", "", "Kate"),
        hidden=True,
    ),
    Export(
        name="tekstina.xlsx",
        columns={
            "Laskun nro": "number",
            "Laskun päiväys": "date",
            "Eräpäivä": "due_date",
            "Asiakas": "buyer_name",
            "Veroton (EUR)": "row_net_amount",
            "ALV-kanta": "row_vat_percentage",
            "Alv määrä": "row_vat_amount",
        },
        write=_as_fractions,
        wrong=("due_date", "ei sovittu"),
    ),
    Export(
        name="pivot.xlsx",
        columns=_PLAIN,
        write=_as_cells,
        first_sheet=[["Riviotsikot", "Summa"], ["Helsinki", 12.5]],
    ),
    Export(
        name="laskurivit.csv",
        columns={
            "Lasku": "number",
            "Pvm": "date",
            "Eräpäivä": "due_date",
            "Asiakas": "buyer_name",
            "Tuote": "row_product_name",
            "Määrä": "row_quantity",
            "à-hinta": "row_unit_price",
            "Alv-%": "row_vat_percentage",
            "Netto": "row_net_amount",
            "Alv": "row_vat_amount",
            "Laskun summa": "gross_amount",
        },
        facts=ROWS,
        write=_as_text,
        wrong=("row_unit_price", "sata"),
    ),
    Export(
        name="toimitustavat.xlsx",
        columns={
            "Laskunumero": "number",
            "Laji": "type",
            "Laskupäivä": "date",
            "Maksuehto": "due_date",
            "Asiakkaan nimi": "buyer_name",
            "Maa": "buyer_country",
            "Lähetystapa": "distribution_method",
            "Tuote": "row_product_name",
            "Veroton summa": "row_net_amount",
            "Alv-prosentti": "row_vat_percentage",
        },
        facts=ROWS,
        write=_as_words,
    ),
    Export(
        name="fakturor.csv",
        columns={
            "Fakturanr": "number",
            "Fakturadatum": "date",
            "Förfallodag": "due_date",
            "Kund": "buyer_name",
            "Referensnummer": "payment_reference",
            "Belopp exkl. moms": "row_net_amount",
            "Moms": "row_vat_amount",
            "Totalt": "row_gross_amount",
        },
        write=_as_text,
        encoding="cp1252",
        wrong=("date", "i går"),
    ),
    Export(
        name="förteckning åland.csv",
        columns={
            "Fakturanr": "number",
            "Fakturadatum": "date",
            "Förfallodatum": "due_date",
            "Beställare": "buyer_name",
            "Referens": "payment_reference",
            "Netto": "row_net_amount",
            "Moms": "row_vat_percentage",
            "Att betala": "row_gross_amount",
            "Täckning": None,
        },
        write=_with_shares,
        encoding="cp1252",
        wrong=("due_date", "30.2.2026"),
        total=("Sida 1 totalt", "", "", "", "", "1\u00a0390,90", "", "1\u00a0579,82", "99,30"),
    ),
    Export(
        name="viite-ja-numero.xlsx",
        columns={
            "Numero": "payment_reference",
            "Laskunumero": "number",
            "Päivämäärä": "date",
            "Eräpäivä": "due_date",
            "Ostaja": "buyer_name",
            "Nettosumma": "row_net_amount",
            "Vero": "row_vat_amount",
            "Bruttosumma": "row_gross_amount",
        },
        write=_as_numbers,
    ),
)
