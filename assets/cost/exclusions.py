"""What the bill leaves out. It stands next to every total: a figure without it would be taken for the whole."""

from typing import Final

EXCLUSIONS: Final[tuple[tuple[str, str], ...]] = (
    ("support plans", "Google, Confluent and Snowflake sell support as a share of the bill or a fee a month"),
    ("taxes", "list prices are without VAT or sales tax"),
    ("negotiated discounts", "and credits: a contract lowers the bill, no contract is assumed"),
    ("people", "who build it, run it and are on call; the trade-offs score the skills that each choice asks for"),
    ("source systems", "the card platform, the merchants' database and the provider of FX rates"),
    ("Kafka producers", "their CPU, memory and own network; only what they send is counted"),
    ("development and test", "every environment but production"),
    ("the move", "the nightly batch goes on during a parallel run, and the history before day one is not loaded"),
    ("private connections", "hours of an endpoint at Confluent, a link to Amazon: no price found; bytes are counted"),
    ("disaster recovery", "a second region, and backups beyond BigQuery's own time travel"),
    ("BI tools", "their licences; the queries of dashboards are counted"),
)
"""Name and what is meant. From the issue's list and from what the price book could not price."""
