"""Which key is of which account, and where the journal of each lies."""

import json
import logging
import os
import stat
import threading

import pytest

from confirma_async.accounts import account_list as module
from confirma_async.accounts.folders import (
    JOURNAL_DIR_VARIABLE,
    LOCALHOST,
    journal_root,
    state_root,
    target_of,
)
from confirma_async.accounts.owner import AccountName, fingerprint
from confirma_async.accounts.registry import FIRST_ACCOUNT, Accounts, near, note_renewal
from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.errors import ConfigurationError, CredentialsError
from confirma_async.privacy import Secret

AT = "api.example.com"
FIRST, SECOND, THIRD = (Secret(f"key-of-account-{number}") for number in (1, 2, 3))


@pytest.fixture
def accounts(directories):
    return Accounts()


@pytest.fixture
def proved(accounts):
    """The same, with one account that the service has taken something for."""
    accounts.admit(AT, FIRST)
    prove(accounts, AT, FIRST_ACCOUNT, FIRST)
    return accounts


def prove(accounts, target, name, key):
    accounts.prove(target, name, [fingerprint(key, accounts.owner(key).salt)])


def registry(accounts):
    return json.loads((accounts.root / "accounts.json").read_bytes())


def named(accounts, key, *, account=None, new=False, target=AT):
    record, _ = accounts.admit(target, key, account, new=new)
    return record.name


# --- targets and places ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.example.com", AT),
        ("https://API.example.com/base", AT),
        ("https://api.example.com:8443", f"{AT}_8443"),
        ("http://127.0.0.1:8080", LOCALHOST),
        ("http://localhost", LOCALHOST),
        ("http://[::1]:9", LOCALHOST),
    ],
)
def test_a_target_is_what_the_address_leads_to(url, target):
    assert target_of(url) == target


def test_journals_lie_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv(JOURNAL_DIR_VARIABLE, str(tmp_path))
    assert journal_root() == tmp_path
    assert Accounts().admit(AT, FIRST)[0].journal == tmp_path / AT / FIRST_ACCOUNT / "account.journal"


def test_a_relative_folder_is_refused(monkeypatch):
    monkeypatch.setenv(JOURNAL_DIR_VARIABLE, "here")
    with pytest.raises(ConfigurationError, match="absolute path"):
        journal_root()


