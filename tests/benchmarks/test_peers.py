"""Peers' figures are labelled as what they are."""

import msgspec
import pytest

from benchmarks.peers.figures import PATH, read


def test_every_entry_says_where_it_is_from():
    peers = read()
    assert len(peers) >= 10
    assert {peer.source for peer in peers} == {"lab"}
    assert not any(peer.reproducible_from_here for peer in peers)
    assert len({peer.name for peer in peers}) == len(peers)


def test_ranges_ascend_and_conditions_are_said():
    for peer in read():
        low, high = peer.events_per_s
        assert 0 < low <= high
        if peer.cpu_s_per_million:
            assert peer.cpu_s_per_million[0] <= peer.cpu_s_per_million[1]
        assert "events" in peer.conditions
        assert peer.latency_p95_ms is None or "500 events/s" in peer.conditions


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("source: measured here", "source: lab"),
        ("reproducible_from_here: true", "reproducible_from_here: false"),
        ("rss_mb: a lot", "rss_mb: 895"),
        ("speed: 1", "rss_mb: 895"),
        ("dated: yesterday", "dated: 2026-11-23"),
    ],
)
def test_entries_in_another_form_are_refused(tmp_path, wrong, right):
    text = PATH.read_text()
    assert right in text
    changed = tmp_path / "measured.yaml"
    changed.write_text(text.replace(right, wrong, 1))
    with pytest.raises(msgspec.ValidationError):
        read(changed)
