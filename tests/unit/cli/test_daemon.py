from __future__ import annotations

import json
import platform
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from noond.cli.exits import ExitCode
from noond.config import load_settings

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond

NOOND_TOML = Path(__file__).parents[3] / "noond.toml"


def test_init_shows_the_key_once_and_keeps_it_for_the_command_line(
    noond: Noond, tmp_path: Path
) -> None:
    directory = tmp_path / "data"
    made = noond("init", "--data-dir", str(directory), "--json")
    assert made.code == ExitCode.OK
    assert made.document.keys() == {"data_dir", "user_id", "api_key"}
    assert made.document["data_dir"] == str(directory)
    kept = json.loads((directory / "cli.json").read_text())
    assert kept["api_key"] == made.document["api_key"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "cli.json").stat().st_mode) == 0o600

    again = noond("init", "--data-dir", str(directory))
    assert again.code == ExitCode.CONFLICT
    assert made.document["api_key"] not in again.out + again.err


def test_init_takes_the_data_directory_of_the_setting(
    noond: Noond, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOND__SERVER__DATA_DIR", str(tmp_path / "set"))
    outcome = noond("init")
    assert outcome.rows[0] == ["data_dir", str(tmp_path / "set")]
    assert (tmp_path / "set" / "noond.db").exists()


def test_check_config_shows_what_the_settings_come_to(
    noond: Noond, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "noond.toml"
    file.write_text('[llm]\napi_key = "sk-canary"\nretries = 5\n[server]\nport = 1\n')
    monkeypatch.setenv("NOOND__SERVER__PORT", "2")
    outcome = noond("check-config", "--config", str(file))
    assert outcome.code == ExitCode.OK
    assert ["llm.retries", "5"] in outcome.rows
    assert ["server.port", "2"] in outcome.rows
    assert "sk-canary" not in outcome.out
    as_json = noond("check-config", "--config", str(file), "--json")
    assert as_json.document["llm"]["retries"] == 5
    assert "sk-canary" not in as_json.out


@pytest.mark.parametrize("verb", ["check-config", "serve"])
def test_each_wrong_key_has_its_line(verb: str, noond: Noond, tmp_path: Path) -> None:
    file = tmp_path / "noond.toml"
    file.write_text('[server]\nport = "high"\ncolour = 1\n[llm]\napi_key = ["sk-canary"]\n')
    outcome = noond(verb, "--config", str(file))
    assert outcome.code == ExitCode.USAGE
    lines = outcome.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("noond: ") and str(file) in line for line in lines)
    for key in ("server.port", "server.colour", "llm.api_key"):
        assert sum(key in line for line in lines) == 1
    assert "sk-canary" not in outcome.err


def test_noond_toml_changes_nothing() -> None:
    assert load_settings(NOOND_TOML, environ={}) == load_settings(environ={})


def test_noond_toml_has_every_setting_at_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    lines = NOOND_TOML.read_text().splitlines()
    active = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in lines
        if not line.endswith("# not set")
    )
    file = tmp_path / "all.toml"
    file.write_text(active)
    assert load_settings(file, environ={}) == load_settings(environ={})
    named = {(section, key) for section, keys in tomllib.loads(active).items() for key in keys}
    unset = {line.split(" =")[0].removeprefix("#") for line in lines if line.endswith("# not set")}
    for section, keys in load_settings(environ={}).model_dump().items():
        for key in keys:
            assert (section, key) in named or key in unset


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's heap")
def test_memory_that_large_messages_left_is_used_for_the_next() -> None:
    program = """if True:
        from resource import RUSAGE_SELF, getrusage
        from noond.cli.daemon import keep_freed_memory

        def message():
            return [bytes(100_000) for _ in range(10)]

        keep_freed_memory()
        message()
        before = getrusage(RUSAGE_SELF).ru_minflt
        for _ in range(100):
            message()
        print(getrusage(RUSAGE_SELF).ru_minflt - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 500, "page faults of 100 messages of 1 MB; it is 13,000 without"
