"""How fast a replay may read: a token bucket. It waits for nothing itself; the caller's clock and sleep do."""


class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up; it may go into debt, so a large window just waits longer."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, tokens: int, now: float) -> float:
        """Take so many and return the seconds to wait before going on. `now`: seconds of a monotonic clock."""
        saved = self._tokens + (now - self._at) * self._rate
        self._tokens, self._at = min(self._burst, saved) - tokens, now
        return max(0.0, -self._tokens / self._rate)
