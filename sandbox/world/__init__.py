"""A synthetic payments world: merchants, rates, transaction lifecycles. Seeded and deterministic."""
