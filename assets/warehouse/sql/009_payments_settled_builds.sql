-- What each settled day was built from. The view reads days up to the newest here from payments_settled.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.payments_settled_builds` (
  business_date DATE NOT NULL OPTIONS (description = "Settled day"),
  landing_rows INT64 NOT NULL OPTIONS (description = "Rows of payments_landing of that day before the build"),
  newest_loaded_at TIMESTAMP NOT NULL OPTIONS (description = "The newest loaded_at among them"),
  built_at TIMESTAMP NOT NULL OPTIONS (description = "When the day was built")
)
OPTIONS (description = "What the days of payments_settled were built from");
