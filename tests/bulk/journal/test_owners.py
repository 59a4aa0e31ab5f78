"""Whose a journal is, by the keys that it was used with."""

import pytest

from confirma_async.accounts.owner import Owner, fingerprint
from confirma_async.bulk.journal.records import JobName
from confirma_async.errors import JournalMismatchError
from confirma_async.privacy import Secret

SALT = b"s" * 16


def owner(key, account="", **more):
    return Owner(key=Secret(key), account=account, salt=SALT, **more)


def test_a_key_that_sent_nothing_binds_nothing(run):
    run(owner=owner("mistyped", "acme"))
    run(owner=owner("right", "acme"))


def test_a_key_binds_while_its_job_runs_though_nothing_is_sent_yet(run, journal, again):
    run(owner=owner("first", "acme"))
    other = again()
    with pytest.raises(JournalMismatchError, match="the account acme"), other.transaction():
        other.runs.begin(JobName("t"), now=1000.0, owner=owner("second"))
    journal.close()
    with other.transaction():
        other.runs.begin(JobName("t"), now=1000.0, owner=owner("second"))


def test_the_first_key_asks_nothing_and_a_foreign_one_is_refused(run, journal, sent):
    sent(run(owner=owner("first", "acme")))
    run(owner=owner("first"))
    assert journal.ownership.account() == "acme"
    with pytest.raises(JournalMismatchError, match="the account acme"):
        run(owner=owner("second"))


def test_a_new_key_of_the_account_is_taken_in_for_good(run, sent):
    sent(run(owner=owner("first", "acme")))
    run(owner=owner("second", "acme", vouched=True))
    run(owner=owner("second"))


def test_another_account_does_not_vouch(run, sent):
    sent(run(owner=owner("first", "acme")))
    with pytest.raises(JournalMismatchError):
        run(owner=owner("second", "other", vouched=True))


def test_a_renewed_key_is_known_by_the_one_it_was_renewed_from(run, sent):
    sent(run(owner=owner("first")))
    run(owner=owner("second", kin=[fingerprint(Secret("first"), SALT)]))
    run(owner=owner("second"))


def test_a_key_that_was_renewed_during_a_run_is_known_to_the_next(run, journal, sent):
    number = run(owner=owner("first"))
    sent(number)
    with journal.transaction():
        journal.runs.end(number, "finished", now=9.0, owner=owner("second", vouched=True))
    run(owner=owner("second"))
