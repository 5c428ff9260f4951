-- What analysts read: one row per business date and event.
-- business_date stays in every PARTITION BY: only then is a filter on it pushed below the windows.
CREATE OR REPLACE VIEW `${project}.${dataset}.payments`
OPTIONS (description = "Payments, one row per business_date and event_id; filter by business_date")
AS
WITH newest AS (
  SELECT *
  FROM `${project}.${dataset}.payments_landing`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY business_date, kafka_topic_id, kafka_partition, kafka_offset
    ORDER BY enrichment_revision DESC, loaded_at
  ) = 1
)
SELECT *
FROM newest
WHERE status = 'OK'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY business_date, event_id
  ORDER BY enrichment_revision DESC, broker_timestamp, kafka_partition, kafka_offset
) = 1;
