"""Secrets for libraries that want plain text or bytes show nothing of themselves."""

from streaming.secrets import HiddenBytes


def test_hidden_bytes_show_in_no_form() -> None:
    key = HiddenBytes(b"canary-canary-canary")
    assert "canary" not in f"{key} {key!s} {key!r} {[key]} { ({'k': key}) }" + "%s" % key  # noqa: UP031 - another way
    assert key == b"canary-canary-canary"
