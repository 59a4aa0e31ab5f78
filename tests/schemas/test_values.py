import copy
import pickle

import pytest
from hypothesis import given, strategies as st

from confirma_async.schemas import (
    DistributionMethod,
    EntityType,
    InterestType,
    InvoiceStatus,
    InvoiceType,
    OpenEnum,
)

ENUMS: list[type[OpenEnum]] = [DistributionMethod, EntityType, InterestType, InvoiceStatus, InvoiceType]


@pytest.mark.parametrize("enum", ENUMS)
@given(text=st.text())
def test_any_text_is_kept_and_equals_itself(enum, text):
    word = enum(text)
    assert word == text
    assert hash(word) == hash(text)
    assert str(word) == f"{word}" == word.value == text
    assert word.is_known == (text in enum.__members__)


@pytest.mark.parametrize("enum", ENUMS)
@pytest.mark.parametrize("through", [lambda word: pickle.loads(pickle.dumps(word)), copy.copy, copy.deepcopy])
@given(text=st.text())
def test_any_word_survives_pickling_and_copying(enum, through, text):
    word = enum(text)
    again = through(word)
    assert again == word
    assert type(again) is enum
    assert again.is_known == word.is_known


@pytest.mark.parametrize("enum", ENUMS)
def test_a_known_word_is_always_the_same_object(enum):
    for word in enum:
        assert enum(word.value) is word
        assert word.is_known
        assert word.name == word.value


@pytest.mark.parametrize("enum", ENUMS)
def test_an_unknown_word_does_not_join_the_known_ones(enum):
    before = list(enum)
    enum("LATER")
    assert list(enum) == before
    assert "LATER" not in enum.__members__


def test_words_of_different_enums_are_equal_as_text():
    status: str = InvoiceStatus("LATER")
    assert InvoiceType("LATER") == status


def test_an_unknown_word_shows_what_it_is():
    assert "LATER" in repr(InvoiceType("LATER"))


@pytest.mark.parametrize("value", [None, 5, b"INVOICE", ["INVOICE"]])
def test_what_is_no_text_is_no_word(value):
    with pytest.raises((ValueError, TypeError)):
        InvoiceType(value)
