"""The supervised stream: what is wanted, what is seen of its members, decisions, and who carries them out."""
