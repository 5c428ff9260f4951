-- One event_id with different contents, or on two business dates: the producer broke its promise.
-- The constant date range prunes partitions and covers every record the contract accepts (30 days back) with room
-- for the days a repair may take; CURRENT_DATE() counts as a constant there.
CREATE OR REPLACE VIEW `${project}.${dataset}.dedup_conflicts`
OPTIONS (description = "event_ids seen with different contents or on two business dates, over the last 45 days")
AS
WITH newest AS (
  SELECT *
  FROM `${project}.${dataset}.payments_landing`
  WHERE business_date BETWEEN DATE_SUB(CURRENT_DATE(), INTERVAL 45 DAY) AND DATE_ADD(CURRENT_DATE(), INTERVAL 1 DAY)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY business_date, kafka_topic_id, kafka_partition, kafka_offset
    ORDER BY enrichment_revision DESC, loaded_at
  ) = 1
),
contents AS (
  SELECT
    event_id,
    business_date,
    broker_timestamp,
    TO_JSON_STRING(STRUCT(
      transaction_id, event_type, sequence, merchant_id, amount, currency, occurred_at, card_token, channel, country,
      description, schema_version
    )) AS content
  FROM newest
  WHERE status = 'OK'
)
SELECT
  event_id,
  COUNT(*) AS events,
  COUNT(DISTINCT content) AS contents,
  MIN(business_date) AS first_business_date,
  MAX(business_date) AS last_business_date,
  MIN(broker_timestamp) AS first_seen,
  MAX(broker_timestamp) AS last_seen
FROM contents
GROUP BY event_id
HAVING COUNT(DISTINCT content) > 1 OR MIN(business_date) < MAX(business_date);
