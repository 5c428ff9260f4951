-- Records that broke a rule, newest revision of each: a row that was mended is not here any more.
CREATE OR REPLACE VIEW `${project}.${dataset}.payments_quarantine`
OPTIONS (description = "Quarantined records with the reason; filter by business_date")
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
SELECT
  SUBSTR(status, LENGTH('QUARANTINED_') + 1) AS reason,
  newest.*
FROM newest
WHERE STARTS_WITH(status, 'QUARANTINED_');
