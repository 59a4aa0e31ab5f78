"""Values on their way to the server as text: what arrives is what was given."""

import pytest

from confirma_async.bulk.postgres.connection.text_forms import array_text, copy_text, data_array

AWKWARD = ["", "a\tb", "two\nlines", "\r", "back\\slash", "\\N", "\\.", "ä€😀", "quoted \"'", "{a,b}", "NULL"]


@pytest.fixture
def connection(in_database):
    with in_database() as connection:
        yield connection


def copied(connection, rows, columns):
    with connection.transaction():
        connection.execute(f"CREATE TEMPORARY TABLE given ({columns}) ON COMMIT DROP")
        with connection.cursor() as cursor, cursor.copy("COPY given FROM STDIN") as copying:
            copying.write(copy_text(rows))
        return connection.execute("SELECT * FROM given").fetchall()


@pytest.mark.parametrize("text", AWKWARD)
def test_a_copied_text_arrives_as_it_was(connection, text):
    assert copied(connection, [(1, text)], "at int, said text") == [(1, text)]


def test_copied_rows_hold_data_and_what_is_missing(connection):
    rows = [(2**62, None, bytes(range(256))), (-1, None, b"")]
    assert copied(connection, rows, "number bigint, nothing text, data bytea") == rows


@pytest.mark.parametrize("values", [[], [0], [2**62, -5]])
def test_an_array_of_whole_numbers_arrives_as_it_was(connection, values):
    assert connection.execute("SELECT %s::bigint[]", [array_text(values)]).fetchone() == (values,)


@pytest.mark.parametrize("values", [[], [b""], [bytes(range(256)), b'"{}\\']])
def test_an_array_of_data_arrives_as_it_was(connection, values):
    assert connection.execute("SELECT %s::bytea[]", [data_array(values)]).fetchone() == (values,)
