"""Fails every test that lets a secret out: a pytest plugin that looks through whatever the suite puts out.

It knows every key and token that a test makes a ``Secret`` of, and every personal identity number that stands
in the tests and examples. It looks for them in the log (messages, fields, tracebacks), in every error of the
SDK (text, repr, attributes, pickle, the traceback with all that it was raised from or beside, shown or not,
and the local variables of our own frames and of aiohttp's), in what was captured of standard output and
error, in the output of subprocesses, and in what a test gives to ``look``: the bytes of a journal, a page.

A secret is found as it is, and as JSON, HTML or a URL write it. Payloads are the caller's own: in local
variables, attributes and pickles, only keys and tokens are looked for.

A test that shows a secret on purpose says so: ``@pytest.mark.shows_secrets("why")``.
"""

import asyncio
import html
import io
import logging
import pickle
import re
import subprocess
import traceback
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import pytest

from confirma_async import errors, privacy

ROOT = Path(__file__).parents[2]
OURS = str(ROOT / "confirma_")
WATCHED = (OURS, str(Path(aiohttp.__file__).parent))

_TOKEN = re.compile(r"(?=.*-)[!-~]{8,}", re.ASCII)
"""What is taken for a token; shorter words, and those without a hyphen, stand in ordinary text as well."""

_PERSONAL = re.compile(
    r"(?<![\w-])(?:\d\d)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-+A]\d{3}\w(?![\w-])"
    r"|(?<![\w-])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d[-+A]\d{3}\w(?![\w-])",
    re.ASCII,
)
_FORMATTER = logging.Formatter()


class Watch:
    """What must not be seen, what was seen all the same, and what is still to be looked through."""

    def __init__(self):
        self.personal = set()
        self.lasting = set()  # made while the tests were collected
        self.tokens = set()
        self.raised = []
        self.leaks = []
        self.keeps_errors = True

    def keep(self, text):
        if _TOKEN.fullmatch(text):
            self.tokens.add(text)

    def look(self, text, where, *, payloads=True):
        wanted = self.tokens | self.lasting | (self.personal if payloads else set())
        forms = {text, *_unescaped(text)}
        self.leaks += [f"{found} in {where}" for found in wanted if any(found in form for form in forms)]

    def look_at_error(self, error):
        name = type(error).__name__
        for each in _chain(error):
            output = f"{each}\n{each!r}\n{getattr(each, '__notes__', '')}"
            self.look(output, f"the text of a {type(each).__name__} in the traceback of a {name}")
            self.look(repr(vars(each)), f"the attributes of a {type(each).__name__}", payloads=False)
            self.look(_pickled(each), f"the pickle of a {type(each).__name__}", payloads=False)
            for where, value in _locals(each):
                self.look(value, f"the local variable {where} below a {name}", payloads=False)

    def look_at_record(self, record):
        where = f"the log at {record.filename}:{record.lineno}"
        self.look(_FORMATTER.format(record), where)
        self.look(repr(vars(record)), f"the fields of {where}")

    def begin(self, *, keeps_errors):
        self.keeps_errors = keeps_errors
        self.tokens.clear()
        self.raised.clear()
        self.leaks.clear()

    def found(self):
        raised, self.raised = self.raised, []
        for error in raised:
            self.look_at_error(error)
        found, self.leaks = self.leaks, []
        return sorted(set(found))


watch = Watch()
patch = pytest.MonkeyPatch()  # for the whole run: nothing undoes it
look = watch.look


def _unescaped(text):
    """The text with the escapes of JSON, HTML and URLs undone, as far as it has any."""
    if "\\" in text:
        plain = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        yield re.sub(r"\\+([^\\])", r"\1", plain)
    if "&" in text:
        yield html.unescape(html.unescape(text))
    if "%" in text:
        yield unquote(text)
    if "\0" in text:
        yield text.replace("\0", "")


def _chain(error):
    """An error and all that it was raised from or beside, shown in a traceback or not."""
    left, seen = [error], set()
    while left:
        each = left.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            left += [each.__cause__, each.__context__]
            yield each


class _Pickler(pickle.Pickler):
    """Pickles as another process is sent it, but for secrets, which are meant to reach it."""

    def reducer_override(self, value):
        return (str, ()) if isinstance(value, privacy.Secret) else NotImplemented


def _pickled(error):
    if not isinstance(error, errors.ConfirmaError):
        return ""
    pickled = io.BytesIO()
    try:
        _Pickler(pickled).dump(error)
    except (AttributeError, TypeError, pickle.PicklingError):  # of a class within a test
        return ""
    return pickled.getvalue().decode("latin-1")


def _locals(error):
    """The local variables of our frames and aiohttp's, as an error tracker shows them."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith(WATCHED):
            for name, value in frame.f_locals.items():
                yield f"{name} at {file.removeprefix(OURS)}:{line}", _shown(value)


def _shown(value):
    try:
        return repr(value)
    except (AttributeError, RecursionError):  # its making failed, so it is not whole; or nobody could show it
        return ""


def _personal_numbers():
    for folder, kinds in (("tests", ("*.py",)), ("examples", ("*.csv", "*.jsonl", "*.xml"))):
        for kind in kinds:
            for file in (ROOT / folder).rglob(kind):
                yield from _PERSONAL.findall(file.read_text(encoding="utf-8", errors="replace"))


# --- where we listen --------------------------------------------------------------------------------


def _after(owner, name, listen):
    """Lets ``listen`` hear what a method was called with, and what it returned."""
    method = getattr(owner, name)

    def heard(*args, **kwargs):
        result = method(*args, **kwargs)
        listen(args, result)
        return result

    patch.setattr(owner, name, heard)


def _listen_to_errors():
    def init(self, *args):
        Exception.__init__(self, *args)
        if watch.keeps_errors:
            watch.raised.append(self)

    patch.setattr(errors.ConfirmaError, "__init__", init)


def _listen_to_subprocesses():
    def finished(args, _):
        for stream in (args[0].stdout, args[0].stderr):
            look(_text(stream), "the output of a subprocess")

    _after(subprocess.CompletedProcess, "__init__", finished)
    communicate = asyncio.subprocess.Process.communicate

    async def heard(self, *args, **kwargs):
        streams = await communicate(self, *args, **kwargs)
        for stream in streams:
            look(_text(stream), "the output of a subprocess")
        return streams

    patch.setattr(asyncio.subprocess.Process, "communicate", heard)


def _text(stream):
    return stream.decode("utf-8", "replace") if isinstance(stream, bytes) else stream or ""


def pytest_configure(config):
    config.addinivalue_line("markers", "shows_secrets(why): this test shows a secret on purpose")
    config.addinivalue_line("markers", "drops_errors(why): this test wants no error to be kept for a look")
    watch.personal = set(_personal_numbers())
    _after(privacy.Secret, "__init__", lambda args, _: watch.keep(args[0].reveal()))
    _after(logging.Logger, "handle", lambda args, _: watch.look_at_record(args[1]))
    _after(pytest.CaptureFixture, "readouterr", lambda _, output: look(output.out + output.err, "the output"))
    _listen_to_errors()
    _listen_to_subprocesses()


def pytest_collection_finish():
    watch.lasting |= watch.tokens


def pytest_runtest_setup(item):
    watch.begin(keeps_errors=item.get_closest_marker("drops_errors") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    for where, text in report.sections if report.passed else ():
        look(text, where)
    leaks = watch.found()
    if leaks and report.passed and not item.get_closest_marker("shows_secrets"):
        report.outcome = "failed"
        report.longrepr = "a secret was let out: " + "; ".join(leaks)
    return report
