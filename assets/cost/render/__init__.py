"""How the projection is shown: one page of tables, as a terminal's text, as Markdown, as JSON and as CSV."""
