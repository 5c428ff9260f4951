"""FX rates: one snapshot a TARGET day, bitemporal."""
