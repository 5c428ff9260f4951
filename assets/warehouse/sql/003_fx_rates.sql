-- One snapshot per TARGET day and revision; the euro itself is not listed (it is 1).
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.fx_rates` (
  rate_date DATE NOT NULL OPTIONS (description = "TARGET day the rates were fixed on"),
  currency STRING NOT NULL OPTIONS (description = "ISO 4217 alphabetic code"),
  rate NUMERIC(38, 9) NOT NULL OPTIONS (description = "Units of currency per 1 EUR, as published"),
  revision INT64 NOT NULL OPTIONS (description = "Counts the whole day's snapshot, from 1"),
  effective_from TIMESTAMP NOT NULL OPTIONS (description = "16:00 Frankfurt time of rate_date"),
  recorded_at TIMESTAMP NOT NULL OPTIONS (description = "When this revision was published"),
  source STRING NOT NULL OPTIONS (description = "Where the rate is from")
)
CLUSTER BY rate_date, currency
OPTIONS (description = "Foreign exchange snapshots, bitemporal by revision");
