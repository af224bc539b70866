"""script/lib/venv.sh: which Python is taken, and when an environment is made anew."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

VENV_SH = Path(__file__).parents[3] / "script" / "lib" / "venv.sh"
NEEDED = ("bash", "dirname", "cat", "cksum", "rm")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing in it but the script."""
    root = (tmp_path / "checkout").resolve()
    (root / "script" / "lib").mkdir(parents=True)
    shutil.copy(VENV_SH, root / "script" / "lib")
    return root


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with the few programs that are assumed, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def bash(checkout: Path, path: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . '{checkout}/script/lib/venv.sh'; {command}"],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
    )


def put(path: Path, name: str, script: str) -> None:
    file = path / name
    file.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    file.chmod(0o755)


SUITABLE = f'exec {sys.executable} "$@"'
TOO_OLD = "exit 1"
WITHOUT_VENV = f'[[ "$2" != *ensurepip* ]] || exit 1; exec {sys.executable} "$@"'


def test_without_python_it_says_what_is_needed(checkout: Path, path: Path) -> None:
    done = bash(checkout, path, "find_python")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_the_first_suitable_python_is_taken(checkout: Path, path: Path) -> None:
    put(path, "python3", TOO_OLD)
    put(path, "python3.11", WITHOUT_VENV)
    put(path, "python3.12", SUITABLE)
    put(path, "python3.13", SUITABLE)
    assert bash(checkout, path, "find_python").stdout == "python3.12\n"


def test_each_unsuitable_python_is_explained(checkout: Path, path: Path) -> None:
    put(path, "python3", TOO_OLD)
    put(path, "python3.11", WITHOUT_VENV)
    done = bash(checkout, path, "find_python")
    assert done.returncode == 1
    assert "python3 is older than 3.11" in done.stderr
    assert "python3.11 lacks venv (on Debian and Ubuntu: apt install python3-venv)" in done.stderr


def test_an_environment_that_does_not_start_is_not_used(checkout: Path, path: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/nonexistent/python")
    assert bash(checkout, path, "venv_works").returncode != 0


def test_an_environment_without_pip_is_not_used(checkout: Path, path: Path) -> None:
    venv.create(checkout / ".venv", with_pip=False)
    assert bash(checkout, path, "venv_works").returncode != 0


def test_an_environment_that_was_moved_is_not_used(checkout: Path, path: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    put(checkout / ".venv" / "bin", "python", "exit 0")
    assert bash(checkout, path, "venv_works").returncode == 0
    (checkout / ".venv" / "noond-place").write_text(f"{checkout}/.venv\n")
    assert bash(checkout, path, "venv_works").returncode == 0
    (checkout / ".venv" / "noond-place").write_text("/elsewhere/.venv\n")
    assert bash(checkout, path, "venv_works").returncode != 0


def test_a_changed_lock_is_installed_again(checkout: Path, path: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    put(checkout / ".venv" / "bin", "python", SUITABLE)
    (checkout / "requirements").mkdir()
    lock = checkout / "requirements" / "run.txt"
    lock.write_text("a==1\n")
    (checkout / "pyproject.toml").touch()
    assert bash(checkout, path, "is_installed run").returncode != 0
    bash(checkout, path, 'fingerprint run >"$venv/noond-run"')
    assert bash(checkout, path, "is_installed run").returncode == 0
    lock.write_text("a==2\n")
    assert bash(checkout, path, "is_installed run").returncode != 0
