-- One row per PENDING write stream that a batch run opened and date it touches, written before the first append.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.batch_writes` (
  replay_id STRING NOT NULL OPTIONS (description = "Run whose rows the stream carries"),
  business_date DATE NOT NULL OPTIONS (description = "Day the run worked on: that of the rows it supersedes"),
  stream STRING NOT NULL OPTIONS (description = "Name of the PENDING write stream"),
  row_count INT64 NOT NULL OPTIONS (description = "Rows the stream must hold before it may be committed"),
  recorded_at TIMESTAMP NOT NULL OPTIONS (description = "When the stream was recorded; the newest is the one to commit"),
  kind STRING NOT NULL OPTIONS (description = "correction, replay or redrive"),
  touches DATE OPTIONS (description = "A date on which the stream's rows lie; null in rows of an earlier release: business_date")
)
PARTITION BY business_date
OPTIONS (description = "Write streams of corrections, published replays and re-drives: what a retry commits again");
