"""The demo: half a minute of payments, a kill, a proof."""
