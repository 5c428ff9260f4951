"""Reference data for the walk: loaded at start, watched, swapped in between windows without a gap."""

from concurrent.futures import Executor, Future

from streaming.ports import Clock, Journal, Warehouse
from streaming.reference.tables import Reference, ReferenceError

LOAD_S = 15.0
"""Time limit of loading 80,000 merchants (measured: under a second)."""


class References:
    """The current `Reference`, and the look for a newer one. `current` is for the polling thread alone."""

    def __init__(self, warehouse: Warehouse, pool: Executor, clock: Clock, journal: Journal, every_s: float) -> None:
        self._warehouse, self._pool, self._clock, self._journal = warehouse, pool, clock, journal
        self._every_s = every_s
        self._current: Reference | None = None
        self._looking: Future[Reference | None] | None = None
        self._next_look = 0.0

    def load(self) -> Reference:
        """The first load, at start-up. Raises WarehouseError, ReferenceError."""
        self._current = self._load(self._warehouse.reference_versions(LOAD_S))
        self._next_look = self._clock.monotonic() + self._every_s
        return self._current

    def current(self) -> Reference:
        """What to enrich the next window with; takes over a newer version that has finished loading."""
        if self._looking is not None and self._looking.done():
            self._take(self._looking)
            self._looking = None
        if self._looking is None and self._clock.monotonic() >= self._next_look:
            self._looking = self._pool.submit(self._newer)
            self._next_look = self._clock.monotonic() + self._every_s
        assert self._current is not None, "load() comes first"
        return self._current

    def _take(self, looking: "Future[Reference | None]") -> None:
        error = looking.exception()
        if (
            error is not None
        ):  # the old version goes on: late reference data is corrected later, a stopped stream is not
            self._journal.say("reference_not_loaded", level="warning", why=f"{type(error).__name__}: {error}")
            return
        newer = looking.result()
        if newer is not None:
            self._current = newer
            self._journal.say("reference_loaded", merchants=newer.merchants_version, fx_rates=newer.fx_version)

    def _newer(self) -> Reference | None:
        versions = self._warehouse.reference_versions(LOAD_S)
        current = self._current
        assert current is not None
        if (versions.get("merchants"), versions.get("fx_rates")) == (current.merchants_version, current.fx_version):
            return None
        return self._load(versions)

    def _load(self, versions: dict[str, str]) -> Reference:
        missing = [name for name in ("merchants", "fx_rates") if name not in versions]
        if missing:
            raise ReferenceError(f"no published version of {' and '.join(missing)} in reference_versions")
        merchants = self._warehouse.load_merchants(versions["merchants"], LOAD_S)
        fx_rates = self._warehouse.load_fx_rates(versions["fx_rates"], LOAD_S)
        return Reference.build(merchants, fx_rates, versions["merchants"], versions["fx_rates"])
