"""Which landed row belongs to which sent event: by coordinates where the broker gave them, else by the MAC."""

import duckdb

_STEPS = (
    # An event whose outcome is unknown may be in the log or not; "failed" is the producer's word that it is not.
    """CREATE VIEW acked AS
    SELECT i.*, o.partition, o."offset", o.broker_ms FROM intents i JOIN outcomes o USING (file, n)
    WHERE o.result = 'acked'""",
    """CREATE TABLE unresolved AS
    SELECT i.*, row_number() OVER (PARTITION BY i.topic_id, i.mac ORDER BY i.file, i.n) AS place
    FROM intents i LEFT JOIN outcomes o USING (file, n) WHERE o.result IS NULL OR o.result = 'unknown'""",
    """CREATE TABLE unclaimed AS
    SELECT l.*, dense_rank() OVER (
      PARTITION BY l.kafka_topic_id, l.payload_mac ORDER BY l.kafka_partition, l.kafka_offset) AS place
    FROM live l ANTI JOIN acked a
      ON a.topic_id = l.kafka_topic_id AND a.partition = l.kafka_partition AND a."offset" = l.kafka_offset""",
    """CREATE TABLE found AS
    SELECT u.* EXCLUDE (place), r.kafka_partition AS partition, r.kafka_offset AS "offset",
      epoch_ms(r.broker_timestamp) AS broker_ms
    FROM unresolved u JOIN (
      SELECT DISTINCT kafka_topic_id, payload_mac, place, kafka_partition, kafka_offset, broker_timestamp
      FROM unclaimed) r ON r.kafka_topic_id = u.topic_id AND r.payload_mac = u.mac AND r.place = u.place""",
    """CREATE TABLE phantoms AS
    SELECT c.* FROM unclaimed c ANTI JOIN found f
      ON f.topic_id = c.kafka_topic_id AND f.partition = c.kafka_partition AND f."offset" = c.kafka_offset""",
    # Every record that is known to be in the log, with what must have become of it.
    # `sign` is the effect on settled money: authorizations and reversals place and release a hold, neither settles.
    """CREATE TABLE facts AS
    SELECT * REPLACE (coalesce(business_date, make_timestamp(broker_ms * 1000)::DATE) AS business_date),
      CASE event_type WHEN 'capture' THEN 1 WHEN 'refund' THEN -1 WHEN 'chargeback' THEN -1 ELSE 0 END AS sign
    FROM (SELECT * FROM acked UNION ALL BY NAME SELECT * FROM found)""",
    """CREATE TABLE pairs AS SELECT l.id, f.rowid AS fact FROM live l JOIN facts f
      ON f.topic_id = l.kafka_topic_id AND f.partition = l.kafka_partition AND f."offset" = l.kafka_offset""",
    # A view, so that a check reads the columns it compares and no copy of all of them is made.
    """CREATE VIEW matched AS
    SELECT f.event_id AS sent_event_id, f.transaction_id AS sent_transaction_id, f.event_type AS sent_event_type,
      f.sequence AS sent_sequence, f.merchant_id AS sent_merchant_id, f.amount AS sent_amount,
      f.currency AS sent_currency, f.occurred_at AS sent_occurred_at, f.card_token AS sent_card_token,
      f.channel AS sent_channel, f.country AS sent_country, f.business_date AS sent_business_date,
      f.label, f.expect, f.mac, f.sign, l.*
    FROM pairs p JOIN live l ON l.id = p.id JOIN facts f ON f.rowid = p.fact""",
)


def match(db: duckdb.DuckDBPyConnection) -> None:
    """Create `acked`, `unresolved`, `found`, `facts` (sent and in the log), `matched` (rows with facts), `phantoms`."""
    for step in _STEPS:
        db.execute(step)
