"""FENCE -> OPEN -> PUBLISH by example: where a partition goes on, and when it halts instead."""

from datetime import UTC, datetime
from typing import Any

import pytest
from protocol_script import AT, answers, committed, drive, identity, metadata, position

from streaming.ports import (
    AccessDenied,
    BrokerError,
    Commit,
    CommitOutcome,
    QuotaExceeded,
    Refused,
    StreamFinalized,
    StreamNotFound,
    Unavailable,
)
from streaming.protocol import actions as a
from streaming.protocol.halts import Halt, HaltReason, Ousted
from streaming.protocol.metadata import decode
from streaming.protocol.recovery import RETRY_S, UNKNOWN_WRITER_S, recover


def recovered(read: a.Position, extra: dict[type, Any] | None = None, **me: Any):
    driven = drive(recover(identity(**me)), answers(read, extra))
    if driven.raised:
        raise driven.raised
    return driven


def published(driven: Any) -> tuple[int, int]:
    commit = driven.of(a.Publish)[-1].commit
    meta = decode(commit.metadata)
    assert meta is not None
    assert (commit.offset, meta) == (driven.result.offset, driven.result.metadata)
    return commit.offset, meta.row


def halt_of(read: a.Position, extra: dict[type, Any] | None = None, **me: Any) -> Halt:
    with pytest.raises(Halt) as caught:
        recovered(read, extra, **me)
    halt = caught.value
    assert str(halt).startswith("partition 3 halted: ")
    assert "tidemark recover" in str(halt)
    assert "\n" not in str(halt)
    return halt


class TestByCount:
    @pytest.mark.parametrize(("row", "counted", "then"), [(4, 4, 0), (4, 9, -5), (0, 0, 0), (-3, 2, -5), (-3, 0, -3)])
    def test_it_goes_on_at_k_with_the_rows_after_it_as_skip(self, row, counted, then):
        driven = recovered(position(committed(100, row=row)), {a.Finalize: counted})
        assert published(driven) == (100, then)
        assert driven.result.landed == -then

    def test_it_finalizes_before_it_opens_and_publishes_last(self):
        driven = recovered(position(committed(100)))
        assert [type(action) for action in driven.actions] == [a.ReadPosition, a.Finalize, a.OpenStream, a.Publish]
        assert driven.of(a.Finalize) == [a.Finalize("stream-1")]

    def test_what_it_publishes_names_the_new_stream_and_a_new_epoch_and_carries_the_rest_over(self):
        meta = recovered(position(committed(100), started_with=4)).result.metadata
        assert (meta.stream, meta.epoch, meta.at, meta.started_with) == ("stream-2", "epoch-2", AT, 4)

    @pytest.mark.parametrize("trouble", [Unavailable("gone"), QuotaExceeded("busy")])
    def test_an_unanswered_finalize_is_asked_again(self, trouble):
        driven = recovered(position(committed(100)), {a.Finalize: [trouble, trouble, 6]})
        assert published(driven) == (100, -2)
        assert driven.waited == 2 * RETRY_S

    def test_a_silent_broker_is_waited_for(self):
        read = position(committed(100))
        assert published(recovered(read, {a.ReadPosition: [BrokerError("no answer"), read]})) == (100, 0)

    def test_an_operators_commit_has_no_stream_to_fence(self):
        driven = recovered(position(committed(100, stream=None, row=0)))
        assert not driven.of(a.Finalize)
        assert published(driven) == (100, 0)


