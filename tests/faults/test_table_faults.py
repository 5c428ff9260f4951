"""Faults of the landing table, for real: replaced, dropped, a column removed; while a member runs and while none does.

One broker and emulator, a topic, a group and a dataset for each fault. docs/platform-faults.md has the table.
"""

import time

import pytest
from fault_places import Place, reference_world
from fault_report import record_fault
from storm import await_condition

from sandbox.platform.instance import running

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(420)]

COLUMN = "description"


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Places on one platform, each with tables of its own."""
    with running(tmp_path_factory.mktemp("platform")) as platform:
        world = reference_world()
        yield lambda name, **options: Place.on(platform, name, world=world, **options)


def drop_table(place: Place) -> None:
    place.query(f"DROP TABLE `{place.facts.project}.{place.facts.dataset}.payments_landing`")


def drop_column(place: Place) -> None:
    """Remove it from the table. The emulator's REST schema must be told (docs/decisions/0001)."""
    table = place.client.get_table(f"{place.facts.project}.{place.facts.dataset}.payments_landing")
    place.query(f"ALTER TABLE `{place.facts.dataset}.payments_landing` DROP COLUMN {COLUMN}")
    table.schema = [field for field in table.schema if field.name != COLUMN]
    place.client.update_table(table, ["schema"])


def offsets(coordinates: set[tuple[str, int, int]], partition: int) -> set[int]:
    return {offset for _, number, offset in coordinates if number == partition}


@pytest.mark.long
def test_a_table_replaced_while_nobody_runs(make):
    """Partition 0 goes on from the commit, as the line says; partition 1 is filled anew from the log."""
    place = make("replaced-down", partitions=2)
    place.land_the_rest(200)
    dropped = place.landed()
    drop_table(place)
    place.create_tables()
    line = place.refused()
    assert "the landing table was replaced" in line
    commit = place.log(0)[1]
    place.follow(line, says=[f"offsets 0 to {commit - 1} would NOT be landed: --from 0 lands them"])
    again = place.tidemark("recover", "--partition", "1", "--from", "beginning", "--yes")
    assert again.returncode == 0, again.stderr
    place.land_the_rest(100, seed=8)
    gone = place.sent() - place.landed()
    assert offsets(gone, 0) == offsets(dropped, 0) == set(range(commit))
    assert offsets(gone, 1) == set()
    record_fault(
        fault="landing table replaced, consumer down",
        done="recovered one partition from the commit, as the line says, and one from the beginning",
        happened=f"refused: `{line.removeprefix('tidemark: ')}`; the plan names the offsets that the commit leaves out",
        seconds=None,
        audit=f"{place.assert_audit_passes(without=lambda _, p, o: p == 0 and o < commit)}; "
        f"exactly the {len(gone)} rows of the dropped table lost, none where filled anew",
    )


@pytest.mark.long
def test_a_table_replaced_under_a_member(make):
    """The emulator takes a stream's appends into the successor: nothing fails, so the member has to look."""
    place = make("replaced-up")
    crew = place.crew()
    place.produce(100)
    place.land_all(crew)
    dropped = place.landed()
    drop_table(place)
    place.create_tables()
    began = time.monotonic()
    place.produce(100, seed=8)
    line = place.await_halts(crew, [0])[0]
    seconds = time.monotonic() - began
    assert "the landing table was replaced" in line
    crew.terminate()
    place.follow(line, says=["would NOT be landed"])  # what the dropped table held
    place.land_the_rest(100, seed=9)
    gone = place.sent() - place.landed()
    assert gone == dropped, "what the dropped table held, and nothing else"
    record_fault(
        fault="landing table replaced, consumer running",
        done="dropped and created again; recovered from the commit",
        happened=f"halted after {seconds:.0f} s: `{line}`",
        seconds=None,
        audit=f"{place.assert_audit_passes(without=lambda t, p, o: (t, p, o) in gone)}; "
        f"exactly the {len(gone)} rows of the dropped table lost",
    )


@pytest.mark.long
def test_a_table_dropped_under_a_member(make):
    place = make("dropped-up")
    crew = place.crew()
    drop_table(place)
    place.produce(100)
    line = place.await_halts(crew, [0])[0]
    assert "no such table; run `tidemark migrate`" in line
    crew.terminate()
    assert "tidemark migrate" in place.refused()
    migrated = place.tidemark("migrate")
    assert migrated.returncode == 0, migrated.stderr
    recreated = place.refused()
    assert "the landing table was replaced" in recreated
    place.follow(recreated)
    place.land_the_rest()
    assert place.landed() == place.sent()
    record_fault(
        fault="landing table dropped, consumer running",
        done="migrated as the line says; the restart then refuses a table that is not the commit's; recovered",
        happened=f"halted: `{line}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )


def test_a_column_removed_under_a_member(make):
    place = make("column-up", partitions=2)
    crew = place.crew()
    place.produce(100)
    place.land_all(crew)
    before = place.landed()
    drop_column(place)
    place.produce(100, seed=8)

    def warning() -> str:
        crew.tend()
        return " ".join(line for beat in crew.beats().values() for line in beat["warnings"])

    await_condition(lambda: COLUMN in warning(), 90, "a warning that names the column")
    said = warning()
    assert f"table payments_landing has no column {COLUMN}: run `tidemark migrate`" in said
    assert place.landed() == before, "nothing lands without the column"
    assert place.halts(crew) == {}
    migrated = place.tidemark("migrate")
    assert f"added column payments_landing.{COLUMN} STRING" in migrated.stdout, migrated.stdout + migrated.stderr
    began = time.monotonic()
    place.land_all(crew)
    seconds = time.monotonic() - began
    await_condition(lambda: not warning(), 60, "the warning is gone")
    assert crew.members[0].starts == 1
    crew.terminate()
    assert place.landed() == place.sent()
    # the values of rows that landed before went with the column: the audit asks for them no more than the table can
    rejected = place.query(
        f"SELECT COUNT(*) FROM `{place.facts.dataset}.payments_landing` "
        "WHERE business_date >= DATE '2020-01-01' AND status LIKE '%WAREHOUSE_REJECTED%'"
    )
    assert rejected == [(0,)]
    record_fault(
        fault="column removed from the landing table, consumer running",
        done=f"dropped `{COLUMN}` under traffic, then `tidemark migrate`",
        happened=f"nothing lands without it; the heartbeat warns: `{said}`; goes on by itself",
        seconds=seconds,
        audit=place.assert_audit_passes(),
    )


@pytest.mark.long
def test_a_column_removed_while_nobody_runs(make):
    place = make("column-down")
    place.land_the_rest(50)
    drop_column(place)
    line = place.refused()
    assert f"table payments_landing has no column {COLUMN}: run `tidemark migrate`" in line
    assert place.tidemark("migrate").returncode == 0
    place.land_the_rest(50, seed=8)
    record_fault(
        fault="column removed from the landing table, consumer down",
        done=f"dropped `{COLUMN}`, started, `tidemark migrate`, started",
        happened=f"refused, exit code 3: `{line.removeprefix('tidemark: ')}`",
        seconds=None,
        audit=place.assert_audit_passes(),
    )
