"""A job over the command line, whose outcomes are unknown."""

import pytest

from .conftest import SETTLE

OK = {"status": "ACCEPTED"}


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-02"])
def test_a_date_at_the_end_of_time_ends_no_job(cli, write, service, date):
    service.loses = {1}
    cli("submit", write(1, header={"date": date, "dueDate": date}), *SETTLE)
    cli("submit", write(1, 2, header={"date": date, "dueDate": date}), *SETTLE)


@pytest.mark.parametrize("amount", ["sNaN", "1E+9999999"])
def test_an_amount_that_is_no_number_ends_no_job(cli, write, service, amount):
    """One odd record in the service's list, and no later job with that invoice comes to its end."""

    def taken(document):
        for one in service.documents[document[0]]:
            one["amount"] = amount

    service.before_answer = lambda document: (taken(document), _cut(service, document))
    file = write(1, 2, 3, amounts={"grossAmount": 124})
    done = cli("submit", file, *SETTLE)
    assert done.code in {0, 3}, done


def _cut(service, document):
    if document[3] == 2 and service.posts[document] == 1:
        raise ConnectionResetError
