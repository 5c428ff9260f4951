"""What single things cost that people ask about next to a bill: a replay, our own checks, a question without a date."""

from assets.cost import beside
from assets.cost.asked import Asked
from assets.cost.beside import Aside
from benchmarks.memo.bill import MONTH, computed
from benchmarks.memo.figure import Tree


def collect(asked: Asked) -> list[Tree]:
    """At the scenario's own rate; an answer without a price says which one nobody found. Raises PriceMissing."""
    bill = asked.bill()
    return [_answer(each) for each in beside.gather(bill.month, asked.prices)]


def _answer(aside: Aside) -> Tree:
    where = f"beside.gather {aside.label}, month {MONTH}"
    usd = None if aside.usd is None else computed(aside.usd, where, assumed=aside.assumed)
    return {"label": aside.label, "usd": usd, "how": aside.how}
