-- Time travel: payments as the landing table had them at an instant. The same SELECT as the view's open days.
-- The newest instants may still grow: loaded_at is the writer's clock when it wrote, not when the row was seen.
CREATE OR REPLACE TABLE FUNCTION `${project}.${dataset}.payments_as_known_at`(known_at TIMESTAMP)
AS (
${payments_as_known_at});
