"""The shipped dagster.yaml and the documented Postgres block, as Dagster itself reads them."""

# ruff: noqa: TID251 - Dagster's own reading is what counts

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.config_schema import process_workspace_config
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._daemon.daemon import SensorDaemon

from orchestration.ui.home import Home

pytestmark = pytest.mark.integration  # Dagster itself, which takes a second to import

PAGE = Path(__file__).parents[2] / "docs" / "control-plane.md"


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.prepare(21_000)
    return home


def test_dagster_takes_every_setting(home):
    settings, _ = dagster_instance_config(str(home.folder))
    assert settings["telemetry"] == {"enabled": False}
    assert settings["nux"] == {"enabled": False}
    assert settings["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    assert settings["concurrency"]["runs"]["max_concurrent_runs"] == 4
    assert settings["retention"]["sensor"]["purge_after_days"]["skipped"] == 1
    assert settings["sensors"] == {"use_threads": True, "num_workers": 4}
    assert settings["retention"]["schedule"]["purge_after_days"]["failure"] == 90


def test_an_instance_made_of_it_watches_runs_and_frees_their_slots(home):
    with DagsterInstance.from_config(str(home.folder)) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_start_timeout_seconds == 180
        assert instance.run_monitoring_max_resume_run_attempts == 0
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 60
        assert SensorDaemon(instance.get_sensor_settings())._threadpool_executor, "no sensor waits for another"
        assert instance.event_log_storage.supports_global_concurrency_limits


def postgres_block():
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "postgres" in text]
    return block


def test_the_documented_storage_is_dagsters_and_takes_its_password_from_the_environment(home, monkeypatch):
    """The storage's class is not loaded: that takes dagster-postgres and a server."""
    settings = home.folder / "dagster.yaml"
    settings.write_text(settings.read_text() + "\n" + postgres_block())
    for name in ("HOST", "USER", "PASSWORD"):
        monkeypatch.setenv(f"DAGSTER_PG_{name}", name.lower())
    ref = InstanceRef.from_dir(str(home.folder))
    storage = ref.storage_data
    assert (storage.module_name, storage.class_name) == ("dagster_postgres", "DagsterPostgresStorage")
    assert "password" not in settings.read_text().replace("password: {env: DAGSTER_PG_PASSWORD}", "")
    written = yaml.safe_load(storage.config_yaml)["postgres_db"]
    assert written["password"] == {"env": "DAGSTER_PG_PASSWORD"}


def test_a_word_that_dagster_does_not_know_is_refused(home):
    """That these tests can fail: a setting that is misspelled is no setting."""
    settings = home.folder / "dagster.yaml"
    settings.write_text(settings.read_text().replace("free_slots_after_run_end_seconds", "free_slots_after_seconds"))
    with pytest.raises(Exception, match="free_slots_after_seconds"):
        dagster_instance_config(str(home.folder))


def test_the_workspace_is_the_same_from_any_directory(home, tmp_path, monkeypatch):
    origins = []
    for place in (tmp_path, Path("/")):
        monkeypatch.chdir(place)
        origins.append(location_origins_from_yaml_paths([str(home.workspace)]))
    assert origins[0] == origins[1]
    (origin,) = origins[0]
    assert (origin.host, origin.port, origin.location_name) == ("127.0.0.1", 21_000, "tidemark")
    assert process_workspace_config(yaml.safe_load(home.workspace.read_text())).success


def test_the_code_location_itself_loads_from_any_directory(tmp_path):
    code = "import orchestration.definitions as d; print(len(d.defs.resolve_all_asset_specs()) > 5)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout == "True\n", ran.stderr
