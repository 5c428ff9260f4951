"""One run: its parts in order, each adding its figures to the results."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks import drain, machine, steady
from benchmarks.child import measured
from benchmarks.filling import fill
from benchmarks.payments import MIXES, PARTITIONS, read_sample, write_sample
from benchmarks.scale import Scale
from benchmarks.site import Site, base_environment
from sandbox.platform.instance import running
from sandbox.seed import Frames

PARTS: Final = ("stages", "core", "floor", "drain", "append", "steady", "soak")
SERVED: Final = frozenset({"floor", "drain", "append", "steady", "soak"})
"""Parts that need a broker and an emulator."""
LOADED: Final = frozenset({"append", "steady", "soak"})
"""Parts that share a dataset."""
FILLED: Final = frozenset({"floor", "drain"})
"""Parts that need the backlog."""
APPEND_BATCHES: Final = (1_000, 5_000, 10_000)
SOAK_EVERY_S: Final = 5.0
SOAK_POINTS: Final = 400
"""At most, about: what is drawn and committed of a day is as small as of half an hour."""


class Run:
    """Measures the parts asked for. `go` once, in the main thread."""

    def __init__(self, parts: tuple[str, ...], scale: Scale, folder: Path, say: Callable[[str], None]) -> None:
        self._parts, self._scale, self._folder, self._say = parts, scale, folder, say
        self._sample = folder / "sample"
        self._found: dict[str, Any] = {}

    def go(self) -> dict[str, Any]:
        """The results document. Raises what a failed measurement raises."""
        self._found = {"machine": machine.facts(), "scale": asdict(self._scale), "load_before": machine.load()}
        self._say(f"making {self._scale.sample:,} payments and their reference data")
        frames = write_sample(self._sample, self._scale.sample, self._scale.seed)
        if "stages" in self._parts:
            self._stages()
        if "core" in self._parts:
            self._core()
        if SERVED.intersection(self._parts):
            with running(self._folder / "platform", say=self._say) as platform:
                self._with_services(Site(platform, self._sample, frames, self._scale.seed, self._say), frames)
        self._found["load_after"] = machine.load()
        return self._found

    def _stages(self) -> None:
        self._say("stages")
        scale = self._scale
        sizes = list(scale.windows)
        self._found["stages"] = self._child(
            "stages", {"windows": sizes, "rows": scale.stage_rows, "repeats": scale.repeats}
        )

    def _core(self) -> None:
        self._say("core")
        self._found["core"] = [self._child("core", {"mix": mix, "repeats": self._scale.repeats}) for mix in MIXES]

    def _with_services(self, site: Site, frames: Frames) -> None:
        scale, wants = self._scale, self._parts
        if FILLED.intersection(wants):
            self._say(f"filling the topic with {scale.events:,} records")
            sample = read_sample(self._sample, "default")
            fill(site.platform.bootstrap_servers, site.platform.topic, sample, scale.events)
        if "floor" in wants:
            self._floor(site)
        if "drain" in wants:
            self._drain(site)
        if LOADED.intersection(wants):
            with site.dataset("load") as dataset:
                self._loaded(site, dataset)

    def _loaded(self, site: Site, dataset: dict[str, str]) -> None:
        scale, wants = self._scale, self._parts
        if "append" in wants:
            self._append(site, dataset)
        if "steady" in wants:
            self._say(f"steady load of {', '.join(map(str, scale.rates))} a second, {scale.seconds} s each")
            self._found["steady"] = [steady.measure(site, dataset, rate, scale.seconds) for rate in scale.rates]
        if "soak" in wants:
            self._say(f"soak of {scale.soak_seconds} s at {scale.soak_rate:,} a second")
            every_s = max(min(SOAK_EVERY_S, scale.soak_seconds / 4), scale.soak_seconds / SOAK_POINTS)
            self._found["soak"] = steady.measure(site, dataset, scale.soak_rate, scale.soak_seconds, every_s)

    def _floor(self, site: Site) -> None:
        # the first poll is not counted, and a poll is 5,000 records at most
        records = max(1, min(self._scale.polled, self._scale.events - 10_000))
        for name in ("bare", "adapter", "core_with_poll"):
            self._say(f"from the broker: {name.replace('_', ' ')}")
            self._found[name] = self._child(name, {"records": records, "repeats": self._scale.repeats}, site=site)

    def _drain(self, site: Site) -> None:
        self._found["drain"] = []
        for into in (drain.into_memory, drain.into_emulator):
            for members in self._scale.members:
                what = into.__name__.replace("_", " ")
                self._say(f"draining {self._scale.events:,} {what}, {members} process{'es' if members > 1 else ''}")
                self._found["drain"].append(into(site, members, self._scale.events))

    def _append(self, site: Site, dataset: dict[str, str]) -> None:
        self._say("the emulator's own limit")
        scale, pid = self._scale, site.platform.bigquery_pid
        batches = [size for size in APPEND_BATCHES if size <= scale.sample // PARTITIONS] or [
            scale.sample // PARTITIONS
        ]
        rows = scale.append_rows // len(batches)
        arguments = {"rows": rows, "batches": batches, "emulator_pid": pid}
        self._found["append"] = self._child("append_limit", arguments, site=site, extra=dataset)

    def _child(
        self, name: str, arguments: dict[str, Any], *, site: Site | None = None, extra: dict[str, str] | None = None
    ) -> Any:
        environment = (site.environment(name) if site else base_environment()) | (extra or {})
        log = self._folder / "logs" / f"{name}.log"
        return measured(environment, log, name, folder=str(self._sample), **arguments)
