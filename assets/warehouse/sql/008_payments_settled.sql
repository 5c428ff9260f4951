-- Payments of settled days: what the view's windows give, kept, so that nobody pays for the windows on old days.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.payments_settled` (
${landing_columns}
)
PARTITION BY business_date
CLUSTER BY merchant_id
OPTIONS (
  require_partition_filter = TRUE,
  description = "Payments of settled days, one row per business_date and event_id: rebuilt, never written by hand"
);
