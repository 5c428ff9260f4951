"""Kafka's jars: resolved by coordinates, verified against our own list, kept in the per-user cache.

jgo downloads without Maven but never checks what it has, and an interrupted download stays in its repository for
ever. So: resolve into a fresh folder, verify, then rename the whole set into place.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.resources import files
from pathlib import Path
from typing import Any

KAFKA_VERSION = "4.1.2"
KAFKA = ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION)
# Kafka's dependencies hold log4j but not its bridge from SLF4J: without it a broker fails in silence.
# Taken alone: resolved together with Kafka it would change the versions of other jars.
LOG_BRIDGE = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.3")
Say = Callable[[str], None]
Fetch = Callable[[Path, Say], list[Path]]
"""Downloads into an empty folder, returns the jars. Raises FetchFailed."""


class FetchFailed(Exception):
    """The jars could not be had as they should be. The message is one line that says what to do."""


def expected() -> dict[str, str]:
    """File name -> SHA-256 of every jar the broker needs (kafka_jars.sha256, in the format of sha256sum)."""
    lines = files("sandbox.platform").joinpath("kafka_jars.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines if line)}


def folder(cache: Path) -> Path:
    """Where the jars of this Kafka version are kept."""
    return cache / f"kafka-{KAFKA_VERSION}"


def classpath(cache: Path) -> str:
    """Java class path of the cached jars, in a fixed order: class-data archives depend on it."""
    return ":".join(str(folder(cache) / name) for name in sorted(expected()))


def damaged(directory: Path) -> list[str]:
    """Names of listed jars that are missing from `directory` or differ from their SHA-256."""
    return [name for name, digest in expected().items() if _sha256(directory / name) != digest]


def look_complete(cache: Path) -> bool:
    """Cheap check before each start: all jars are there. They only ever get there verified and together."""
    return all((folder(cache) / name).is_file() for name in expected())


def ensure(cache: Path, say: Say, fetch: Fetch | None = None) -> Path:
    """Return the folder with verified jars, downloading them if need be. Raises FetchFailed.

    Two processes at once: the second waits for the first and finds the jars.
    """
    target = folder(cache)
    with _locked(cache):
        if target.is_dir() and not (bad := damaged(target)):
            return target
        if target.is_dir():
            say(f"cached Kafka jars are damaged ({', '.join(bad[:3])}): downloading them again")
        _remove_leftovers(cache)
        work = Path(tempfile.mkdtemp(prefix=f".kafka-{KAFKA_VERSION}.{os.getpid()}.", dir=cache))
        try:
            _download(work, fetch or fetch_with_jgo, say)
            _replace(work / "jars", target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target


def _download(work: Path, fetch: Fetch, say: Say) -> None:
    say(f"downloading Kafka {KAFKA_VERSION} ({len(expected())} jars, 44 MB)")
    (work / "m2").mkdir()
    (work / "jars").mkdir()
    for jar in fetch(work / "m2", say):
        if jar.name in expected():
            shutil.move(jar, work / "jars" / jar.name)
    if bad := damaged(work / "jars"):
        raise FetchFailed(f"downloaded jars do not match kafka_jars.sha256 ({', '.join(bad[:3])}): try again")
    say(f"Kafka {KAFKA_VERSION}: {len(expected())} jars verified")


def fetch_with_jgo(repository: Path, say: Say) -> list[Path]:
    """Resolve and download the broker and its dependencies without Maven into an empty folder."""
    import requests
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    context = MavenContext(repo_cache=repository, local_repos=[], timeout=30)
    kafka, bridge = (
        context.create_dependency(Coordinate(groupId=group, artifactId=artifact, version=version, scope="compile"))
        for group, artifact, version in (KAFKA, LOG_BRIDGE)
    )
    try:
        inputs, transitive = context.resolver.resolve([kafka])
        needed = [*inputs, *(d for d in transitive if d.scope in ("compile", "runtime")), bridge]
        return _resolve_all([d.artifact for d in needed], say)
    except requests.exceptions.RequestException as error:
        raise FetchFailed(
            f"could not download Kafka ({type(error).__name__}): connect to the network, then run the same again"
        ) from None


def _resolve_all(artifacts: list[Any], say: Say) -> list[Path]:
    jars: list[Path] = []
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(artifact.resolve) for artifact in artifacts]
        try:
            for done in as_completed(jobs):
                jars.append(Path(done.result()))
                if len(jars) % 9 == 0:
                    say(f"  {len(jars)} of {len(jobs)} jars")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return jars


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _replace(source: Path, target: Path) -> None:
    """Swap a folder in. A crash between the renames leaves no target: the next run downloads anew."""
    old = source.with_name("old")
    if target.exists():
        os.replace(target, old)
    os.replace(source, target)


def _remove_leftovers(cache: Path) -> None:
    """Folders of downloads that were killed. We hold the lock: nobody else's is under way."""
    for leftover in cache.glob(f".kafka-{KAFKA_VERSION}.*"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """`python -m sandbox.platform.jars`: have the jars in the per-user cache. Exit code 0 if they are."""
    import sys

    from sandbox.platform.cache import cache_root

    try:
        ensure(cache_root(os.environ), lambda line: print(line, flush=True))  # noqa: T201 - this is a command
    except FetchFailed as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
