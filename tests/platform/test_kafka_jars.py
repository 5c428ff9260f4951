"""Jars are kept only if each one matches its committed hash, whatever the download did."""

import hashlib
import shutil

import pytest

from sandbox.platform import jars


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """Two small jars instead of 46."""
    wanted = {name: hashlib.sha256(content).hexdigest() for name, content in GOOD.items()}
    monkeypatch.setattr(jars, "expected", lambda: wanted)


GOOD = {"broker.jar": b"broker", "clients.jar": b"clients"}


class Registry:
    """Serves `content` and counts how often it was asked."""

    def __init__(self, content=GOOD):
        self.content, self.asked = content, 0

    def __call__(self, repository, say):
        self.asked += 1
        for name, data in self.content.items():
            (repository / name).write_bytes(data)
        return [repository / name for name in self.content]


def quiet(line):
    pass


def kept(cache):
    return {path.name: path.read_bytes() for path in jars.folder(cache).iterdir()}


def test_a_second_time_nothing_is_downloaded(tmp_path):
    registry = Registry()
    jars.ensure(tmp_path, quiet, registry)
    jars.ensure(tmp_path, quiet, registry)
    assert registry.asked == 1
    assert kept(tmp_path) == GOOD


def trusts_what_is_there(cache, say, fetch):
    """Mutant: a file of the right name is good enough."""
    if not jars.look_complete(cache):
        jars.ensure(cache, say, fetch)


def trusts_the_download(cache, say, fetch):
    """Mutant: puts what came into place without a look."""
    (cache / "m2").mkdir(parents=True)
    target = jars.folder(cache)
    target.mkdir()
    for jar in fetch(cache / "m2", say):
        shutil.move(jar, target / jar.name)


def repairs_a_damaged_jar(ensure, cache):
    ensure(cache, quiet, Registry())
    (jars.folder(cache) / "clients.jar").write_bytes(b"clie")  # cut short, as an interrupted download leaves it
    ensure(cache, quiet, Registry())
    assert kept(cache) == GOOD


def refuses_a_wrong_download(ensure, cache):
    with pytest.raises(jars.FetchFailed, match=r"clients\.jar"):
        ensure(cache, quiet, Registry(GOOD | {"clients.jar": b"something else"}))
    assert not jars.folder(cache).exists()


@pytest.mark.parametrize("guarantee", [repairs_a_damaged_jar, refuses_a_wrong_download])
def test_only_verified_jars_are_used(tmp_path, guarantee):
    guarantee(jars.ensure, tmp_path)


def test_mutants_are_noticed(tmp_path):
    with pytest.raises(AssertionError):
        repairs_a_damaged_jar(trusts_what_is_there, tmp_path / "a")
    with pytest.raises(pytest.fail.Exception):
        refuses_a_wrong_download(trusts_the_download, tmp_path / "b")


@pytest.mark.parametrize("how", [KeyboardInterrupt, jars.FetchFailed, OSError])
def test_an_interrupted_download_leaves_nothing(tmp_path, how):
    def interrupted(repository, say):
        (repository / "broker.jar").write_bytes(b"brok")
        raise how

    with pytest.raises(how):
        jars.ensure(tmp_path, quiet, interrupted)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_download_left_is_removed_and_never_used(tmp_path):
    leftover = tmp_path / f".kafka-{jars.KAFKA_VERSION}.123.abc" / "jars"
    leftover.mkdir(parents=True)
    (leftover / "broker.jar").write_bytes(b"brok")
    jars.ensure(tmp_path, quiet, Registry())
    assert kept(tmp_path) == GOOD
    assert {path.name for path in tmp_path.iterdir()} == {".lock", jars.folder(tmp_path).name}


def test_a_missing_jar_is_named(tmp_path):
    with pytest.raises(jars.FetchFailed, match=r"clients\.jar"):
        jars.ensure(tmp_path, quiet, Registry({"broker.jar": b"broker"}))


def test_classpath_has_every_jar_in_a_fixed_order(tmp_path):
    folder = jars.folder(tmp_path)
    assert jars.classpath(tmp_path) == f"{folder}/broker.jar:{folder}/clients.jar"


def test_the_committed_list_is_whole(monkeypatch):
    monkeypatch.undo()
    listed = jars.expected()
    assert len(listed) == 46
    assert all(len(digest) == 64 and name.endswith(".jar") for name, digest in listed.items())
    assert {f"kafka_2.13-{jars.KAFKA_VERSION}.jar", f"kafka-clients-{jars.KAFKA_VERSION}.jar"} <= set(listed)
