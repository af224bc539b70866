from __future__ import annotations

import json
from pathlib import Path

import pytest

from noond.cli.endpoint import data_directory, find_endpoint
from noond.cli.exits import CommandFailed, ExitCode


def write_cli_json(directory: Path, content: object) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "cli.json").write_text(json.dumps(content))


def test_the_environment_names_the_daemon() -> None:
    found = find_endpoint(None, {"NOOND_URL": "http://h:1/", "NOOND_API_KEY": "k"})
    assert (found.url, found.api_key) == ("http://h:1", "k")
    assert "k'" not in repr(found)


@pytest.mark.parametrize("only", ["NOOND_URL", "NOOND_API_KEY"])
def test_half_of_the_environment_is_refused(only: str, tmp_path: Path) -> None:
    write_cli_json(tmp_path, {"url": "http://h:1", "api_key": "k"})
    environ = {only: "x", "NOOND__SERVER__DATA_DIR": str(tmp_path)}
    with pytest.raises(CommandFailed, match="go together") as raised:
        find_endpoint(None, environ)
    assert raised.value.exit_code == ExitCode.USAGE


def test_a_named_data_directory_wins_over_the_environment(tmp_path: Path) -> None:
    write_cli_json(tmp_path, {"url": "http://file:1", "api_key": "f"})
    found = find_endpoint(tmp_path, {"NOOND_URL": "http://env:1", "NOOND_API_KEY": "e"})
    assert (found.url, found.api_key) == ("http://file:1", "f")


def test_cli_json_is_found_through_the_setting(tmp_path: Path) -> None:
    write_cli_json(tmp_path, {"url": "http://file:1", "api_key": "f"})
    found = find_endpoint(None, {"NOOND__SERVER__DATA_DIR": str(tmp_path)})
    assert found.url == "http://file:1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"url": None, "api_key": "k"}, "noond serve"),
        ({"url": "http://h:1", "api_key": None}, "NOOND_API_KEY"),
        ({"url": "http://h:1"}, "is not"),
        ([], "is not"),
    ],
)
def test_an_unusable_cli_json_says_what_to_do(content: object, said: str, tmp_path: Path) -> None:
    write_cli_json(tmp_path, content)
    with pytest.raises(CommandFailed, match=said) as raised:
        find_endpoint(tmp_path, {})
    assert raised.value.exit_code == ExitCode.UNREACHABLE


def test_a_missing_cli_json_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="noond init"):
        find_endpoint(tmp_path, {})


def test_the_data_directory_of_the_flag_comes_first(tmp_path: Path) -> None:
    environ = {"NOOND__SERVER__DATA_DIR": "/elsewhere"}
    assert data_directory(tmp_path, environ) == tmp_path
    assert data_directory(None, environ) == Path("/elsewhere")
