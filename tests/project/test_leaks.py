"""The plugin that looks for secrets finds them, wherever they are let out, and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = r"""
import asyncio, logging, subprocess, sys
import pytest
from confirma_async import Confirma, Secret
from confirma_async.errors import ConfirmaError
from tests.plugins.leaks import look

KEY = Secret("leaked-key-1").reveal()
SLASHED = Secret("leaked/key-1").reveal()
PERSON = "131052-308T"
WORDS = [KEY, PERSON]

@pytest.fixture(params=WORDS)
def word(request):
    return request.param

def test_output(word):
    print(word)

def test_error_output(word):
    print(word, file=sys.stderr)

def test_output_that_was_read(word, capsys):
    print(word)
    capsys.readouterr()

def test_log(word):
    logging.getLogger("anything").warning("it is %s", word)

def test_log_field(word):
    logging.getLogger("anything").warning("it is", extra={"field": word})

def test_log_traceback(word):
    try:
        raise ValueError(word)
    except ValueError:
        logging.getLogger("anything").exception("it failed")

def test_error(word):
    ConfirmaError(f"it is {word}")

def test_cause(word):
    with pytest.raises(ConfirmaError):
        try:
            raise ValueError(word)
        except ValueError as error:
            raise ConfirmaError("it failed") from error

def test_what_is_not_shown_of_a_chain(word):
    with pytest.raises(ConfirmaError):
        try:
            raise ValueError(word)
        except ValueError:
            raise ConfirmaError("it failed") from None

def test_note(word):
    ConfirmaError("it failed").add_note(word)

def test_subprocess(word):
    subprocess.run([sys.executable, "-c", f"print({word!r})"], capture_output=True)

def test_asynchronous_subprocess(word):
    async def run():
        command = [sys.executable, "-c", f"print({word!r})"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        await process.communicate()
    asyncio.run(run())

def test_what_is_given_to_it(word):
    look(f"it is {word}", "a span")

def test_attribute():
    ConfirmaError("it failed").body = KEY

def test_pickle():
    ConfirmaError("it failed").body = KEY.encode()

def test_escaped_as_json():
    print("".join(f"\\u{ord(char):04X}" for char in KEY))

def test_escaped_as_html():
    print("".join(f"&#{ord(char)};" for char in KEY))

def test_escaped_as_url():
    print("".join(f"%{ord(char):02x}" for char in KEY))

def test_escaped_slash():
    print(SLASHED.replace("/", "\\/"))

def test_wide():
    look(KEY.encode("utf-16-le").decode("latin-1"), "a page")

def test_clean_secret_in_an_error():
    ConfirmaError("it failed").token = Secret(KEY)

def test_clean(word):
    Confirma("another-key-2")
    logging.getLogger("anything").warning("%s", Secret(word))
    with pytest.raises(ConfirmaError):
        raise ConfirmaError("it failed")

@pytest.mark.shows_secrets("on purpose")
def test_clean_on_purpose(word):
    print(word)
"""


@pytest.mark.shows_secrets("the suite within it does")
def test_every_leak_is_found_and_nothing_else(tmp_path):
    suite = tmp_path / "test_suite.py"
    suite.write_text(SUITE, encoding="utf-8")
    plugins = ["-p", "tests.plugins.leaks", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", tmp_path, *plugins, suite],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    failed = set(re.findall(r"^FAILED \S+::(\w+)(?:\[(\S+)\])?", done.stdout, re.MULTILINE))
    leaking = re.findall(r"^def (test_(?!clean)\w+)\((\w*)", SUITE, re.MULTILINE)
    assert failed == {
        (name, word)
        for name, asks in leaking
        for word in (("leaked-key-1", "131052-308T") if asks else ("",))
    }
