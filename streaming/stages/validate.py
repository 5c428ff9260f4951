"""validate: the contract's rules over decoded fields; typed columns, a status and its reason for every record.

Only fields that passed their own rule are filled. First match wins, in this order: the record as a whole,
`schema_version`, then missing or bad fields in the contract's order, then card numbers.
"""

from datetime import timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from streaming import contract, pan
from streaming.landing import NUMERIC
from streaming.reference.currencies import decimals_on
from streaming.stages.evidence import macs, scrubbed
from streaming.stages.rfc3339 import to_utc
from streaming.stages.rules import DECIMALS, DECIMALS_ALLOWED, TIME, Rule, rules

Reason = tuple[str, str, pl.Expr]
"""A quarantine reason, its detail, and the rows it holds for."""

_PLACE: Final = {field: place for place, field in enumerate(contract.FIELDS)}


def validate(
    decoded: pl.DataFrame, *, mac_key: bytes, max_future: timedelta, max_past: timedelta, pan_in_ids: bool
) -> pl.DataFrame:
    """From decode's frame to the event's own columns of the landing row, same height and order.

    Returned columns: those of the window, the contract's fields typed, `status`, `status_detail`, `business_date`
    (UTC date of occurred_at if that passed, else of the broker's timestamp), `payload_mac`, `payload_scrubbed` and
    `unknown_fields`. `pan_in_ids` says whether a card number in an id quarantines the record (in `card_token` it
    always does).
    """
    by_field, reasons = _expressions(max_future, max_past)
    checked = _check(decoded, by_field).with_columns(_pan_flags(decoded, pan_in_ids))
    fit = pl.all_horizontal(
        *(_ok(field) for field in contract.FIELDS), *(~_pan(f) for f in contract.PAN_CHECKED_FIELDS)
    )
    good = checked.select(fit.alias("good"))["good"]
    status, detail = _verdicts(checked, good, reasons)
    landed = checked.select(
        "kafka_partition",
        "kafka_offset",
        "broker_timestamp",
        "payload",
        *_typed(),
        status,
        detail,
        _business_day().alias("business_date"),
        pl.Series("payload_mac", macs(decoded["payload"], mac_key), dtype=pl.String),
        pl.Series("payload_scrubbed", scrubbed(decoded["payload"], ~good), dtype=pl.String),
        "unknown_fields",
    )
    return landed.with_columns(_scrub(landed["description"]))


@lru_cache(maxsize=8)
def _expressions(max_future: timedelta, max_past: timedelta) -> tuple[dict[str, tuple[Rule, ...]], list[Reason]]:
    """Built once per policy: a window of 75 records is otherwise mostly the building of expressions."""
    by_field = rules(max_future, max_past)
    return by_field, _reasons(by_field)


def _ok(field: str) -> pl.Expr:
    return pl.col(f"_ok_{field}")


def _pan(field: str) -> pl.Expr:
    return pl.col(f"_pan_{field}")


def _wrong_type(field: str) -> pl.Expr:
    return (pl.col("wrong_types") & (1 << _PLACE[field])) != 0


def _business_day() -> pl.Expr:
    return pl.when(_ok("occurred_at")).then(TIME).otherwise("broker_timestamp").dt.date()


def _check(decoded: pl.DataFrame, by_field: dict[str, tuple[Rule, ...]]) -> pl.DataFrame:
    """Add `_ok_<field>`: true where the field passed its own rule. Times first, then currencies, then amounts."""

    def passes(field: str) -> pl.Expr:
        every = pl.all_horizontal(rule.passes for rule in by_field[field])
        if field in contract.OPTIONAL_FIELDS:
            return (every.fill_null(True) & ~_wrong_type(field)).alias(f"_ok_{field}")
        return (every.fill_null(False) & pl.col(field).is_not_null()).alias(f"_ok_{field}")

    independent = [field for field in contract.FIELDS if field not in ("amount", "currency")]
    return (
        decoded.with_columns(to_utc(pl.col("occurred_at")).alias(TIME))
        .with_columns(passes(field) for field in independent)
        .with_columns(decimals_on(pl.col("currency"), _business_day()).alias(DECIMALS))
        .with_columns(
            passes("currency"),
            pl.col(DECIMALS).fill_null(contract.MAX_DECIMALS_WITHOUT_CURRENCY).alias(DECIMALS_ALLOWED),
        )
        .with_columns(passes("amount"))
    )


