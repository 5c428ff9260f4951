"""What commands say: halts with the way out, no figures of the dead, one line for a mistake."""

import pytest

from orchestration.commands.consume import valid_member
from orchestration.commands.platform import consumer_lines, logs, status
from orchestration.commands.query import refuse_changes
from orchestration.errors import UserError

MEMBER = {
    "pid": 17,
    "member": "member-0",
    "partitions": [0, 1],
    "lag": 3,
    "rows_landed": 99,
    "latency_ms": {"p50": 100.0, "p95": 200.4, "p99": 300.0},
    "state": "running",
    "halts": [],
    "warnings": [],
}
HALT = "partition 1 halted: the landing table was replaced; run `tidemark recover --partition 1 --from commit`"


def test_a_running_member_is_one_line():
    assert consumer_lines(MEMBER) == [
        "member-0  running      pid 17, partitions 0,1, lag 3, landed 99, p95 200 ms",
    ]


@pytest.mark.parametrize("state", ["stopped", "dead"])
def test_who_is_gone_has_no_latency(state):
    (line,) = consumer_lines(MEMBER | {"state": state})
    assert line.endswith("landed 99")


def test_a_warning_is_a_line_while_its_member_lives():
    warned = MEMBER | {"warnings": ["its log cannot be written"]}
    assert consumer_lines(warned)[1:] == ["  its log cannot be written"]
    assert consumer_lines(warned | {"state": "dead"})[1:] == []


@pytest.mark.parametrize("state", ["halted", "dead"])
def test_every_halt_is_a_line_with_its_command(state):
    halts = [{"partition": n, "reason": "TABLE_REPLACED", "message": HALT} for n in (1, 2)]
    assert consumer_lines(MEMBER | {"state": state, "halts": halts})[1:] == [f"  {HALT}"] * 2


def test_status_of_a_folder_without_a_platform_says_how_to_start_that_one(tmp_path, capsys):
    status(tmp_path)
    said = capsys.readouterr().out
    assert f"`tidemark up --state {tmp_path}`" in said
    assert f"`tidemark consume --state {tmp_path}`" in said


def test_logs_of_a_foreground_consumer_are_in_its_terminal(tmp_path):
    with pytest.raises(UserError, match="a foreground consumer logs to its terminal"):
        logs("consumer", 20, False, tmp_path)
    with pytest.raises(UserError, match=f"`tidemark up --state {tmp_path}`"):
        logs("", 20, False, tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "../member", "a/b", "x" * 201, "member\n"])
def test_a_member_that_could_not_be_a_file_is_refused(name):
    with pytest.raises(UserError, match=r"^--member must") as caught:
        valid_member(name)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("name", ["member-1", "...", "a.b", "x" * 200])
def test_a_good_name_is_taken(name):
    assert valid_member(name) == name


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1;",
        "  \n-- a remark; DROP TABLE x\nWITH a AS (SELECT 1) SELECT * FROM a",
        "/* ; */ (SELECT 1) UNION ALL (SELECT 2)",
        "SELECT 'a;b', \"c;d\", `e;f`, '''g;'h''', 'it\\'s; fine' # ;",
    ],
)
def test_reading_is_let_through(sql):
    refuse_changes(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "DROP TABLE payments_landing",
        "delete from payments_landing where true",
        "SELECT 1; DROP TABLE payments_landing",
        "-- SELECT\nUPDATE payments_landing SET amount = 0 WHERE TRUE",
        "/* SELECT */ TRUNCATE TABLE payments_landing",
        "SELECT 1 -- '\n; DROP TABLE x -- '",
        "SELECTED",
        "BEGIN SELECT 1; END",
        "EXPORT DATA OPTIONS (uri = 'gs://x/*') AS SELECT 1",
    ],
)
def test_changing_is_refused(sql):
    with pytest.raises(UserError, match="only reads"):
        refuse_changes(sql)
