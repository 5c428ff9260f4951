"""`tidemark cost`: what the pipeline costs a month, why, and what else would cost. Without network and Kafka."""

import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from orchestration.errors import UserError

RateOption = Annotated[
    str | None, typer.Option("--rate", help="Events a second; 500,5000,50000 stand side by side. Default: scenario's.")
]
ScenarioOption = Annotated[str, typer.Option("--scenario", help="A bundled scenario's name, or a YAML file.")]
OnOption = Annotated[str | None, typer.Option("--on", help="Day on which prices are judged. Default: today.")]
MonthOption = Annotated[str, typer.Option("--month", help="Month of bands, commitments and lines: 1 to 120.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON: every figure as a decimal's text.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV: one row a line.")]
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the command line."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(cost)
    for command in (explain, prices, drivers, tradeoffs, page):
        group.command()(command)
    app.add_typer(group, name="cost")


def cost(
    context: typer.Context,
    *,
    rate: RateOption = None,
    scenario: ScenarioOption = "default",
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare", metavar="engine|warehouse|kafka", help="Every choice of it at 1x, 10x, 100x, with crossovers."
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Another scenario: what moves from --scenario to it, line by line.")
    ] = None,
    month: MonthOption = "13",
    on: OnOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """What it costs a month, projected from measured bytes and dated prices, with bands and what is left out.

    Exit codes: 0, 2 for a mistake or for a price that nobody found.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    from assets.cost import scenario as scenarios
    from assets.cost.render import answers
    from orchestration.costing import at, compared, form_of, mistakes, rates, read, say

    if compare is not None and against is not None:
        raise UserError("choose one of --compare and --against")
    form, asked = form_of(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown), read(scenario, on, month)
    with mistakes():
        if compare is not None:
            answer = answers.compared(at(asked, rate), compared(compare))
        elif against is not None:
            other = scenarios.read(against)
            answer = answers.against(at(asked, rate), at(asked.of(other), rate).scenario)
        else:
            answer = answers.projected(asked, rates(rate, asked.scenario))
    say(answer, form)


def _refuse_options(context: typer.Context) -> None:
    """Options before a subcommand would be dropped in silence."""
    given = [name for name in context.params if str(context.get_parameter_source(name)).endswith("COMMANDLINE")]
    if given:
        raise UserError(f"options of `tidemark cost {context.invoked_subcommand}` stand behind that word")


def explain(
    line: Annotated[str | None, typer.Argument(help="A line's key, such as warehouse.storage_active.")] = None,
    *,
    rate: RateOption = None,
    scenario: ScenarioOption = "default",
    month: MonthOption = "13",
    on: OnOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """Show what a line is made of: price, source, quantity, arithmetic, figures with run, machine and date.

    Without a line it lists them all.
    """
    from assets.cost.render import answers
    from orchestration.costing import at, form_of, mistakes, read, say

    form = form_of(as_json=as_json, as_csv=False, as_markdown=as_markdown)
    with mistakes():
        answer = answers.explained(at(read(scenario, on, month), rate), line)
    say(answer, form)


def prices(
    *,
    weak: Annotated[bool, typer.Option("--weak", help="Only those that a decision should not rest on.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Only those that nobody found.")] = False,
    on: OnOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """List the price book: unit, price, region, date, grade, why it is weak, source."""
    from assets.cost.render import answers
    from orchestration.costing import form_of, read, say

    if weak and missing:
        raise UserError("choose one of --weak and --missing")
    form, asked = form_of(as_json=as_json, as_csv=as_csv, as_markdown=as_markdown), read("default", on, "13")
    say(answers.price_book(asked, "weak" if weak else "missing" if missing else ""), form)


def drivers(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List the figures that quantities come from: measured, computed, cited, and in another style assumed ones."""
    from assets.cost.render import answers
    from orchestration.costing import form_of, read, say

    form = form_of(as_json=as_json, as_csv=as_csv, as_markdown=False)
    say(answers.figures(read("default", None, "13")), form)


def tradeoffs(
    weights: Annotated[
        str | None, typer.Option("--weights", help="latency=3,jvm=0 or a YAML file; what it does not name stays.")
    ] = None,
    name: Annotated[str | None, typer.Option("--table", help="One table, as Markdown: engine.ranking, ...")] = None,
    on: OnOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """Engines and warehouses side by side: scores under your weights, bills at three rates, when we would switch.

    With --markdown every fact stands with its source.
    """
    from assets.cost.render import console
    from assets.cost.tradeoffs import markdown, report, table
    from orchestration.costing import day, form_of, mistakes

    form = form_of(as_json=as_json, as_csv=False, as_markdown=as_markdown or name is not None)
    with mistakes():
        made = report.make(weights, day(on))
        if form == "json":
            print(json.dumps(report.to_data(made), indent=2, ensure_ascii=False))
        elif form == "markdown":
            print(markdown.text(made) if name is None else markdown.shown(made, name))
        else:
            console.show(table.page(made), sys.stdout)


def page(
    file: Annotated[Path, typer.Argument(help="A Markdown file with tables between markers.")] = Path("docs/cost.md"),
) -> None:
    """Write the tables of a page anew: each marker `<!-- tidemark cost ... -->` names the command that makes one."""
    from assets.cost.render.document import rewrite
    from orchestration.costing import mistakes

    try:
        before = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"cannot read {file}: give a Markdown file") from None
    with mistakes():
        after = rewrite(before, output_of)
    if after != before:
        file.write_text(after, encoding="utf-8")
    print(f"{file}: {'written anew' if after != before else 'as it was'}")


def output_of(words: Sequence[str]) -> str:
    """What `tidemark <words>` prints, for words that begin with `cost`. Raises UserError."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    with redirect_stdout(io.StringIO()) as printed:
        typer.main.get_command(app).main(list(words), standalone_mode=False)
    return printed.getvalue()
