"""Engines and warehouses side by side: what each costs, promises, needs and breaks on, and when we would switch.

For the command line and the memo:
    made = report.make(weights, on)     weights: the text of `--weights` or None; on: the day prices are judged on
    table.page(made)                    a page for `render.console.show` (and `render.markdown.text`)
    markdown.text(made)                 every table as Markdown, with sources; `markdown.shown(made, name)` is one
    report.to_data(made)                all of it for a program
`weights.BadWeights` (a ValueError) is one line for the reader. Facts with sources are in engines.yaml and
warehouses.yaml, the rubric in rubric.py. docs/tradeoffs.md has the tables: `tidemark cost page docs/tradeoffs.md`.
"""
