"""Options that stand twice, for type checkers and where they are taken, are the same ones."""

import inspect

import attrs
import pytest

from confirma_async import Confirma, Options
from confirma_async.account import Account
from confirma_async.bulk.models import JobArguments, JobOptions, Unknown
from confirma_async.creditors import CreditorsOptions
from confirma_async.creditors.outboxes import OutboxArguments
from confirma_async.outbox import WriteArguments, WriteOptions
from confirma_async.session.call_options import CallOptions


def written(annotation):
    return getattr(annotation, "__forward_arg__", annotation)


def taken_by(taker):
    """Return each parameter with its type as it is written; None where a converter takes more than that."""
    if attrs.has(taker):
        fields = [field for field in attrs.fields(taker) if field.init]
        return {field.name: None if field.converter else written(field.type) for field in fields}
    return {name: written(each.annotation) for name, each in inspect.signature(taker).parameters.items()}


@pytest.mark.parametrize(
    ("told", "taker", "more"),
    [
        (JobArguments, JobOptions, set()),
        (WriteArguments, WriteOptions, set()),
        (Options, CallOptions, {"subject", "find_out", "before_send"}),
        (CreditorsOptions, Confirma, {"credentials", "provisioning_token", "renew_on_401"}),
        (OutboxArguments, Account.outbox, {"self", "journal", "sellers", "inputs", "target"}),
    ],
)
def test_options_are_told_as_they_are_taken(told, taker, more):
    taken = taken_by(taker)
    assert told.__annotations__.keys() == taken.keys() - more
    for name, kind in told.__annotations__.items():
        assert taken[name] in {None, written(kind)}, name


def test_an_outbox_looks_up_as_a_job_does_unless_told_otherwise():
    parameters, options = inspect.signature(Account.outbox).parameters, JobOptions()
    assert parameters["settle_seconds"].default == options.settle_seconds
    assert Unknown(parameters["on_unknown"].default) is options.on_unknown
