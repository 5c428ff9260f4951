-- A published version: what consumers poll. Its rows are those recorded by published_at and not superseded by then.
CREATE TABLE IF NOT EXISTS `${project}.${dataset}.reference_versions` (
  name STRING NOT NULL OPTIONS (description = "merchants or fx_rates"),
  version STRING NOT NULL OPTIONS (description = "Name of the version, unique per reference"),
  published_at TIMESTAMP NOT NULL OPTIONS (description = "Instant that selects the version's rows")
)
OPTIONS (description = "Published versions of the reference tables");
