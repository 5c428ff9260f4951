"""validate: fields to typed, judged fields."""
