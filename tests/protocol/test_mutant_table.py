import json

import pytest
from mutant_table import main, row, simulated, sound
from mutants import MUTANTS, Mutant

from benchmarks.reliability.evidence import mutants, reader

SHORTCUTS = frozenset(
    {
        "commit before the ack",
        "ALREADY_EXISTS is success",
        "append before publishing",
        "a new stream on FINALIZED",
        "publish (k, 0)",
        "publish after the skip",
        "drop the counter after a fetch",
        "skip twice",
        "filter before landing",
        "ignore NOT_FOUND",
        "fall back on the last epoch",
        "commit the row ahead",
        "no check of the log's start",
        "commit what it does not own",
        "epochs from a counter",
    }
)
"""Those that docs/delivery-guarantees.md and the design name; the list may have more, and must not have fewer."""


def test_every_shortcut_is_on_the_list_once():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert set(names) >= SHORTCUTS


def test_nothing_is_noticed_of_the_protocol_as_it_is():
    found = row(Mutant("none"), 5, 3)
    assert sound(found)
    assert found["survived"] == 5


def test_the_first_example_that_notices_is_told():
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "skip twice")
    found = simulated(mutant, 12)
    assert found["first"] == 1 + next(seed for seed in range(12) if mutant.dies_in(seed))
    assert found["missing"] + found["doubled"] + found["halted"] + found["survived"] == 12


def test_a_mutant_that_nothing_notices_fails_the_command(monkeypatch, capsys, tmp_path):
    out = tmp_path / "a" / "mutants.json"
    monkeypatch.setattr("mutant_table.MUTANTS", (Mutant("harmless"),))
    assert main(["2", "--examples", "2", "--json", "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "nothing notices: harmless" in told.err
    assert json.loads(told.out) == json.loads(out.read_text())
    assert json.loads(told.out)["mutants"][0]["survived"] == 2
    assert not mutants("mutants", reader("mutants.json", json.loads(told.out))).mutants[0].killed


@pytest.mark.parametrize("asked", ["0", "-1", "many"])
def test_a_wrong_number_is_one_clear_line(asked, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--examples", asked])
    assert ended.value.code == 2
    assert "is no number from 1" in capsys.readouterr().err.splitlines()[-1]
