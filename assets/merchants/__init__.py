"""The merchant dimension: SCD2, bitemporal."""
