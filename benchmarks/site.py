"""Where the measurements with services happen: a broker and an emulator of their own in a folder of their own."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.warehouse.client import connect
from assets.warehouse.migrate import migrate
from benchmarks.machine import ROOT
from sandbox.demo.consumers import Crew
from sandbox.platform.instance import RunningPlatform
from sandbox.seed import Frames
from sandbox.seed import seed as publish_reference
from streaming.settings import PREFIX


def base_environment() -> dict[str, str]:
    """This process's environment without the settings of any consumer, with the allocator settings of members."""
    own = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "BENCH_"))}
    members = Crew(Path(), own, 0)._environment
    return {**members, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), own.get("PYTHONPATH"))))}


@dataclass(frozen=True, slots=True)
class Site:
    """A platform with a topic that is filled, and the world's reference data. Main thread only."""

    platform: RunningPlatform
    sample: Path
    frames: Frames
    seed: int
    say: Callable[[str], None]

    @property
    def folder(self) -> Path:
        """Everything of this run."""
        return self.platform.state

    def environment(self, name: str) -> dict[str, str]:
        """For processes of one measurement: a consumer group and a state folder of their own."""
        state = self.folder / name
        (state / "logs").mkdir(parents=True, exist_ok=True)
        own = {"TIDEMARK_KAFKA_GROUP": name, "TIDEMARK_STATE_DIR": str(state)}
        return {**base_environment(), **self.platform.environment(), **own}

    def log(self, name: str) -> Path:
        """The log of a measuring process."""
        return self.folder / "logs" / f"{name}.log"

    @contextmanager
    def dataset(self, name: str) -> Iterator[dict[str, str]]:
        """A dataset with tables and reference data, as settings for a consumer; gone afterwards."""
        client: Any = connect(self.platform.project, self.platform.rest_endpoint)
        client.create_dataset(f"{self.platform.project}.{name}")
        migrate(client, self.platform.project, name, lambda _: None)
        publish_reference(client, name, self.seed, datetime.now(UTC), lambda _: None, made=self.frames)
        try:
            yield {"TIDEMARK_BIGQUERY_DATASET": name}
        finally:
            with suppress(Exception):  # the emulator and its folder end with the run anyway
                client.delete_dataset(f"{self.platform.project}.{name}", delete_contents=True)

    def counting(self, name: str) -> tuple[Path, dict[str, str]]:
        """The folder of a counting warehouse, and what a member needs to find it."""
        folder = self.folder / name / "warehouse"
        folder.mkdir(parents=True)
        for file in ("merchants.arrow", "fx_rates.arrow"):
            shutil.copy(self.sample / file, folder / file)
        return folder, {"BENCH_WAREHOUSE": str(folder)}
