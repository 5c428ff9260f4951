"""Property tests draw the same examples each time: a check that passed once passes again.

`pytest --hypothesis-profile=explore` draws others; what it finds becomes an example of its own.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("repeatable")
