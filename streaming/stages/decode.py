"""decode: bytes to fields."""
