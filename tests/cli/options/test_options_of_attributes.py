"""What a job may be told stands in one class, from which the command line takes its options."""

import enum

import attrs
import click
import pytest
from attrs import field, fields, frozen

from confirma_async import RateLimit
from confirma_async.bounds import Bounds, within
from confirma_async.bulk import JobOptions
from confirma_async.cli import options
from confirma_async.cli.app import every_command
from confirma_async.cli.flags import FLAGS
from confirma_async.cli.options.attributes import OptionOf, object_of

SET_BY_THE_COMMAND_LINE = {
    "validate": "always; --strict says how strictly",
    "retry": "confirma submit sends nothing rejected again; confirma retry does, and --unchanged says which",
    "target": "the base URL, which --environment and --base-url say; the sandbox has a name of its own",
    "inputs": "the files that are read",
    "expected": "counted as the files are read",
    "reading": "what the options of reading say, in words",
}
"""The attributes of ``JobOptions`` that have no option of their name, each with what sets them."""


def taken_by(*command):
    """The options of a command, by the names under which it takes them."""
    return {parameter.name: parameter for parameter in dict(every_command())[command].params}


def test_every_attribute_of_a_job_is_an_option_or_set_by_the_command_line():
    attributes = {attribute.name for attribute in fields(JobOptions) if attribute.init}
    assert attributes - taken_by("submit").keys() == SET_BY_THE_COMMAND_LINE.keys()


@pytest.mark.parametrize("kind", [JobOptions, RateLimit])
def test_the_default_of_an_option_is_that_of_its_attribute(kind):
    found = taken_by("submit")
    for attribute in fields(kind):
        if attribute.name in found and attribute.name != "allow":
            default = attribute.default
            assert found[attribute.name].default == getattr(default, "value", default)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@frozen(kw_only=True)
class Paint:
    coats: int = field(default=2, validator=within(Bounds(least=1, most=9, whole=True)))
    litres: float | None = field(default=None, validator=within(Bounds(least=0.5, most=20), optional=True))
    hours: float | None = field(default=3.5, validator=within(Bounds(least=0.5, most=20), optional=True))
    colour: Colour = field(default=Colour.RED, converter=Colour)
    glossy: bool = False
    place: str | None = None


@pytest.fixture(autouse=True)
def flags(monkeypatch):
    for attribute in fields(Paint):
        monkeypatch.setitem(FLAGS, attribute.name, f"--{attribute.name}")


def painted(*words):
    """What a command makes of words that takes an option for each attribute."""
    made = []

    @click.command
    @object_of("paint", Paint, *(OptionOf(each, "Help.") for each in fields(Paint)))
    def command(paint):
        made.append(paint)

    command.main([*words], standalone_mode=False)
    return made[0]


def test_what_is_not_said_is_as_the_class_has_it():
    assert painted() == Paint()


def test_what_is_said_becomes_the_object():
    said = ("--coats", "3", "--litres", "0.5", "--hours", "4", "--colour", "blue", "--glossy", "--place", "x")
    expected = Paint(coats=3, litres=0.5, hours=4.0, colour="blue", glossy=True, place="x")
    assert painted(*said) == expected


def test_zero_is_none_where_the_class_has_a_number_unless_told():
    assert painted("--hours", "0").hours is None
    with pytest.raises(click.BadParameter):
        painted("--litres", "0")


@pytest.mark.parametrize("words", [("--coats", "10"), ("--coats", "1.5"), ("--colour", "green")])
def test_what_the_class_would_refuse_is_refused_by_the_option(words):
    with pytest.raises(click.BadParameter):
        painted(*words)


def test_the_bounds_of_an_attribute_are_those_of_its_option():
    coats = OptionOf(attrs.fields(Paint).coats, "Help.")
    (option,) = click.command(coats(lambda coats: None)).params
    assert isinstance(option.type, options.WholeRange)
    assert (option.type.min, option.type.max) == (1, 9)
