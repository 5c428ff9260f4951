import threading

import pytest
from scripted import Stage

from sandbox.producer.run import GROUP_S, NOT_SENT, Run


@pytest.fixture
def stop():
    return threading.Event()


class SendsBeforeTheSync(Run):
    """Mutant: hands records to Kafka while their intents are still on the way to the disk."""

    def _prepare(self):
        group = super()._prepare()
        if group is not None:
            group.durable.result = lambda timeout=None: None
        return group


class WritesIntentsAfterwards(Run):
    """Mutant: notes a group's intents with the next group, when they have been sent."""

    def _prepare(self):
        held, self._held = getattr(self, "_held", []), []
        write = self._ledger.write
        self._ledger.write = self._held.extend
        try:
            group = super()._prepare()
        finally:
            self._ledger.write = write
        write(held)
        return group


class WaitsForAcknowledgements(Run):
    """Mutant: a closed loop, the next group waits until the broker has answered for this one."""

    def _send(self, records, broker, stop, tell):
        super()._send(records, broker, stop, tell)
        while broker.outstanding():
            broker.poll(0.1)


def check_intents_first(run_class, stop):
    stage = Stage(run_class=run_class)
    stage.go(stop)
    assert len(stage.broker.sent) == 200
    assert stage.broker.before_durable == []


def check_open_loop(run_class, stop):
    stage = Stage(run_class=run_class, deaf=(0.4, 20.0))
    end = stage.go(stop)
    assert max(stage.lateness()) < 0.05
    assert end.held_rate
    assert end.acked == 200


def test_an_intent_is_durable_before_its_record_is_sent(stop):
    check_intents_first(Run, stop)


@pytest.mark.parametrize("mutant", [SendsBeforeTheSync, WritesIntentsAfterwards])
def test_sending_before_the_intent_is_durable_would_be_seen(mutant, stop):
    with pytest.raises(AssertionError):
        check_intents_first(mutant, stop)


def test_records_leave_by_the_clock_whatever_the_broker_does(stop):
    check_open_loop(Run, stop)


def test_waiting_for_the_broker_would_be_seen(stop):
    with pytest.raises(AssertionError):
        check_open_loop(WaitsForAcknowledgements, stop)


def test_nothing_leaves_before_it_is_due(stop):
    stage = Stage()
    stage.go(stop)
    assert min(stage.lateness()) >= 0
    assert max(stage.lateness()) < 0.03
    assert [number for number, _ in stage.broker.sent] == list(range(200))


def test_every_intent_has_one_outcome_and_the_end_counts_them(stop):
    stage = Stage()
    end = stage.go(stop)
    outcomes = stage.sink.of("outcome")
    assert sorted(line["n"] for line in outcomes) == [line["n"] for line in stage.sink.of("intent")] == list(range(200))
    assert {line["result"] for line in outcomes} == {"acked"}
    assert outcomes[0] == {
        **{"kind": "outcome", "n": 0, "partition": 0, "offset": 0},
        **{"broker_ms": 1_764_000_000_000, "result": "acked"},
    }
    assert stage.sink.lines[-1] == {
        **{"kind": "end", "intents": 200, "acked": 200, "failed": 0, "unknown": 0, "seconds": end.seconds},
        **{"held_rate": True, "behind_ms_max": end.behind_ms_max},
    }
    assert stage.sink.durable == len(stage.sink.lines)
    assert end.seconds == pytest.approx(199 / 200, abs=0.02)


def test_groups_are_small_enough_to_be_durable_soon(stop):
    stage = Stage(rate=5_000, total=2_000)
    stage.go(stop)
    intents = [line["n"] for line in stage.sink.of("intent")]
    assert intents == list(range(2_000))
    assert GROUP_S <= 0.1


def test_outcomes_become_durable_while_the_run_goes_on(stop):
    stage = Stage(total=400)
    seen = []
    stage.broker.on_send = lambda n: seen.append(
        sum(line["kind"] == "outcome" for line in stage.sink.lines[: stage.sink.durable])
    )
    stage.go(stop)
    assert seen[399] > 350


def test_a_machine_that_is_too_slow_is_said_to_be(stop):
    stage = Stage(rate=1_000, total=3_000, cost_s=0.002)
    end = stage.go(stop)
    assert not end.held_rate
    assert end.behind_ms_max > 2_000
    assert end.seconds > 5
    assert end.acked == 3_000


def test_a_full_queue_is_waited_for_and_said(stop):
    stage = Stage(rate=1_000, total=2_000, room=500, deaf=(0.5, 4.0))
    end = stage.go(stop)
    assert not end.held_rate
    assert end.acked == 2_000
    assert [number for number, _ in stage.broker.sent] == list(range(2_000))


def test_a_stop_sends_nothing_more_and_accounts_for_what_was_prepared(stop):
    stage = Stage(total=1_000)
    stage.broker.on_send = lambda number: stop.set() if number == 333 else None
    end = stage.go(stop)
    assert len(stage.broker.sent) == 334
    unsent = [line for line in stage.sink.of("outcome") if line["result"] == "failed"]
    assert {line["error"] for line in unsent} == {NOT_SENT}
    assert min(line["n"] for line in unsent) == 334
    assert end.acked == 334
    assert end.intents == end.acked + end.failed < 400


def test_a_stop_with_a_dead_broker_ends_in_seconds_with_unknown_outcomes(stop):
    stage = Stage(total=1_000, deaf=(0.0, 10**6))
    stage.broker.on_send = lambda number: stop.set() if number == 99 else None
    end = stage.go(stop)
    assert (end.acked, end.unknown) == (0, 100)
    assert stage.clock.at - 100 < 8
    assert {line["error"] for line in stage.sink.of("outcome") if line["result"] == "unknown"} == {"_PURGE_INFLIGHT"}


def test_a_broker_that_comes_back_late_is_waited_for(stop):
    end = Stage(deaf=(0.1, 60.0)).go(stop)
    assert (end.acked, end.unknown) == (200, 0)


def test_patience_ends(stop):
    stage = Stage(deaf=(0.1, 10**6))
    assert stage.go(stop, patience_s=30.0).unknown == 200
    assert stage.clock.at - 100 < 33


def test_progress_is_told_twice_a_second(stop):
    stage = Stage(total=1_000)
    stage.go(stop)
    assert 8 <= len(stage.told) <= 11
    assert [told.sent for told in stage.told] == sorted(told.sent for told in stage.told)
    assert stage.told[-1].acked > 800
