"""The mirror answers what can only read; its typed columns can be made anew."""

from decimal import Decimal

import pytest
from parts.seeded_differences import fill, seeded

from confirma_async import Confirma, Overrides
from confirma_async.errors import MirrorError
from confirma_async.mirror import QueryResult, ask
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.mirror.store.views import VIEWS
from confirma_async.sandbox import ListedKind


@pytest.fixture
async def filled(sandbox, sync):
    day = str(sandbox.clock.now().date())
    payment = {
        "invoiceNumber": "7",
        "caseId": 1,
        "bookingDate": day,
        "amount": Decimal("10.10"),
        "currency": "EUR",
    }
    sandbox.add_records(ListedKind.PAYMENT, {"a": payment, "b": {**payment, "amount": Decimal("0.20")}})
    await sync()


async def test_sums_are_exact(filled, place):
    answer = ask(
        "SELECT currency, sum(amount_cents) AS paid_cents, count(*) AS n FROM payments GROUP BY 1", place
    )
    assert list(answer.columns) == ["currency", "paid", "n"]
    assert answer.rows == [("EUR", Decimal("10.30"), 2)]


async def test_an_answer_becomes_an_arrow_table(filled, place):
    table = ask("SELECT number, amount_cents FROM payments ORDER BY 2", place).to_arrow()
    assert table.to_pylist() == [
        {"number": "7", "amount": Decimal("0.20")},
        {"number": "7", "amount": Decimal("10.10")},
    ]


async def test_more_rows_than_were_asked_for_are_told(filled, place):
    answer = ask("SELECT * FROM payments", place, most=1)
    assert (len(answer.rows), answer.cut) == (1, True)


async def test_every_table_has_the_columns_that_it_is_documented_with(filled, place, subtests):
    for view in VIEWS:
        with subtests.test(view.name):
            assert ask(f"SELECT * FROM {view.name}", place).columns == [
                name.removesuffix("_cents") for name in view.columns
            ]


WRITING = [
    "DELETE FROM payment_data",
    "INSERT INTO explained VALUES (1, 'x', 'y', 'z')",
    "DROP TABLE record",
    "CREATE TABLE mine (x int)",
    "SELECT 1; DELETE FROM payment_data",
    "COMMIT; DELETE FROM payment_data",
    "WITH x AS (SELECT 1) DELETE FROM payment_data",
    "UPDATE record SET hash = 'x'",
    "",
    "VACUUM",
    "nonsense",
    "SELECT 1; COMMIT; DELETE FROM payment_data",
    "SELECT 1; SET TRANSACTION READ WRITE; DELETE FROM payment_data",
    "WITH x AS (DELETE FROM payment_data RETURNING 1) SELECT * FROM x",
    "SELECT 1 AS x INTO made",
    "EXPLAIN ANALYZE DELETE FROM payment_data",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "/* SELECT */ DELETE FROM payment_data",
    "-- SELECT\nDELETE FROM payment_data",
    "REPLACE INTO explained VALUES (1, 'x', 'y', 'z')",
    "SAVEPOINT x",
    "REINDEX",
    "PRAGMA writable_schema = 1",
    "SELECT * FROM pragma_user_version",
    "SELECT nextval('x')",
]


async def test_what_is_no_question_changes_nothing_and_is_told(filled, place, subtests):
    for question in WRITING:
        with subtests.test(question):
            with pytest.raises(MirrorError, match=r"cannot be asked|no question"):
                ask(question, place)
            assert ask("SELECT count(*) FROM payments", place).rows == [(2,)]


@pytest.mark.parametrize(
    "question",
    [
        "ATTACH '{file}' AS other",
        "PRAGMA user_version = 5",
        "SELECT load_extension('x')",
        "PRAGMA journal_mode",
    ],
)
async def test_a_file_opens_no_other_and_changes_no_setting(sandbox, confirma, tmp_path, question):
    place = tmp_path / "mirror.db"
    await confirma.mirror.sync(place, now=sandbox.clock.now())
    with pytest.raises(MirrorError, match="cannot be asked"):
        ask(question.format(file=tmp_path / "made.db"), place)
    assert not (tmp_path / "made.db").exists()


