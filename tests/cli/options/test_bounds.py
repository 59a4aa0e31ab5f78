"""Every number of every command: its bounds are told, and a sentence is what is beyond them."""

import click
import pytest

from confirma_async.cli import options
from confirma_async.cli.app import every_command

NUMBERS = (click.IntRange, click.FloatRange, type(click.INT), type(click.FLOAT))


def is_amount(kind):
    return getattr(kind, "func", None) is options.amount


ODD = ["-1e3", "1e308", str(10**30), str(-(10**30)), "9" * 5000, "nan", "inf", "-inf", "1_0", "٣", "", "0x1"]
"""What is no number of any option, and what Python takes for one."""


def numeric():
    """Every numeric parameter, with the words of its command."""
    for words, command in every_command():
        for parameter in command.params:
            if isinstance(parameter.type, NUMBERS) or is_amount(parameter.type):
                yield pytest.param(words, command, parameter, id=" ".join((*words, parameter.opts[0])))


PARAMETERS = [*numeric()]


def beyond(kind):
    """Just outside of its bounds, on either side."""
    if is_amount(kind):
        return ["1" + 15 * "0", "0.001", "-1" + 15 * "0"]
    step = 1 if isinstance(kind, click.IntRange) else 0.0001
    low = kind.min if kind.min_open else kind.min - step
    return [f"{low:f}".rstrip("0").rstrip(".") if step != 1 else f"{low}", f"{kind.max + step}"]


def test_the_walk_finds_them():
    found = {parameter.values[2].opts[0] for parameter in PARAMETERS}
    assert {"--timeout", "--rate", "--concurrency", "--max-rejections", "--settle", "--due-days"} <= found
    assert {"--number-from", "--port", "--invoice", "--case", "--amount", "case_id"} <= found


@pytest.mark.parametrize(("words", "command", "parameter"), PARAMETERS)
def test_a_number_has_bounds_which_its_help_shows(words, command, parameter):
    kind = parameter.type
    assert is_amount(kind) or isinstance(kind, options.WholeRange | options.FiniteRange)
    if isinstance(parameter, click.Argument):
        return  # it has no help of its own; what is beyond is told as for the others
    (_, output) = parameter.get_help_record(click.Context(command))
    if is_amount(kind):
        assert options.AMOUNTS in output
        return
    assert f"{kind.min}{'<' if kind.min_open else '<='}x<={kind.max}]" in output


@pytest.mark.parametrize(("words", "command", "parameter"), PARAMETERS)
def test_what_is_beyond_them_is_a_sentence(confirma, words, command, parameter):
    for value in [*beyond(parameter.type), *ODD]:
        is_option = isinstance(parameter, click.Option)
        before = [parameter.opts[0]] if is_option else [*others(command, parameter), "--"]
        code, out, err = confirma(*words, *before, value)
        assert (code, out) == (2, ""), value
        assert "Error: Invalid value for" in err, value
        assert "fault of the SDK" not in err


def others(command, parameter):
    """What stands before an argument."""
    before = [each for each in command.params if isinstance(each, click.Argument)]
    return ["x"] * before.index(parameter)
