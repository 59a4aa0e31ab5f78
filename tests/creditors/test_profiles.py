"""Which profile an invoice is sent by, and which profiles cannot stand beside each other."""

import pytest

from confirma_async import FileTokenStore, Profile, Profiles
from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_async.formats import DocumentRef, Identity, Place

OAK = Profile(account="oak", key="key-of-oak", sellers=["0737546-2"])


def document(seller):
    return DocumentRef(Identity(seller, "INVOICE", "1"), Place("in.csv", 2))


def elm(**otherwise):
    return Profile(**{"account": "elm", "key": "key-of-elm", "sellers": ["1927400-1"], **otherwise})


@pytest.mark.parametrize("spelling", ["0737546-2", "07375462", "FI07375462", " 737546-2 "])
def test_a_seller_is_known_in_any_spelling(spelling):
    assert Profiles([OAK, elm()]).account_of(spelling) == "oak"


def test_an_invoice_of_an_unknown_seller_is_nobodys():
    with pytest.raises(RequestInvalidError, match=r"no profile names the seller 02012566"):
        Profiles([OAK]).account_of("02012566")


def test_an_invoice_that_names_no_seller_is_nobodys():
    with pytest.raises(RequestInvalidError, match="names no seller"):
        Profiles([OAK]).account_of("")


def test_documents_are_counted_by_their_accounts():
    documents = [document(seller) for seller in ("0737546-2", "1927400-1", "FI07375462")]
    assert Profiles([OAK, elm()]).count(documents) == {"oak": 2, "elm": 1}


def test_all_unknown_sellers_of_a_job_are_named_at_once():
    documents = [document(seller) for seller in ("0201256-6", "0112038-9", "0201256-6")]
    with pytest.raises(RequestInvalidError) as refused:
        Profiles([OAK]).count(documents)
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize(
    ("otherwise", "message"),
    [
        ({"sellers": ["FI07375462"]}, "stands in two profiles, oak and elm"),
        ({"key": "key-of-oak"}, "oak and elm have the same key"),
        ({"account": "Oak"}, "two profiles have the name Oak"),
    ],
)
def test_what_is_one_accounts_is_no_others(otherwise, message):
    with pytest.raises(ConfigurationError, match=message):
        Profiles([OAK, elm(**otherwise)])


def test_two_profiles_share_no_journal(tmp_path):
    journal = tmp_path / "one.journal"
    with pytest.raises(ConfigurationError, match="oak and elm have the same journal"):
        Profiles([Profile(account="oak", key="a", sellers=["1"], journal=journal), elm(journal=str(journal))])


@pytest.mark.parametrize(
    ("otherwise", "message"),
    [
        ({"sellers": []}, "must name the seller"),
        ({"sellers": [" "]}, "must name the seller"),
        ({"sellers": "1927400-1"}, "must be a list"),
        ({"per_second": 0}, "per_second must be"),
        ({"account": "../elm"}, "name of an account"),
    ],
)
def test_a_profile_that_cannot_be_one_is_refused(otherwise, message):
    with pytest.raises(ConfigurationError, match=message):
        elm(**otherwise)


def test_there_is_no_client_of_no_profiles():
    with pytest.raises(ConfigurationError, match="there is no profile"):
        Profiles([])


# --- from TOML --------------------------------------------------------------------------------------


@pytest.fixture
def toml(tmp_path):
    def write(text):
        file = tmp_path / "profiles.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_profiles_are_read_from_a_file(toml, monkeypatch, tmp_path):
    monkeypatch.setenv("ELM_KEY", "key-of-elm")
    file = toml(
        '[oak]\nkey_file = "keys/oak"\nsellers = ["0737546-2"]\nrate = 5\njournal = "oak.journal"\n'
        '[elm]\nkey_variable = "ELM_KEY"\nsellers = ["1927400-1", "FI01120389"]\n'
    )
    profiles = Profiles.from_toml(file)
    oak, found = profiles["oak"], profiles["elm"]
    assert isinstance(oak.key, FileTokenStore)
    assert (oak.key.path, oak.journal, oak.per_second) == (tmp_path / "keys/oak", tmp_path / "oak.journal", 5)
    assert (found.key, found.sellers, found.per_second) == ("key-of-elm", ("19274001", "01120389"), None)
    assert "key-of-elm" not in repr(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[oak", "cannot be read"),
        ("", "there is no profile"),
        ("oak = 1", "oak must be a table"),
        ('[oak]\nsellers = ["1"]', "either key_file or key_variable"),
        ('[oak]\nkey_file = "k"\nkey_variable = "K"\nsellers = ["1"]', "either key_file or key_variable"),
        ('[oak]\nkey_variable = "NOT_SET_ANYWHERE"\nsellers = ["1"]', "NOT_SET_ANYWHERE is not set"),
        ('[oak]\nkey_file = "k"', "oak.sellers is required and missing"),
        ('[oak]\nkey_file = "k"\nsellers = "1"', "oak.sellers must be a list"),
        ('[oak]\nkey_file = "k"\nsellers = ["1", 2]', r"oak.sellers\[1\] must be a text"),
        ('[oak]\nkey_file = "k"\nsellers = ["1"]\nrate = true', "oak.rate must be a number"),
        ('[oak]\nkey_file = "k"\nsellers = ["1"]\nrate = "5"', "oak.rate must be a number"),
        ('[oak]\nkey_file = "k"\nsellers = ["1"]\nrate = 0', "oak.rate must be a number of .* from 0.001"),
        ('[oak]\nkey_file = "k"\nsellers = ["1"]\nrate = nan', "oak.rate must be a number of .* from 0.001"),
        ('[oak]\nkey_file = "k"\nsellers = ["1"]\napi_key = "x"', "no entry oak.api_key; only key_file, "),
        ('[oak]\nkey_file = ""\nsellers = ["1"]', "oak.key_file must be a text that is not empty"),
        ('["\\u001b[31m"]\nkey_file = "k"', r'"\\u001b\[31m".sellers is required'),
    ],
)
def test_a_file_that_is_wrong_says_where(toml, text, message):
    with pytest.raises(ConfigurationError, match=message):
        Profiles.from_toml(toml(text))


def test_a_file_that_is_not_there_is_said_to_be_none(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Profiles.from_toml(tmp_path / "none.toml")
