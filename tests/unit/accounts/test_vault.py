from __future__ import annotations

from pathlib import Path

import pytest

from noond.accounts.vault import Vault, write_private
from noond.errors import DataDirectoryError, KeyMismatch


def test_a_made_key_is_private_and_loads_again(tmp_path: Path) -> None:
    made = Vault.make(tmp_path / "key")

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert Vault.load(tmp_path / "key").subkey("x") == made.subkey("x")


def test_each_purpose_has_a_key_of_its_own() -> None:
    vault = Vault(bytes(32))

    assert len({vault.subkey(purpose) for purpose in ("a", "b", "key check")}) == 3


def test_another_key_is_recognised(tmp_path: Path) -> None:
    first, second = Vault.make(tmp_path / "one"), Vault.make(tmp_path / "two")

    first.verify(first.key_check())
    with pytest.raises(KeyMismatch):
        second.verify(first.key_check())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    Vault.make(tmp_path / "key")
    (tmp_path / "key").chmod(mode)

    with pytest.raises(DataDirectoryError, match="chmod 600"):
        Vault.load(tmp_path / "key")


@pytest.mark.parametrize("content", ["", "short", "é", "A" * 43 + "\n" + "B" * 43])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    write_private(tmp_path / "key", content)

    with pytest.raises(DataDirectoryError):
        Vault.load(tmp_path / "key")


def test_a_missing_key_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="is missing"):
        Vault.load(tmp_path / "key")


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "cli.json"
    file.write_text("old and readable")
    file.chmod(0o644)
    file.with_name(".cli.json.new").write_text("left by a killed process")

    write_private(file, "new")

    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["cli.json"]
