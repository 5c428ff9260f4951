"""The report as a page for a terminal: rank, bills, a glance at the facts, what the weights decide, when to switch."""

from typing import Final

from assets.cost.render.figures import LEGEND, dollars, rate
from assets.cost.render.page import Cell, Page, Remarks, Table, cell, columns, remarks, row
from assets.cost.tradeoffs.book import MONTH, SCALES
from assets.cost.tradeoffs.costs import Cost
from assets.cost.tradeoffs.options import Fact, Latency
from assets.cost.tradeoffs.report import Report, Section
from assets.cost.tradeoffs.rubric import CRITERIA, JUDGED, SKILLS
from assets.cost.tradeoffs.score import Scored

NAMES: Final = {"engine": "Engines", "warehouse": "Warehouses"}
_NOTHING: Final = "–"


def page(made: Report) -> Page:
    """Everything, in the order a reader asks."""
    parts: list[Table | Remarks] = [weights(made)]
    for section in made.sections:
        parts += [
            ranking(made, section),
            bills(section),
            missing(section),
            glance(section),
            swings(section),
            switch(section),
        ]
    title = "What else could do it: engines and warehouses"
    marks = "level: one judged point would put it first. (judged): our opinion, the rest follows from figures"
    subtitle = f"Scores 1 (worst) to 5; {marks}. Prices judged on {made.on}. {LEGEND}"
    return Page(title, subtitle, tuple(part for part in parts if not isinstance(part, Remarks) or part.lines))


def weights(made: Report) -> Table:
    """What is scored and how heavily, as the reader gave it."""
    shares = made.weights.shares
    criteria = [
        row(name, f"{made.weights.criteria[name]:g}", f"{shares[name]:.0%}", what)
        for name, (_, what) in CRITERIA.items()
    ]
    skills = [row(name, f"{made.weights.skills[name]:g}", "in skills", what) for name, (_, what) in SKILLS.items()]
    return Table("Weights", columns("<name", "weight", "share", "<what it is"), (*criteria, *skills))


def ranking(made: Report, section: Section) -> Table:
    """Options by score, with the score of each criterion."""
    shares = made.weights.shares
    names = [f"{name} (judged)" if name in JUDGED else name for name in CRITERIA]
    first = row("weight", "", "", *(f"{shares[name]:.0%}" for name in CRITERIA))
    return Table(
        f"{NAMES[section.facts.family]}: scores",
        columns("<option", "score", "<", *names),
        (first, *(_ranked(section, each) for each in section.ranking)),
    )


def _ranked(section: Section, scored: Scored) -> tuple[Cell, ...]:
    title = section.facts.option(scored.name).title
    scores = (_NOTHING if score is None else f"{score:.1f}" for score in scored.scores.values())
    strong = Cell(title, "strong") if scored.name == section.facts.ours else Cell(title)
    return row(strong, f"{scored.total:.2f}", "level" if scored.name in section.level else "", *scores)


def bills(section: Section) -> Table:
    """The month's whole bill at three rates, the option's own lines of it, the set-up; the recommended one first."""
    facts = section.facts
    ours = facts.option(facts.ours).title
    first = row(f"{ours}, as recommended", *map(_bill, section.recommended), _NOTHING, _NOTHING)
    lines = [
        row(
            option.title, *map(_bill, section.costs[option.name]),
            section.cheaper.get(option.name, _NOTHING), section.cheaper_than_best.get(option.name, _NOTHING),
        )
        for option in facts.options
    ]  # fmt: skip
    scales = (f"<{rate(scale)}" for scale in SCALES)
    heads = columns("<option", *scales, f"<cheaper than {facts.recommended}", f"<cheaper than {ours} at its cheapest")
    title = f"{NAMES[facts.family]}: the bill of month {MONTH}, own part of it, cheapest set-up"
    return Table(title, heads, (first, *lines))


def _bill(cost: Cost) -> Cell:
    if cost.usd is None or cost.part_usd is None:
        return Cell("no price")
    return cell(f"{dollars(cost.usd)}, own {dollars(cost.part_usd)} ({cost.choice})", assumed=cost.assumed)


def missing(section: Section) -> Remarks:
    """Prices that nobody found, and weak ones that the options' own lines rest on."""
    absent = {line for found in section.costs.values() for cost in found for line in cost.missing}
    weak = {sku for found in section.costs.values() for cost in found for sku in cost.weak}
    lines = sorted(absent) + ([f"weak prices in these lines: {', '.join(sorted(weak))}"] if weak else [])
    return remarks("Prices", lines)


def glance(section: Section) -> Table:
    """Latency, parts and skills."""
    heads = columns("<option", "<p95", "<how known", "parts: ours", "provider's", *(f"{name}" for name in SKILLS))
    lines = [
        row(
            option.title, latency(option.latency), option.latency.kind, str(len(option.ours_to_run)),
            str(len(option.parts) - len(option.ours_to_run)), *(str(option.skills[name]) for name in SKILLS),
        )
        for option in section.facts.options
    ]  # fmt: skip
    return Table(
        f"{NAMES[section.facts.family]}: latency, parts to keep alive, need of skills (1 to 5)", heads, tuple(lines)
    )


def latency(fact: Latency) -> str:
    """A p95, or what stands for it."""
    if fact.p95_ms is None:
        return f"no figure, scored {fact.band}"
    return f"{fact.p95_ms:,} ms" if fact.p95_ms < 10_000 else f"{fact.p95_ms / 1000:g} s"


def swings(section: Section) -> Table:
    """Who wins if a weight is halved or doubled, and from where somebody else does."""
    titles = {option.name: option.title for option in section.facts.options}
    lines = [
        row(
            swing.criterion, f"{swing.weight:g}", titles[swing.halved], titles[swing.doubled],
            _NOTHING if swing.turns_at is None else f"{swing.turns_at:.1f}", titles.get(swing.turns_to, "nobody"),
        )
        for swing in section.swings
    ]  # fmt: skip
    heads = columns("<weight of", "is", "<first if halved", "<first if doubled", "turns at", "<to")
    return Table(f"{NAMES[section.facts.family]}: what the weights decide", heads, tuple(lines))


def switch(section: Section) -> Table:
    """When we would go elsewhere, and from which rate its bill is lower."""
    others = [option for option in section.facts.options if option.name != section.facts.ours]
    lines = [row(option.title, said(option.switch), section.cheaper[option.name]) for option in others]
    heads = columns("<option", "<we would switch", f"<cheaper than {section.facts.recommended} by the model")
    return Table(f"{NAMES[section.facts.family]}: when we would switch", heads, tuple(lines))


def said(fact: Fact) -> str:
    """A fact's words, marked if they are our opinion."""
    return f"{fact.says} (judged)" if fact.kind == "judged" else fact.says
