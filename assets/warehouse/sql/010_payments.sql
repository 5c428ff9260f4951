-- What analysts read: one row per business date and event. Days before the date below are read from payments_settled,
-- the others from landing. The job payments_settled moves the date; `tidemark migrate` keeps it.
CREATE OR REPLACE VIEW `${project}.${dataset}.payments`
OPTIONS (description = "Payments, one row per business_date and event_id; filter by business_date")
AS
SELECT ${columns}
FROM `${project}.${dataset}.payments_settled`
WHERE business_date < DATE '${settled_before}'
UNION ALL
(
${payments_of_open_days});
