  -- Of each record its newest revision, then of each event its first record.
  -- business_date stays in every PARTITION BY: only then is a filter on it pushed below the windows.
  SELECT ${columns}
  FROM (
    SELECT *
    FROM `${project}.${dataset}.payments_landing`
    WHERE ${days}
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY business_date, kafka_topic_id, kafka_partition, kafka_offset
      ORDER BY enrichment_revision DESC, loaded_at
    ) = 1
  ) AS newest
  WHERE status = 'OK'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY business_date, event_id
    ORDER BY enrichment_revision DESC, broker_timestamp, kafka_partition, kafka_offset
  ) = 1
