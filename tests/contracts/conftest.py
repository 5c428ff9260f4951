"""One real platform for all contract tests of a session; only integration tests ask for it."""

import pytest


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    return "127.0.0.1:29092"