def _pan_flags(decoded: pl.DataFrame, pan_in_ids: bool) -> list[pl.Series]:
    """`_pan_<field>`: true where the field holds a card number and the setting minds."""
    minded = contract.PAN_CHECKED_FIELDS if pan_in_ids else ("card_token",)
    suspects = decoded.select(pl.col(field).str.contains(pan.CANDIDATE) for field in minded)
    flags = []
    for field in contract.PAN_CHECKED_FIELDS:
        found = [False] * decoded.height
        if field in minded:
            for row in suspects[field].arg_true().to_list():
                found[row] = pan.contains_pan(decoded[field][row])
        flags.append(pl.Series(f"_pan_{field}", found, dtype=pl.Boolean))
    return flags


def _verdicts(checked: pl.DataFrame, good: pl.Series, reasons: list[Reason]) -> tuple[pl.Series, pl.Series]:
    """`status` and `status_detail`; rows that are not good are looked at again, rule by rule."""
    status: list[str] = [contract.STATUS_OK] * checked.height
    detail: list[str | None] = [None] * checked.height
    rows = (~good).arg_true().to_list()
    if rows:
        bad = checked[rows]
        first = pl.coalesce(pl.when(failed).then(pl.lit(n)) for n, (_, _, failed) in enumerate(reasons))
        whole = bad.select("broken", "broken_detail", first=first).iter_rows()
        for row, (broken, broken_detail, place) in zip(rows, whole, strict=True):
            reason, says = (broken, broken_detail) if broken is not None else reasons[place][:2]
            status[row], detail[row] = f"{contract.QUARANTINED_PREFIX}{reason}", says
    return pl.Series("status", status, dtype=pl.String), pl.Series("status_detail", detail, dtype=pl.String)


def _reasons(by_field: dict[str, tuple[Rule, ...]]) -> list[Reason]:
    """Every reason below the record as a whole, in the order in which they are tried."""
    found: list[Reason] = []
    for field, field_rules in by_field.items():
        version = contract.SCHEMA_VERSION_REASON if field == "schema_version" else None
        bad = version or f"BAD_{field.upper()}"
        kind = "integer" if field in contract.INTEGER_FIELDS else "string"
        found.append((bad, f"{field}: must be a JSON {kind}", _wrong_type(field)))
        if field not in contract.OPTIONAL_FIELDS:
            found.append((version or f"MISSING_{field.upper()}", f"{field}: missing", pl.col(field).is_null()))
        *others, last = field_rules
        found += [(bad, f"{field}: must be {rule.says}", ~rule.passes.fill_null(True)) for rule in others]
        found.append((bad, f"{field}: must be {last.says}", ~_ok(field)))  # no field fails without a reason
    pans = contract.PAN_CHECKED_FIELDS
    return found + [(f"PAN_IN_{field.upper()}", f"{field}: holds a card number", _pan(field)) for field in pans]


def _typed() -> list[pl.Expr]:
    """The contract's columns in landing types, filled where the field passed and holds no card number."""
    columns = []
    for field in (*contract.FIELDS[1:], contract.FIELDS[0]):
        value: pl.Expr = pl.col(TIME if field == "occurred_at" else field)
        keep = _ok(field) & ~_pan(field) if field in contract.PAN_CHECKED_FIELDS else _ok(field)
        value = pl.when(keep).then(value)
        if field in contract.INTEGER_FIELDS:
            value = value.cast(pl.Int64)
        elif field == "amount":
            value = value.cast(NUMERIC)
        columns.append(value.alias(field))
    return columns


def _scrub(text: pl.Series) -> pl.Series:
    suspects = text.str.contains(pan.CANDIDATE).arg_true().to_list()
    if not suspects:
        return text
    return text.scatter(suspects, [pan.mask(text[row]) for row in suspects])
