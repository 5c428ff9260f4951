"""DAGSTER_HOME: the same from any directory, settings written once, workspace rewritten for the port."""

import json
import os

import pytest
import yaml

from assets.fx.source import bundled, bundled_until
from orchestration.errors import UserError
from orchestration.sources import fx_source, fx_until, in_sandbox, merchant_source
from orchestration.ui.home import Home
from sandbox.platform.processes import started_at
from streaming.settings import Settings


def test_the_workspace_names_the_port_and_no_path(tmp_path):
    home = Home(tmp_path)
    home.prepare(21_000)
    home.prepare(21_001)
    workspace = yaml.safe_load(home.workspace.read_text())
    assert workspace == {
        "load_from": [{"grpc_server": {"host": "127.0.0.1", "port": 21_001, "location_name": "tidemark"}}]
    }


def test_a_changed_setting_is_kept(tmp_path):
    home = Home(tmp_path)
    home.prepare(21_000)
    settings = home.folder / "dagster.yaml"
    settings.write_text("telemetry: {enabled: true}\n")
    home.prepare(21_000)
    assert settings.read_text() == "telemetry: {enabled: true}\n"


def test_telemetry_is_off_and_runs_are_watched(tmp_path):
    home = Home(tmp_path)
    home.prepare(21_000)
    settings = yaml.safe_load((home.folder / "dagster.yaml").read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert settings["run_monitoring"]["max_resume_run_attempts"] == 0
    assert settings["retention"]["sensor"]["purge_after_days"]["skipped"] == 1


def test_nothing_half_written_is_left(tmp_path):
    home = Home(tmp_path)
    home.prepare(21_000)
    assert sorted(path.name for path in home.folder.iterdir()) == ["dagster.yaml", "workspace.yaml"]


def test_the_home_is_absolute_whatever_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    assert Home(Path("state")).folder == tmp_path / "state" / "dagster"


class TestSources:
    """Made-up data goes into the sandbox's own emulator and nowhere else."""

    def test_a_real_project_beside_a_sandbox_folder_gets_none(self, tmp_path):
        write_platform(tmp_path, "http://127.0.0.1:1")
        settings = Settings(state_dir=str(tmp_path), bigquery_project="real")
        assert not in_sandbox(settings)
        with pytest.raises(ValueError, match="TIDEMARK_MERCHANT_SNAPSHOTS"):
            merchant_source(settings)
        assert fx_source(settings) is bundled
        assert fx_until(settings) == bundled_until()

    def test_the_sandboxs_own_emulator_does(self, tmp_path):
        write_platform(tmp_path, "http://127.0.0.1:1")
        settings = Settings(state_dir=str(tmp_path), bigquery_rest_endpoint="http://127.0.0.1:1")
        assert in_sandbox(settings)
        assert fx_until(settings) is None

    def test_a_feed_goes_on(self, tmp_path):
        assert fx_until(Settings(state_dir=str(tmp_path), fx_feed="https://127.0.0.1/rates.xml")) is None

    def test_one_that_is_down_does_not(self, tmp_path):
        write_platform(tmp_path, "http://127.0.0.1:1", pid=2**22 + 1)
        assert not in_sandbox(Settings(state_dir=str(tmp_path), bigquery_rest_endpoint="http://127.0.0.1:1"))

    @pytest.mark.integration  # Dagster takes a second to import
    def test_members_of_a_real_project_are_not_started_on_a_sandbox(self, tmp_path, monkeypatch):
        from orchestration.resources import StreamResource

        write_platform(tmp_path, "http://127.0.0.1:1")
        monkeypatch.setenv("TIDEMARK_BIGQUERY_PROJECT", "real")
        with pytest.raises(UserError, match="TIDEMARK_BIGQUERY_PROJECT"):
            StreamResource(state_dir=str(tmp_path)).environment()


def write_platform(state, rest_endpoint, pid=None):
    """platform.json of a sandbox whose owner is this process."""
    pid = os.getpid() if pid is None else pid
    where = {"rest_endpoint": rest_endpoint, "grpc_endpoint": "127.0.0.1:2", "project": "tidemark-local"}
    document = {
        "kafka": {"bootstrap_servers": "127.0.0.1:3", "topic": "payments", "pid": 1},
        "bigquery": {**where, "dataset": "payments", "pid": 1},
        "supervisor_pid": pid,
        "supervisor_started": started_at(os.getpid()),
    }
    (state / "platform.json").write_text(json.dumps(document))
    (state / "mac.key").write_text("k" * 32)
