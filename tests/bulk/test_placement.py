"""Which journal a run goes into, and whose it is."""

import pytest

from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import FIRST_ACCOUNT, Accounts
from confirma_async.accounts.unknown import UnknownKeyError
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.placement import place
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalMismatchError
from confirma_async.privacy import Secret

URL = "https://api.example.com"
FIRST, SECOND = Secret("key-of-the-first"), Secret("key-of-the-second")


def placed(key, *, name=None, journal=None):
    return place(journal, base_url=URL, key=key, account=AccountName(name))


def begin(placement, entry=None):
    """A run begins, and claims and sends an invoice if there is one; returns the journal, still open."""
    journal = placement.open()
    try:
        with journal.transaction():
            run = journal.runs.begin(JobName(placement.target), now=1.0, owner=placement.owner)
        if entry is not None:
            with journal.transaction():
                admitted = journal.admit([entry], run)
                journal.sending([admitted[0].position], 1.0, 2.0)
    except BaseException:
        journal.close()
        raise
    return journal


def keys_of(placement):
    with reading(placement.path) as journal:
        return journal.ownership.fingerprints()[1]


def test_a_run_goes_into_the_journal_of_its_account(directories):
    assert placed(FIRST).path == directories / "api.example.com" / FIRST_ACCOUNT / "account.journal"


def test_an_account_whose_first_run_died_as_it_sent_is_bound_all_the_same(entry):
    begin(placed(FIRST), entry()).close()  # nobody noted that the service has taken something
    with pytest.raises(UnknownKeyError):
        placed(SECOND)
    begin(placed(FIRST)).close()


def test_a_journal_that_cannot_be_read_binds_its_account(entry):
    placement = placed(FIRST)
    begin(placement, entry()).close()
    placement.path.write_bytes(b"")
    with pytest.raises(UnknownKeyError):
        placed(SECOND)


def test_a_key_that_sent_nothing_is_not_known_once_another_has(entry):
    begin(placed(SECOND)).close()
    placement = placed(FIRST)
    begin(placement, entry()).close()
    placement.prove(keys_of(placement))
    with pytest.raises(UnknownKeyError):
        placed(SECOND)


def test_a_key_that_sent_nothing_is_not_known_once_the_run_of_another_died(entry):
    begin(placed(SECOND)).close()
    begin(placed(FIRST), entry()).close()
    with pytest.raises(UnknownKeyError):
        placed(SECOND)


def test_a_key_that_came_before_the_first_invoice_was_sent_is_not_vouched_for(entry):
    first, second = placed(FIRST), placed(SECOND)
    begin(first, entry()).close()
    with pytest.raises(JournalMismatchError, match="belongs to the account"):
        begin(second)


def test_an_account_is_proved_by_the_key_that_sent(entry):
    first, _ = placed(FIRST), placed(SECOND)
    begin(first, entry()).close()
    first.prove(keys_of(first))
    assert placed(FIRST).owner.vouched
    with pytest.raises(UnknownKeyError):
        placed(SECOND)


def test_a_named_account_vouches_for_a_new_key(entry):
    begin(placed(FIRST), entry()).close()
    begin(placed(SECOND, name=FIRST_ACCOUNT)).close()
    begin(placed(SECOND)).close()


def test_a_journal_of_ones_own_needs_no_account_and_knows_its_keys(tmp_path, entry):
    path = tmp_path / "own.journal"
    begin(placed(FIRST, journal=path), entry()).close()
    assert list(Accounts().all()) == []
    with pytest.raises(JournalMismatchError, match="the account account-"):
        begin(placed(SECOND, journal=path))
    begin(placed(FIRST, journal=path)).close()
