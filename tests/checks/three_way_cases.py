"""Books that agree, books that do not, and shortcuts in the comparison that some of them must tell from it."""

import importlib.util
import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType

from assets.checks import three_ways
from assets.checks.three_ways import Consumed, Produced, Timeline
from assets.checks.verdict import Verdict

START, END = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
TOPIC = "dG9waWM"


def landed(ok: int = 95, bad: int = 5, certainly: int = 100, possibly: int = 100, topic: str = TOPIC):
    """100 rows in one topic; the dates of the first status' rows are those of all."""
    return [
        {
            "kafka_topic_id": topic,
            "status": "OK",
            "landed": ok,
            "certainly": certainly,
            "possibly": possibly,
        },
        {"kafka_topic_id": topic, "status": "QUARANTINED_NOT_JSON", "landed": bad, "certainly": 0, "possibly": 0},
    ]


PRODUCED = Produced(settled=98, acked=98, unknown=2, topics=frozenset({TOPIC}))
CONSUMED = Consumed({"OK": 90, "QUARANTINED_NOT_JSON": 5}, skipped=5)
TIMELINE = Timeline(100)


@dataclass(frozen=True)
class Case:
    name: str
    passes: bool
    says: str
    rows: tuple = tuple(landed())
    produced: Produced | None = PRODUCED
    consumed: Consumed | None = CONSUMED
    timeline: Timeline | None = TIMELINE
    absent: tuple[str, ...] = ()

    def judged(self, compare=three_ways.compare) -> Verdict:
        return compare(self.rows, self.produced, self.consumed, self.timeline, self.absent)

    def holds(self, compare=three_ways.compare) -> bool:
        verdict = self.judged(compare)
        grave = "ERROR" if not self.passes and not self.says.startswith("not available") else "WARN"
        return (verdict.passed, verdict.severity) == (self.passes, grave) and self.says in verdict.line


def rows(**of) -> tuple:
    return tuple(landed(**of))


OTHERS = rows(topic="somebodys")
CASES = (
    Case("all agree", True, "100 rows landed, all three books agree"),
    Case("nothing was sent", True, "0 rows", rows(ok=0, bad=0, certainly=0, possibly=0),
         Produced(0, 0, 0, frozenset({TOPIC})), Consumed({}), Timeline(0)),
    Case("every unknown one is in the log", True, "agree", produced=Produced(90, 90, 10, PRODUCED.topics)),
    Case("none of the unknown ones is", True, "agree", produced=Produced(100, 100, 10, PRODUCED.topics)),
    Case("records on their way", True, "agree", produced=Produced(100, 180, 0, PRODUCED.topics)),
    Case("an acknowledged record has no row", False, "101 records acknowledged, landing has 100 rows",
         produced=Produced(101, 101, 0, PRODUCED.topics)),
    Case("a row too many", False, "landing has 100 rows, the producer sent 99 records",
         produced=Produced(97, 97, 2, PRODUCED.topics)),
    Case("rows of another topic prove nothing", False, "98 records acknowledged, landing has 0 rows", OTHERS),
    Case("rows of another topic are nobody's surplus", True, "agree", (*rows(), *rows(topic="x", certainly=0,
         possibly=100)), consumed=Consumed(CONSUMED.by_status)),
    Case("a counted row is not there", False, "96 rows OK acknowledged, landing has 95",
         consumed=Consumed({"OK": 96, "QUARANTINED_NOT_JSON": 4})),
    Case("a killed member took its count with it", True, "agree", consumed=Consumed({"OK": 50})),
    Case("BigQuery appended a row more", False, "appended 101 rows, landing has 100 rows", timeline=Timeline(101)),
    Case("BigQuery appended a row less", False, "appended 99 rows, landing has 100 rows", timeline=Timeline(99)),
    Case("rows at the window's edges", True, "agree", rows(certainly=80, possibly=130), timeline=Timeline(130)),
    Case("fewer than those in its middle", False, "landing has 80 to 130 rows", rows(certainly=80, possibly=130),
         timeline=Timeline(79)),
    Case("no timeline", False, "not available here: an emulator; the books that are kept here agree", timeline=None,
         absent=("an emulator",)),
    Case("no ledger, and nobody says so", False, "not available here: a book", produced=None),
    Case("no heartbeats", False, "not available here: h", consumed=None, absent=("h",)),
    Case("all there, and still one said to be absent", False, "not available here: x", absent=("x",)),
    Case("no timeline and a lost record", False, "101 records acknowledged",
         produced=Produced(101, 101, 0, PRODUCED.topics), timeline=None, absent=("an emulator",)),
)  # fmt: skip

MUTANTS = {
    "a shortage is no matter": ("rows < produced.settled", "rows < 0"),
    "records on their way are lost": ("rows < produced.settled", "rows < produced.acked"),
    "a surplus is no matter": ("rows > produced.acked + produced.unknown", "rows > 10**9"),
    "unknown ones are not in the log": ("rows > produced.acked + produced.unknown", "rows > produced.acked"),
    "any topic's rows will do": ('row["kafka_topic_id"] in produced.topics', "True"),
    "members are believed": ("counted > there", "False"),
    "status is not told apart": ('row["status"] == status', "True"),
    "edges are exact": ("least <= timeline.written <= most", "timeline.written == least"),
    "edges are wide open above": ("least <= timeline.written <= most", "least <= timeline.written"),
    "edges are wide open below": ("least <= timeline.written <= most", "timeline.written <= most"),
    "an absent book passes": ("if absent or produced is None", "if False and produced is None"),
    "an absent book hides a loss": ("    if wrong:\n", "    if wrong and not absent:\n"),
    "only those named are absent": (
        "if absent or produced is None or consumed is None or timeline is None:",
        "if absent:",
    ),
}


def mutant(name: str) -> ModuleType:
    """The module with one place changed."""
    before, after = MUTANTS[name]
    source = inspect.getsource(three_ways)
    assert source.count(before) == 1, f"{name}: no such place, or more than one"
    spec = importlib.util.spec_from_loader("mutant_of_three_ways", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(before, after), "mutant", "exec"), module.__dict__)
    return module
