"""Files of people's own: read as exactly as the wire, and every problem with its place."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest
from attrs import frozen

from confirma_async.converters.strict import StrictConverter
from confirma_async.errors import ConfigurationError


@frozen(kw_only=True)
class Shelf:
    """Something of everything that such a file may hold."""

    name: str
    number: int = 0
    flag: bool = False
    day: date | None = None
    titles: Sequence[str] = ()
    tables: Mapping[str, Mapping[str, str]] = {}


def test_what_fits_is_read():
    text = 'name = "n"\nnumber = 1\nflag = true\nday = 2026-03-01\ntitles = ["a"]\n[tables.x]\ny = "z"\n'
    assert StrictConverter().read_toml(text, Shelf, "the shelf") == Shelf(
        name="n", number=1, flag=True, day=date(2026, 3, 1), titles=("a",), tables={"x": {"y": "z"}}
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 1", "the shelf: name must be text"),
        ("", "the shelf: name is required and missing"),
        ("name = ''\nnumber = true", "the shelf: number must be a whole number"),
        ("name = ''\nnumber = 1.0", "the shelf: number must be a whole number"),
        ("name = ''\nflag = 1", "the shelf: flag must be true or false"),
        ("name = ''\nday = 'soon'", "the shelf: day must be a date as YYYY-MM-DD"),
        ("name = ''\ntitles = 'abc'", "the shelf: titles must be a list"),
        ("name = ''\ntitles = ['a', 1]", "the shelf: titles[1] must be text"),
        ("name = ''\ntables = ['a']", "the shelf: tables must be a table"),
        ("name = ''\n[tables.'x y']\nz = 1", 'the shelf: tables."x y".z must be text'),
        ('name = ""\n"\\u001b[31m" = 1', 'the shelf: there is no entry "\\u001b[31m"; only '),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(text, said):
    with pytest.raises(ConfigurationError) as caught:
        StrictConverter().read_toml(text, Shelf, "the shelf")
    assert str(caught.value).startswith(said)


def test_every_problem_is_told_at_once():
    with pytest.raises(ConfigurationError, match=r"name must be text; number must be a whole number"):
        StrictConverter().read({"name": 1, "number": "x"}, Shelf, "the shelf")


def test_what_is_no_table_at_all_is_told():
    with pytest.raises(ConfigurationError, match=r"the shelf: must be a table"):
        StrictConverter().read([], Shelf, "the shelf")


def test_no_value_stays_with_the_error():
    with pytest.raises(ConfigurationError) as caught:
        StrictConverter().read({"name": "n", "number": "classified"}, Shelf, "the shelf")
    assert "classified" not in repr(caught.value)
    assert caught.value.__cause__ is None
