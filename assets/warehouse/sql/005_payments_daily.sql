-- The report that the nightly batch used to make: counts and exact sums, rebuilt for the days that changed.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.payments_daily` (
  business_date DATE NOT NULL OPTIONS (description = "UTC date of the payments"),
  merchant_id STRING NOT NULL OPTIONS (description = "Merchant as the producer names it"),
  currency STRING NOT NULL OPTIONS (description = "ISO 4217 alphabetic code"),
  event_type STRING NOT NULL OPTIONS (description = "authorization, capture, refund, reversal or chargeback"),
  events INT64 NOT NULL OPTIONS (description = "Payments of the group"),
  amount NUMERIC(38, 9) OPTIONS (description = "Sum of amounts, in units of currency"),
  signed_amount NUMERIC(38, 9) OPTIONS (description = "Sum of effects on settled money, in units of currency"),
  reporting_amount NUMERIC(38, 9) OPTIONS (description = "Sum in the reporting currency; payments without a rate left out"),
  signed_reporting_amount NUMERIC(38, 9) OPTIONS (description = "Sum of effects in the reporting currency, likewise")
)
PARTITION BY business_date
CLUSTER BY merchant_id
OPTIONS (description = "Daily report: counts and exact sums by date, merchant, currency and type");
