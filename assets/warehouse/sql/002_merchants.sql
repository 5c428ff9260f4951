-- Merchant dimension: SCD2 by [valid_from, valid_to), bitemporal by recorded_at and superseded_at.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.merchants` (
  merchant_id STRING NOT NULL OPTIONS (description = "Merchant"),
  name STRING OPTIONS (description = "Trading name"),
  category STRING OPTIONS (description = "Merchant category code"),
  country STRING OPTIONS (description = "ISO 3166-1 alpha-2"),
  risk_tier STRING OPTIONS (description = "Risk tier"),
  valid_from TIMESTAMP NOT NULL OPTIONS (description = "Start of validity, included"),
  valid_to TIMESTAMP OPTIONS (description = "End of validity, excluded; null while current"),
  recorded_at TIMESTAMP NOT NULL OPTIONS (description = "When this row was published"),
  superseded_at TIMESTAMP OPTIONS (description = "When a later publication replaced this row; null while it stands"),
  merchant_version STRING NOT NULL OPTIONS (description = "BLAKE2b-64 of the version's id, start and attributes")
)
CLUSTER BY merchant_id
OPTIONS (description = "Merchant dimension, SCD2 and bitemporal");