@pytest.mark.parametrize("place", [journal_root, state_root])
def test_no_home_directory_is_a_sentence_and_not_a_guess(place, monkeypatch):
    for name in (JOURNAL_DIR_VARIABLE, "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home(path):
        return path

    monkeypatch.setattr(os.path, "expanduser", no_home)
    with pytest.raises(ConfigurationError, match=f"no home directory.*{JOURNAL_DIR_VARIABLE}"):
        place()


def test_what_is_kept_is_for_its_owner_only(accounts):
    record, _ = accounts.admit(AT, FIRST)
    assert stat.S_IMODE((accounts.root / "accounts.json").stat().st_mode) == 0o600
    for folder in (accounts.root, record.journal.parent, record.journal.parents[1]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=f"cannot be written.*{JOURNAL_DIR_VARIABLE}"):
        Accounts(tmp_path / "file" / "journals").admit(AT, FIRST)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', "\0"])
def test_a_damaged_list_is_refused_and_left_alone(accounts, content):
    accounts.admit(AT, FIRST)
    path = accounts.root / "accounts.json"
    path.write_text(content)
    for use in (lambda: accounts.admit(AT, FIRST), lambda: list(accounts.all())):
        with pytest.raises(ConfigurationError, match="damaged"):
            use()
    assert path.read_text() == content


# --- fingerprints ---------------------------------------------------------------------------------


def test_a_fingerprint_is_of_its_salt_and_says_nothing_of_the_key(accounts):
    one, other = fingerprint(FIRST, b"a" * 16), fingerprint(FIRST, b"b" * 16)
    assert one != other
    assert len(one) == 32
    accounts.admit(AT, FIRST)
    kept = (accounts.root / "accounts.json").read_text()
    assert FIRST.reveal() not in kept
    assert fingerprint(FIRST, bytes.fromhex(registry(accounts)["salt"])) in kept


def test_every_user_has_a_salt_of_his_own(tmp_path):
    salts = set()
    for name in ("one", "other"):
        accounts = Accounts(tmp_path / name)
        accounts.admit(AT, FIRST)
        salts.add(registry(accounts)["salt"])
    assert len(salts) == 2


# --- whose key ------------------------------------------------------------------------------------


def test_the_first_key_asks_nothing_and_is_known_from_then_on(proved):
    assert named(proved, FIRST) == FIRST_ACCOUNT
    assert list(proved.of(AT)) == [FIRST_ACCOUNT]


def test_an_unknown_key_is_refused_and_leaves_nothing(proved):
    before = registry(proved)
    with pytest.raises(UnknownKeyError) as caught:
        proved.admit(AT, SECOND)
    assert (caught.value.known, caught.value.holder) == ((FIRST_ACCOUNT,), None)
    assert registry(proved) == before


def test_a_key_of_another_target_is_another_matter(proved):
    assert named(proved, SECOND, target="staging.example.com") == FIRST_ACCOUNT


def test_the_user_says_whose_key_it_is(proved):
    assert named(proved, SECOND, account=FIRST_ACCOUNT) == FIRST_ACCOUNT
    assert named(proved, SECOND) == FIRST_ACCOUNT
    assert named(proved, THIRD, account="other", new=True) == "other"
    assert named(proved, THIRD) == "other"


def test_a_mistyped_name_makes_no_account(proved):
    with pytest.raises(UnknownAccountError):
        proved.admit(AT, SECOND, "defualt")
    assert list(proved.of(AT)) == [FIRST_ACCOUNT]


def test_a_new_account_must_be_new(proved):
    with pytest.raises(UnknownKeyError, match="known already"):
        proved.admit(AT, SECOND, FIRST_ACCOUNT, new=True)


def test_a_key_is_not_taken_to_another_account(proved):
    proved.admit(AT, SECOND, "other", new=True)
    for use in (lambda: proved.admit(AT, FIRST, "other"), lambda: proved.vouch(AT, FIRST, "other")):
        with pytest.raises(UnknownKeyError, match=f"belongs to the account {FIRST_ACCOUNT}"):
            use()


def test_a_key_that_is_found_in_the_place_of_another_accounts_is_refused(proved):
    proved.admit(AT, SECOND, "other", new=True)
    with pytest.raises(CredentialsError, match=r"the account default .* is the key of other now"):
        proved.check_successor(AT, FIRST, SECOND)
    proved.check_successor(AT, FIRST, THIRD)  # a new one of the same, for all that is known


def test_a_key_that_sent_nothing_binds_nothing(accounts):
    accounts.admit(AT, FIRST)  # a typing error, say
    assert named(accounts, SECOND) == FIRST_ACCOUNT
    prove(accounts, AT, FIRST_ACCOUNT, SECOND)
    with pytest.raises(UnknownKeyError):
        accounts.admit(AT, FIRST)


def test_an_account_is_of_the_key_that_sent_first(accounts):
    accounts.admit(AT, FIRST)
    accounts.admit(AT, SECOND)  # while the other one's job has not sent anything yet
    prove(accounts, AT, FIRST_ACCOUNT, FIRST)
    assert named(accounts, FIRST) == FIRST_ACCOUNT
    with pytest.raises(UnknownKeyError):
        accounts.admit(AT, SECOND)


def test_what_is_proved_once_stays(proved):
    proved.admit(AT, SECOND, FIRST_ACCOUNT)
    before = registry(proved)
    prove(proved, AT, FIRST_ACCOUNT, SECOND)
    prove(proved, AT, "nobody", SECOND)
    assert registry(proved) == before


def test_accounts_that_are_not_proved_are_known_as_such(proved):
    proved.admit(AT, SECOND, "other", new=True)
    assert [record.name for record in proved.all() if not record.proved] == ["other"]


def test_on_this_machine_every_key_has_an_account_of_its_own(accounts):
    accounts.admit(LOCALHOST, FIRST)
    prove(accounts, LOCALHOST, FIRST_ACCOUNT, FIRST)
    second = named(accounts, SECOND, target=LOCALHOST)
    assert second.startswith("account-")
    assert named(accounts, SECOND, target=LOCALHOST) == second
    assert named(accounts, FIRST, target=LOCALHOST) == FIRST_ACCOUNT
    assert named(accounts, THIRD, target=LOCALHOST, account="mine") == "mine"


def test_keys_that_come_at_the_same_moment_are_all_kept(accounts):
    accounts.admit(LOCALHOST, FIRST)
    prove(accounts, LOCALHOST, FIRST_ACCOUNT, FIRST)
    keys = [Secret(f"key-at-once-{number}") for number in range(8)]
    threads = [threading.Thread(target=Accounts().admit, args=(LOCALHOST, key)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accounts.of(LOCALHOST)) == len(keys) + 1


# --- renewals -------------------------------------------------------------------------------------


def test_a_renewed_key_is_of_the_account_of_the_one_it_was_renewed_from(proved):
    proved.renewed(FIRST, SECOND)
    proved.renewed(SECOND, THIRD)
    assert named(proved, THIRD) == FIRST_ACCOUNT
    assert proved.find(AT, SECOND).name == FIRST_ACCOUNT


def test_keys_that_were_renewed_in_a_circle_are_looked_through_once(proved):
    proved.renewed(FIRST, SECOND)
    proved.renewed(SECOND, FIRST)
    owner = proved.owner(SECOND)
    assert len(owner.kin) == 2


async def test_a_renewal_that_cannot_be_noted_is_logged(accounts, monkeypatch, caplog):
    def full(path, content):
        raise OSError("no space")

    monkeypatch.setattr(module, "write_durably", full)
    logging.getLogger("confirma_async").propagate = True
    with caplog.at_level(logging.WARNING):
        await note_renewal(FIRST, SECOND)
    assert "the next job asks for the name of the account" in caplog.text


async def test_a_renewal_is_noted(proved):
    await note_renewal(FIRST, SECOND)
    assert named(proved, SECOND) == FIRST_ACCOUNT


# --- finding, without changing anything -----------------------------------------------------------


def test_an_account_is_found_by_name_by_key_or_as_the_only_one(proved):
    assert proved.find(AT, None).name == FIRST_ACCOUNT
    proved.admit(AT, SECOND, "other", new=True)
    before = registry(proved)
    assert proved.find(AT, SECOND).name == "other"
    assert proved.find(AT, SECOND, FIRST_ACCOUNT).name == FIRST_ACCOUNT
    with pytest.raises(UnknownAccountError):
        proved.find(AT, None)
    with pytest.raises(UnknownKeyError):
        proved.find(AT, THIRD)
    with pytest.raises(UnknownAccountError, match="nobody"):
        proved.find(AT, FIRST, "nobody")
    assert registry(proved) == before


def test_where_one_account_is_known_another_key_is_not_taken_for_its(proved):
    with pytest.raises(UnknownKeyError):
        proved.find(AT, SECOND)


def test_looking_makes_nothing(accounts):
    assert list(accounts.all()) == []
    assert accounts.find(AT, FIRST).name == FIRST_ACCOUNT  # which its first job will make
    assert not accounts.root.exists()


# --- owners of journals that the user names -------------------------------------------------------


def test_a_key_vouches_for_its_own_account_and_for_one_that_is_named(proved):
    assert (proved.vouch(AT, FIRST, None).account, proved.vouch(AT, FIRST, None).vouched) == (
        FIRST_ACCOUNT,
        True,
    )
    assert (proved.vouch(AT, SECOND, None).account, proved.vouch(AT, SECOND, None).vouched) == ("", False)
    assert proved.vouch(AT, SECOND, "mine").vouched


def test_an_owner_is_known_by_his_kin_under_one_salt_only(proved):
    proved.renewed(FIRST, SECOND)
    owner = proved.owner(SECOND)
    assert owner.fingerprints(owner.salt) == [fingerprint(SECOND, owner.salt), fingerprint(FIRST, owner.salt)]
    assert owner.fingerprints(b"x" * 16) == [fingerprint(SECOND, b"x" * 16)]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", ".hidden", "-option", "ä", "a\n", "a" * 65])
def test_a_name_that_would_be_no_folder_is_refused(accounts, name):
    for use in (lambda: AccountName(name), lambda: accounts.admit(AT, FIRST, name, new=True)):
        with pytest.raises(ConfigurationError, match="1 to 64"):
            use()


def test_a_new_account_needs_a_name():
    assert AccountName("a", new=True).new
    with pytest.raises(ConfigurationError, match="needs a name"):
        AccountName(None, new=True)


def test_a_mistyped_name_is_guessed():
    assert near("acme-oi", ["acme-oy", "other"]) == "acme-oy"
    assert near("x", ["acme-oy"]) is None
