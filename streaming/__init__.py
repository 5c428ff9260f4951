"""How one payment becomes one row: poll, decode, validate, attach_merchant, convert_amount, plan, append, commit."""
