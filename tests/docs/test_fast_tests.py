"""Which tests are fast: what `make test-fast` selects, without importing files that are slow as a whole."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def conftest(pytestconfig):
    """The outermost conftest.py, which pytest keeps by its path."""
    return pytestconfig.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))


def test_make_selects_what_the_conftest_knows_as_fast(conftest):
    assert f'-m "{conftest.FAST}"' in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    ("marks", "slow"),
    [
        ("pytest.mark.integration", True),
        ("pytest.mark.fault  # processes", True),
        ("[pytest.mark.timeout(60), pytest.mark.fault]", True),
        ("[\n    pytest.mark.timeout(60),\n    pytest.mark.integration,\n]", True),
        ("pytest.mark.timeout(60)", False),
        ("[\n    pytest.mark.timeout(60),\n]\n\n@pytest.mark.integration", False),
        ("pytest.mark.timeout(60)\n\n@pytest.mark.fault", False),
        ("pytest.mark.integrations", False),
    ],
)
def test_a_file_is_slow_as_a_whole_only_by_its_own_mark(conftest, marks, slow):
    text = f"import pytest\n\npytestmark = {marks}\ndef test(): ...\n"
    assert bool(conftest.SLOW_AS_A_WHOLE.search(text)) == slow
    assert not conftest.SLOW_AS_A_WHOLE.search(text.replace("pytestmark", "    pytestmark"))
