"""Waits double up to a bound, and differ from client to client."""

from random import Random

from lockgate.webhook.cluster.pacing import Backoff, watch_seconds


def test_waits_double_up_to_half_a_minute_and_begin_anew() -> None:
    for seed in range(20):
        backoff = Backoff(Random(seed))
        for longest in (0.5, 1, 2, 4, 8, 16, 30, 30):
            assert longest / 2 <= backoff.next_wait() <= longest
        backoff.reset()
        assert backoff.next_wait() <= 0.5


def test_watches_end_at_different_times() -> None:
    found = {watch_seconds(Random(seed)) for seed in range(50)}
    assert len(found) > 10
    assert all(120 <= one <= 240 for one in found)
