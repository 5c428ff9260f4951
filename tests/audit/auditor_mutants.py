"""Auditors that are a little blind, each with what it then does not see: a sabotage by name, or that good is good."""

import inspect
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

GOOD = "a good landing"


@dataclass(frozen=True)
class Mutant:
    """`module` of the auditor with one place changed; `entry` is what `audit.run` takes from it."""

    module: str
    entry: str
    before: str
    after: str
    told_by: str

    def made(self) -> object:
        """The entry of the changed module."""
        source = inspect.getsource(import_module(f"audit.{self.module}"))
        assert source.count(self.before) == 1, f"not one such place in {self.module}"
        changed = ModuleType(f"mutant_of_{self.module}")
        exec(compile(source.replace(self.before, self.after), changed.__name__, "exec"), changed.__dict__)
        return getattr(changed, self.entry)


MUTANTS = {
    "two rows of a record are fine": Mutant(
        "rows", "row_checks", "HAVING COUNT(*) > 1", "HAVING COUNT(*) > 2", "duplicate a row"
    ),
    "any partition's row will do": Mutant(
        "rows",
        "row_checks",
        'l.kafka_topic_id AND a.partition = l.kafka_partition AND a."offset"',
        'l.kafka_topic_id AND a."offset"',
        "delete a row",
    ),
    "no MAC is a good MAC": Mutant(
        "rows", "row_checks", "payload_mac IS DISTINCT FROM mac", "payload_mac <> mac", "a row without its MAC"
    ),
    "a contract field is not compared": Mutant(
        "rows", "row_checks", '"sequence", ', "", "an event at another place in its transaction"
    ),
    "forms of good rows only": Mutant(
        "rows",
        "row_checks",
        "ELSE status_detail IS NULL OR rounding_rule IS NOT NULL OR reporting_amount IS NOT NULL END",
        "ELSE FALSE END",
        "a quarantined row with money",
    ),
    "ids hold no cards": Mutant(
        "cards",
        "cards_check",
        "(*FREE_TEXT, *IDS) if ids_too else FREE_TEXT",
        "FREE_TEXT",
        "a card number for an id",
    ),
    "escapes are not read": Mutant(
        "cards",
        "cards_check",
        "_unescaped(text) if as_json else text",
        "text",
        "a payload kept with a card number in escapes",
    ),
    "an event of unknown outcome was not sent": Mutant(
        "matching", "match", "WHERE o.result IS NULL OR o.result = 'unknown'", "WHERE o.result IS NULL", GOOD
    ),
    "the last record of an event is shown": Mutant(
        "payments", "payments_checks", "DESC, f.broker_ms, f.partition", "DESC, f.broker_ms DESC, f.partition", GOOD
    ),
    "groups are counted, not summed": Mutant(
        "payments",
        "payments_checks",
        "tuple(row[3:])",
        "tuple(row[3:4])",
        "change a reporting amount by one cent",
    ),
    "the sign is taken as it is": Mutant(
        "enrichment",
        "enrichment_checks",
        "signed_amount IS DISTINCT FROM amount * sign\n        OR ",
        "FALSE OR ",
        "change a signed amount",
    ),
    "any revision of a rate will do": Mutant(
        "enrichment", "enrichment_checks", " AND q.revision IS NOT DISTINCT FROM p.fx_revision", "", "wrong FX revision"
    ),
}
