"""Tables built or repaired in batch, a folder per family."""
