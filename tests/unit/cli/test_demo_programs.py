from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from noond.cli.demo_programs import Programs
from noond.cli.exits import CommandFailed, ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond


def test_a_program_that_ends_shows_its_log(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    programs = Programs()
    with pytest.raises(CommandFailed, match="daemon did not start"), programs:
        programs.start_daemon(tmp_path / "missing")
    said = capsys.readouterr().err
    assert "log of the demo's daemon" in said
    assert "noond init" in said
    assert not programs.directory.exists()


def test_nothing_is_left_when_the_block_ends(tmp_path: Path) -> None:
    with Programs() as programs:
        directory = programs.directory
        (directory / "file").touch()
    assert not directory.exists()


def test_an_installed_package_asks_for_a_folder(
    noond: Noond, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("noond.cli.demo._EXAMPLES", tmp_path / "not-there")
    outcome = noond("demo")
    assert outcome.code == ExitCode.USAGE
    assert "noond demo ~/Notes" in outcome.err