class TestFromTheTable:
    @pytest.mark.parametrize("error", [StreamNotFound("expired"), StreamFinalized("refused")])
    @pytest.mark.parametrize(("highest", "then"), [(140, 141), (None, 100), (60, 100)])
    def test_a_stream_that_cannot_be_counted(self, error, highest, then):
        driven = recovered(position(committed(100, row=-7)), {a.Finalize: error, a.HighestLive: highest})
        assert published(driven) == (then, 0)
        assert driven.result.landed == 0

    def test_other_rules_of_delivery_but_the_stream_is_fenced_first(self):
        driven = recovered(position(committed(100, cfg="other")), {a.HighestLive: 120})
        assert published(driven) == (121, 0)
        assert driven.of(a.Finalize)

    def test_a_log_that_starts_after_k(self):
        assert published(recovered(position(committed(100), low=110), {a.HighestLive: 120})) == (121, 0)

    def test_the_fallback_reads_the_table_only_after_fencing(self):
        kinds = [type(x) for x in recovered(position(committed(100)), {a.Finalize: StreamNotFound("")}).actions]
        assert kinds.index(a.Finalize) < kinds.index(a.HighestLive) < kinds.index(a.Publish)

    def test_what_was_landed_between_reading_the_log_and_the_fence_is_not_beyond_it(self):
        before, after = position(committed(100), end=110), position(committed(100), end=130)
        unfenced = {a.ReadPosition: [before, after], a.Finalize: StreamNotFound(""), a.HighestLive: 120}
        assert published(recovered(before, unfenced)) == (121, 0)


class TestWithoutACommit:
    def test_the_first_start_of_a_group(self):
        driven = recovered(position(low=7))
        assert published(driven) == (7, 0)
        assert (driven.result.metadata.started_with, driven.result.metadata.at) == (6, None)

    def test_latest(self):
        assert published(recovered(position(end=55), start_at="latest")) == (55, 0)

    def test_a_time(self):
        driven = recovered(position(), {a.OffsetAt: 33}, start_at="2026-11-20T00:00:00+00:00")
        assert published(driven) == (33, 0)
        assert driven.of(a.OffsetAt) == [a.OffsetAt(datetime(2026, 11, 20, tzinfo=UTC))]

    @pytest.mark.parametrize("start_at", ["latest", "2026-11-20T00:00:00+00:00"])
    def test_a_partition_added_later_starts_at_its_beginning(self, start_at):
        read = position(low=0, end=55, started_with=3, partitions=4)
        driven = recovered(read, start_at=start_at)
        assert published(driven) == (0, 0)
        assert driven.result.metadata.started_with == 3

    def test_a_partition_of_the_first_start_does_not(self):
        assert published(recovered(position(end=55, started_with=4), start_at="latest")) == (55, 0)

    def test_lost_commits_go_on_after_what_is_landed_once_the_table_rests(self):
        driven = recovered(position(), {a.TopicIdsLanded: {"topic-1"}, a.HighestLive: 80}, start_at="latest")
        assert published(driven) == (81, 0)
        assert driven.waited == 30.0 + UNKNOWN_WRITER_S


class TestWithoutMetadata:
    def test_nothing_landed(self):
        assert published(recovered(position(Commit(20, "")))) == (20, 0)

    def test_rows_landed(self):
        driven = recovered(position(Commit(20, "not ours")), {a.HighestLive: [25, 25]})
        assert published(driven) == (26, 0)
        assert driven.waited >= UNKNOWN_WRITER_S

    def test_the_commit_is_the_floor(self):
        assert published(recovered(position(Commit(20, "")), {a.HighestLive: 10})) == (20, 0)


