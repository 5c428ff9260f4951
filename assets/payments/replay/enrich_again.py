"""Source `landing`: stored records enriched again. Frames in, frames out."""

import polars as pl

from assets.payments.corrections import ENRICHED
from streaming import contract
from streaming.landing import LANDING
from streaming.reference.tables import Reference
from streaming.stages.attach_merchant import attach_merchant
from streaming.stages.convert_amount import convert_amount
from streaming.stages.plan import COLUMNS


def enrich_again(stored: pl.DataFrame, reference: Reference, reporting_currency: str) -> pl.DataFrame:
    """Stored rows (`COLUMNS`) with merchants and money made anew from the event's own columns, as the stream makes
    them; a quarantined record was never enriched and stays as it is. Same rows, those accepted first."""
    accepted = pl.col("status") == contract.STATUS_OK
    bare = stored.select(COLUMNS).filter(accepted).drop(ENRICHED)
    anew = convert_amount(attach_merchant(bare, reference), reference, reporting_currency)
    rows = anew.select(pl.col(name).cast(LANDING[name]) for name in COLUMNS)
    return pl.concat([rows, stored.select(COLUMNS).filter(~accepted)])
