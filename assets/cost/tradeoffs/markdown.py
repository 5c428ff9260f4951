"""The report as Markdown tables by name: the terminal's, and the facts with their sources."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from assets.cost.render.markdown import escaped, styled
from assets.cost.render.page import Table
from assets.cost.tradeoffs import table
from assets.cost.tradeoffs.options import Fact, Option
from assets.cost.tradeoffs.report import Report, Section

UP: Final = ".."
"""From docs/, where the tables stand, to the repository's files."""


def text(made: Report) -> str:
    """Every table under its heading."""
    parts = []
    for name in names(made):
        family, _, what = name.partition(".")
        parts.append(
            f"### {(what or family).replace('_', ' ')}, {family}s\n\n{shown(made, name)}" if what else shown(made, name)
        )
    return "\n\n".join(parts)


def names(made: Report) -> list[str]:
    """Names of all tables: `weights`, `engine.ranking`, ..."""
    return ["weights", *(f"{section.facts.family}.{what}" for section in made.sections for what in TABLES)]


def shown(made: Report, name: str) -> str:
    """One table by its name. Raises ValueError with the names there are."""
    if name == "weights":
        return drawn(table.weights(made))
    family, _, what = name.partition(".")
    found = [section for section in made.sections if section.facts.family == family]
    if not found or what not in TABLES:
        raise ValueError(f"no table {name}: it may be {', '.join(names(made))}")
    return TABLES[what](made, found[0])


def drawn(made: Table) -> str:
    """A table of the terminal's as Markdown."""
    heads = [escaped(column.name) for column in made.columns]
    rules = ["---:" if column.right else "---" for column in made.columns]
    return "\n".join(
        _line(cells) for cells in (heads, rules, *([styled(cell) for cell in cells] for cells in made.rows))
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def linked(fact: Fact) -> str:
    """A fact with its caveat, kind and source. Our opinions are in italics."""
    words = f"*{escaped(fact.says)}*" if fact.kind == "judged" else escaped(fact.says)
    caveat = f"; {escaped(fact.caveat)}" if fact.caveat else ""
    return f"{words}{caveat} ({_source(fact)})"


def _source(fact: Fact) -> str:
    if not fact.source:
        return fact.kind
    if fact.source.startswith("https://"):
        return f"[{fact.kind}, read {fact.read}]({fact.source})"
    return f"[{fact.kind}]({UP}/{fact.source})"


def _facts(heads: tuple[str, ...], cells: Callable[[Option], tuple[str, ...]], section: Section) -> str:
    lines = [_line(("option", *heads)), _line(["---"] * (len(heads) + 1))]
    lines += [_line((f"**{escaped(option.title)}**", *cells(option))) for option in section.facts.options]
    return "\n".join(lines)


def _list(facts: Callable[[Option], Iterable[Fact]], section: Section) -> str:
    blocks = []
    for option in section.facts.options:
        lines = "\n".join(f"- {linked(fact)}" for fact in facts(option))
        blocks.append(f"**{escaped(option.title)}**\n\n{lines}")
    return "\n\n".join(blocks)


def _parts(option: Option) -> tuple[str, str]:
    theirs = [part for part in option.parts if part.run_by == "provider"]
    ours = "<br>".join(f"{escaped(part.name)} ({part.kind})" for part in option.ours_to_run)
    return f"{len(option.ours_to_run)}: {ours}", "<br>".join(f"{escaped(part.name)} ({part.kind})" for part in theirs)


def _opinions(option: Option) -> tuple[str, ...]:
    return tuple(f"*{each.score}: {escaped(each.why)}*" for each in option.judged.values())


def _missing(section: Section) -> str:
    lines = table.missing(section).lines
    return (
        "\n".join(f"- {styled(line)}" for line in lines)
        or "- every price of these set-ups was found, none of them weak"
    )


TABLES: Final[Mapping[str, Callable[[Report, Section], str]]] = {
    "ranking": lambda made, section: drawn(table.ranking(made, section)),
    "bills": lambda _, section: drawn(table.bills(section)),
    "prices": lambda _, section: _missing(section),
    "glance": lambda _, section: drawn(table.glance(section)),
    "latency": lambda _, section: _facts(("latency",), lambda o: (linked(o.latency),), section),
    "guarantee": lambda _, section: _facts(
        ("set-up", "delivery", "how duplicates are kept out"),
        lambda o: (escaped(o.setup), linked(o.guarantee), linked(o.dedup)), section,
    ),
    "parts": lambda _, section: _facts(("parts that we keep alive", "parts that a provider does"), _parts, section),
    "failures": lambda _, section: _list(lambda o: o.failures, section),
    "better": lambda _, section: _list(lambda o: (*o.better, *o.facts), section),
    "lock_in": lambda _, section: _facts(("lock-in",), lambda o: (linked(o.lock_in),), section),
    "judged": lambda _, section: _facts(("guarantee", "failures", "lock-in", "capability"), _opinions, section),
    "swings": lambda _, section: drawn(table.swings(section)),
    "switch": lambda _, section: drawn(table.switch(section)),
}  # fmt: skip
"""Tables of a family, by name."""