class TestHalts:
    def test_another_topic_under_the_name(self):
        halt = halt_of(position(committed(100), topic_id="topic-2"))
        assert halt.reason is HaltReason.TOPIC_REPLACED
        assert "topic-1" in halt.detail
        assert "topic-2" in halt.detail
        assert halt.command.endswith("--partition 3 --from beginning`")

    def test_a_commit_of_another_topic(self):
        assert halt_of(position(committed(100, topic_id="topic-0"))).reason is HaltReason.TOPIC_REPLACED

    def test_no_commit_and_rows_only_of_another_topic(self):
        halt = halt_of(position(), {a.TopicIdsLanded: {"topic-0"}})
        assert halt.reason is HaltReason.TOPIC_REPLACED
        assert "topic-0" in halt.detail

    def test_another_table(self):
        halt = halt_of(position(committed(100), table_created="table-2"))
        assert halt.reason is HaltReason.TABLE_REPLACED
        assert halt.command.endswith("--from commit`")

    def test_records_gone_from_the_log_unlanded(self):
        halt = halt_of(position(committed(100), low=150), {a.HighestLive: 119})
        assert halt.reason is HaltReason.BELOW_LOG
        assert "120 to 149" in halt.detail

    def test_a_resume_offset_beyond_the_log(self):
        halt = halt_of(position(committed(100), end=90))
        assert halt.reason is HaltReason.BEYOND_LOG
        assert "100" in halt.detail
        assert "90" in halt.detail

    @pytest.mark.parametrize("highest", [None, 120])
    def test_a_stream_that_holds_fewer_rows_than_were_committed(self, highest):
        """Landed and committed rows are gone: to go on from the table would lose them in silence."""
        halt = halt_of(position(committed(100, row=4)), {a.Finalize: 3, a.HighestLive: highest})
        assert halt.reason is HaltReason.COUNT_MISMATCH
        assert "holds 4 rows, the stream counts 3" in halt.detail

    def test_an_unknown_writer_at_work(self):
        halt = halt_of(position(Commit(20, "")), {a.HighestLive: [25, 31]})
        assert halt.reason is HaltReason.UNKNOWN_STREAM
        assert "25" in halt.detail
        assert "31" in halt.detail

    @pytest.mark.parametrize("asked", [a.Finalize, a.OpenStream])
    def test_a_refusal_needs_no_recover_command(self, asked):
        halt = halt_of(position(committed(100)), {asked: Refused("no permission")})
        assert halt.reason is HaltReason.REFUSED
        assert "no permission" in halt.detail
        assert "restart the consumer" in halt.command

    @pytest.mark.parametrize("asked", [a.ReadPosition, a.Finalize, a.OpenStream])
    def test_a_missing_permission_is_waited_for(self, asked):
        read = position(committed(100))
        usual = answers(read)[asked]
        driven = recovered(read, {asked: [*[AccessDenied("grant it")] * 3, usual]})
        assert published(driven) == (100, 0)
        assert driven.of(a.Wait) == [a.Wait(a.DENIED_WAIT_S, paused=True, why="grant it")] * 3

    def test_metadata_that_the_broker_refuses(self):
        assert halt_of(position(committed(100)), {a.Publish: CommitOutcome.INVALID}).reason is HaltReason.DEFECT

    @pytest.mark.parametrize("read", [position(committed(100), topic_id="x"), position(committed(100), end=9)])
    def test_nothing_is_opened_or_published_before_a_halt(self, read):
        driven = drive(recover(identity()), answers(read))
        assert isinstance(driven.raised, Halt)
        assert not driven.of(a.OpenStream)
        assert not driven.of(a.Publish)


class TestPublishing:
    def test_during_a_rebalance_it_is_sent_again(self):
        driven = recovered(position(committed(100)), {a.Publish: [CommitOutcome.REBALANCING, CommitOutcome.APPLIED]})
        assert len(driven.of(a.OpenStream)) == 1
        first, second = driven.of(a.Publish)
        assert first == second

    @pytest.mark.parametrize(
        ("outcome", "rejoin"),
        [(CommitOutcome.FENCED, False), (CommitOutcome.UNKNOWN, True), (CommitOutcome.DEAD, True)],
    )
    def test_an_owner_that_may_not_be_one_leaves(self, outcome, rejoin):
        driven = drive(recover(identity()), answers(position(committed(100)), {a.Publish: outcome}))
        assert isinstance(driven.raised, Ousted)
        assert driven.raised.rejoin is rejoin


def test_the_usual_metadata_of_these_tests_reads_back():
    assert decode(metadata().encode()) == metadata()
