"""Text that never shows, whatever is done with it, short of asking for it."""

import copy
import json
import logging
import pickle

import attrs
import pytest

from confirma_async import Secret
from confirma_async.schemas import ClientCreated, TokenRenewal

TEXT = "5f0c2b1e-token"
SECRET = Secret(TEXT)


@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "{:>40}".format, "{!r}".format, "%s".__mod__, "%r".__mod__, "%20s".__mod__],
)
def test_it_does_not_show(show):
    assert TEXT not in show(SECRET)
    assert "[secret]" in show(SECRET)


def test_it_does_not_show_in_a_log(caplog):
    logging.getLogger("elsewhere").warning("the key is %s, %r", SECRET, {"key": SECRET})
    assert TEXT not in caplog.text


def test_it_does_not_become_json_by_itself():
    with pytest.raises(TypeError):
        json.dumps({"key": SECRET})


def test_it_is_revealed_when_asked():
    assert SECRET.reveal() == TEXT


def test_a_secret_of_a_secret_is_the_same():
    assert Secret(SECRET) == SECRET


def test_it_equals_the_same_secret_and_no_text():
    assert Secret(TEXT) == SECRET
    assert hash(Secret(TEXT)) == hash(SECRET)
    assert Secret("other") != SECRET
    assert SECRET != TEXT


def test_an_empty_one_is_false():
    assert not Secret("")
    assert SECRET


@pytest.mark.parametrize(
    "through",
    [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_it_keeps_its_text_through_pickling_and_copying(through):
    assert through(SECRET).reveal() == TEXT


@pytest.mark.parametrize(
    "holder",
    [ClientCreated(api_access_token=TEXT), TokenRenewal(api_access_token=TEXT), TokenRenewal(token=TEXT)],
)
def test_schemas_hold_tokens_as_secrets(holder):
    assert TEXT not in f"{holder}{holder!r}{attrs.asdict(holder)}"
    assert pickle.loads(pickle.dumps(holder)) == holder
