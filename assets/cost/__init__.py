"""What the pipeline costs: a projection from measured bytes and dated prices."""
