"""convert_amount: money in the reporting currency."""
