-- What each day of the report was built from: a day is built anew when its landing rows are no longer these.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.payments_daily_builds` (
  business_date DATE NOT NULL OPTIONS (description = "Day of the report"),
  landing_rows INT64 NOT NULL OPTIONS (description = "Rows of payments_landing of that day before the build"),
  newest_loaded_at TIMESTAMP NOT NULL OPTIONS (description = "The newest loaded_at among them"),
  built_at TIMESTAMP NOT NULL OPTIONS (description = "When the day was built")
)
OPTIONS (description = "What the days of payments_daily were built from");
