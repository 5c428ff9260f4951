"""A ledger is taken as it is or refused: an audit by a doubtful one would prove nothing."""

import duckdb
import pytest

from audit.ledger import load_ledger
from audit.model import AuditError

pytestmark = pytest.mark.integration  # files and a database

RUN = '{"kind":"run","run":"r","topic":"payments","topic_id":"T","started_at":"2026-11-23T12:00:00Z"}'
SENT = """{"kind":"intent","n":%d,"event_id":"e%d","event_type":"capture","sequence":0,"amount":"12.30",
"currency":"EUR","occurred_at":"2026-11-23T10:00:00.123456Z","expect":"OK","mac":"00"}""".replace("\n", "")
SPOILED = '{"kind":"intent","n":9,"amount":"12,5","occurred_at":"soon","expect":"QUARANTINED_BAD_AMOUNT","mac":"01"}'
ACKED = '{"kind":"outcome","n":%d,"result":"acked","partition":3,"offset":%d,"broker_ms":1795430000000}'
GOOD = [RUN, SENT % (0, 0), SENT % (1, 1), SPOILED, ACKED % (0, 17), ACKED % (1, 18)]


@pytest.fixture
def load(tmp_path):
    def load(*files):
        db = duckdb.connect()
        db.execute("SET TimeZone = 'UTC'")
        paths = [tmp_path / f"{number}.jsonl" for number in range(len(files))]
        for path, text in zip(paths, files, strict=True):
            path.write_text(text)
        load_ledger(db, paths)
        return db

    return load


def lines(*of):
    return "".join(f"{line}\n" for line in of)


def one(db, sql):
    return db.execute(sql).fetchone()


def test_amounts_and_times_are_exact(load):
    amount, at = one(load(lines(*GOOD)), "SELECT amount::VARCHAR, epoch_us(occurred_at) FROM intents WHERE n = 0")
    assert amount == "12.300000000"
    assert at == 1795428000123456


def test_what_a_spoiled_event_holds_is_never_parsed(load):
    db = load(lines(*GOOD))
    assert one(db, "SELECT amount, occurred_at, expect FROM intents WHERE n = 9") == (
        None,
        None,
        "QUARANTINED_BAD_AMOUNT",
    )


@pytest.mark.parametrize("torn", ['{"kind":"outcome","n":', '{"kind":"intent","n":5,"event_id":"caf', "{"])
def test_a_torn_last_line_is_passed_over(load, torn):
    assert one(load(lines(*GOOD) + torn), "SELECT COUNT(*) FROM intents") == (3,)


def test_several_runs_are_told_apart(load):
    db = load(lines(*GOOD), lines(*GOOD))
    assert one(db, "SELECT COUNT(*), COUNT(DISTINCT (file, n)) FROM intents") == (6, 6)


@pytest.mark.parametrize(
    ("of", "complaint"),
    [
        ([*GOOD[:3], "not json", *GOOD[3:]], "a line that is no JSON object"),
        (GOOD[1:], "without its run line"),
        ([RUN.replace('"T"', '""'), *GOOD[1:]], "without its run line"),
        ([RUN, *GOOD], "two run lines"),
        ([*GOOD, GOOD[1]], "a number given twice"),
        ([*GOOD, GOOD[4]], "two outcomes of one event"),
        ([*GOOD[:4], GOOD[4].replace("offset", "place")], "without coordinates"),
        ([RUN, GOOD[1].replace("expect", "hope")], "without its expectation"),
        ([RUN, GOOD[1].replace("12.30", "twelve")], "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_ledger_that_cannot_be_judged_by_is_refused(load, of, complaint):
    with pytest.raises(AuditError, match=complaint):
        load(lines(*of))


def test_the_refusal_is_one_line(load):
    with pytest.raises(AuditError) as caught:
        load(lines(RUN, GOOD[1].replace("12.30", "twelve")))
    assert "\n" not in str(caught.value)
