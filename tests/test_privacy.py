"""Keys, personal identity numbers, and characters that drive a terminal."""

import json

import pytest

from confirma_async.privacy import HIDDEN, MASK, Mask, Secret, masked, quoted, visible
from tests.services.echoes import FORMS, KEY


@pytest.mark.parametrize(
    "number", ["131052-308T", "131052A308T", "010190+123A", "811228-9874", "19811228-9874"]
)
def test_they_are_blotted_out(number):
    assert masked(f"buyer {number}, unknown") == f"buyer {MASK}, unknown"


@pytest.mark.parametrize(
    "harmless", ["invoice 1042", "0737546-2", "FI2112345600000785", "2026-11-01", "+1-2"]
)
def test_other_numbers_stay(harmless):
    assert masked(harmless) == harmless


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_found_however_it_is_written(form):
    mask = Mask([Secret("another-key"), Secret(KEY)])
    status, headers, body = FORMS[form](KEY)
    for text in (*headers.values(), mask.body(body).decode("utf-8", "replace")):
        plain = mask(text).replace("\0", "").replace("\\/", "/")
        assert KEY.lower() not in plain.lower()
    said = HIDDEN.encode() in mask.body(body) or any(HIDDEN in mask(value) for value in headers.values())
    assert said, status


@pytest.mark.parametrize(
    "body",
    [b'{"a": "\\\\\\"\\n\\u00e4\\u002f%41&amp;", "n": 1.10}', "ä \0 %2B &#43; \\/".encode(), b"\xff\xfe"],
)
def test_what_is_no_key_stays_byte_for_byte(body):
    assert Mask([Secret(KEY)]).body(body) == body


@pytest.mark.parametrize(
    "form", ["escaped slashes", "escaped letters", "foreign JSON", "a name in JSON", "records"]
)
def test_what_was_json_is_so_still(form):
    masked_body = Mask([Secret(KEY)]).body(FORMS[form](KEY)[2])
    assert HIDDEN in json.dumps(json.loads(masked_body))


def test_short_words_are_no_keys():
    assert Mask([Secret("key"), Secret("ACCEPTE")]).body(b'{"key": "ACCEPTED"}') == b'{"key": "ACCEPTED"}'


@pytest.mark.parametrize("form", [b"\\", b"%25", b"&amp;", b"\0", b"&#0000000", KEY[0].encode() + b"\0\0\0"])
def test_no_text_makes_the_search_long(form):
    """A search of quadratic time would not come back from two megabytes within the life of a test."""
    body = form * (2_000_000 // len(form))
    assert Mask([Secret(KEY)]).body(body) == body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä€😀 text", "plain ä€😀 text"),
        ("a\u00a0b \u202f1", "a\u00a0b \u202f1"),
        ("\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07"),
        ("a\r\nb\tc\x00", r"a\r\nb\tc\x00"),
        ("\x7f\x85\x9b2J", r"\x7f\x85\x9b2J"),
        ("\u202egpj.exe\u2066", r"\u202egpj.exe\u2066"),
        ("\u2028\u2029\ufeff\u200b\udc9b", r"\u2028\u2029\ufeff\u200b\udc9b"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_drives_a_terminal_is_written_out(text, shown):
    assert visible(text) == shown
    assert visible(visible(text)) == shown


def test_our_own_lines_stay_lines():
    assert visible("a\nb\rc", lines=True) == "a\nb\\rc"


def test_what_is_told_is_masked_first_and_cut_last():
    assert quoted(f"{'x' * 10}\n131052-308T", 40) == f"{'x' * 10}\\n{MASK}"
    assert quoted("131052-308T", 5) == MASK[:5]
