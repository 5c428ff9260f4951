"""attach_merchant: the merchant as of `occurred_at`."""