async def test_a_server_writes_no_file_for_a_question(sandbox, confirma, postgres):
    await confirma.mirror.sync(postgres, now=sandbox.clock.now())
    with pytest.raises(MirrorError, match="cannot be asked"):
        ask("COPY (SELECT 1) TO PROGRAM 'touch /tmp/made-by-a-question'", postgres)


async def test_asking_makes_no_mirror(tmp_path):
    with pytest.raises(MirrorError, match="there is no mirror"):
        ask("SELECT 1", tmp_path / "mirror.db")
    assert not list(tmp_path.iterdir())


async def test_a_name_that_is_corrected_later_fills_its_column_from_what_was_told(sandbox, place):
    day = str(sandbox.clock.now().date())
    sandbox.add_records(
        ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": day, "paidAmount": Decimal("12.50")}}
    )
    async with Confirma(sandbox.api_key, base_url=sandbox.url) as unaware:
        await unaware.mirror.sync(place, now=sandbox.clock.now())
    assert ask("SELECT amount_cents FROM payments", place).rows == [(None,)]
    corrected = Overrides(names={"Payment.amount": "paidAmount"})
    async with Confirma(sandbox.api_key, base_url=sandbox.url, overrides=corrected) as confirma:
        assert await confirma.mirror.rebuild(place) == 1
        assert (await confirma.mirror.query("SELECT amount_cents FROM payments", place)).rows == [
            (Decimal("12.50"),)
        ]
        report = await confirma.mirror.sync(place, now=sandbox.clock.now())
    assert report.streams["payments"].new == report.streams["payments"].changed == 0
    assert ask("SELECT count(*) FROM drift", place).rows == [(0,)]


async def test_an_invoice_that_is_listed_twice_is_summed_once(place):
    database = open_mirror(place, make=True)
    fill(database, seeded(20, 0))
    ((before,),) = database.rows("SELECT sum(amount_cents) FROM sent")
    copied = "record + 1000, account, number, date, 'ACCEPTED', method, created_at, distributed_at"
    database.run(
        f"INSERT INTO distribution_data SELECT {copied}, payment_control, case_id, error "
        "FROM distribution_data WHERE number IN ('3', '4')"
    )
    database.run(
        "INSERT INTO record SELECT id + 1000, account, stream, base, hash, first_day, last_day, 1, "
        "first_seen, NULL, NULL FROM record WHERE id IN (SELECT record FROM distribution_data)"
    )
    database.run(
        "INSERT INTO sent SELECT account, number, 'REMINDER', seller, date, date, 500, currency, state, "
        "status, sent_at, journal FROM sent WHERE number = '4'"
    )
    database.close()
    (found,) = ask(
        "SELECT sum(sent_cents) AS x_cents, count(*) AS n, count(sent_state) FROM invoices", place
    ).rows
    assert found == (Decimal(before + 500).scaleb(-2), 22, 21)


async def test_columns_of_one_name_are_told_apart(filled, place):
    answer = ask("SELECT 1 AS number, 2 AS number, 3 AS number", place)
    assert answer.columns == ["number", "number_2", "number_3"]


async def test_a_mean_is_no_amount(filled, place):
    answer = ask("SELECT avg(c) AS mean_cents FROM (SELECT 1 AS c UNION ALL SELECT 2) AS two", place)
    assert answer.columns == ["mean_cents"]
    assert answer.to_arrow().num_rows == 1


async def test_a_column_of_several_kinds_becomes_no_arrow_table(filled, tmp_path):
    with pytest.raises(MirrorError, match="column x holds values of several kinds"):
        QueryResult(["x"], [(1,), ("a",)]).to_arrow()
