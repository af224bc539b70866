"""script/bench: every benchmark belongs to it, and the page is its page."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.__main__ import BENCHMARKS, PAGE, PROSE, ROOT, reached, table

MODULES = {each.name for each in pkgutil.iter_modules(benchmarks.__path__)}


def test_every_benchmark_is_run() -> None:
    runnable = {
        name
        for name in MODULES - {"__main__"}
        if "\ndef parser()" in (Path(benchmarks.__path__[0]) / f"{name}.py").read_text("utf-8")
    }
    assert runnable == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_takes_its_quick_arguments(name: str) -> None:
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name != "picows":
            raise
        pytest.skip("the peers of requirements/bench.txt are not installed")
    options = module.parser().parse_args([*BENCHMARKS[name].split(), "--json"])
    assert options.json


def test_a_report_is_json_with_progress_elsewhere() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.hub_fanout", "--json"),
            *("--sockets", "3", "--events", "2", "--rounds", "1"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)["figures"]
    assert {figure["name"] for figure in figures} >= {"hub, CPU", "whole, CPU", "raw, CPU"}
    assert all(figure["value"] > 0 for figure in figures)
    assert "round 1 of 1" in done.stderr


def test_a_table_says_what_was_reached() -> None:
    figure = {"name": "hub / raw", "value": 1.61, "unit": "x", "aim": "<= 1.6"}
    lines = table("hub_calls", {"title": "Calls", "figures": [figure]}).splitlines()
    assert lines[0] == "Calls: `python -m benchmarks.hub_calls`"
    assert lines[-1] == "| hub / raw | 1.61 x | <= 1.6 | **no** |"
    assert reached(1.6, "<= 1.6") == "yes"
    assert reached(5, "") == ""


def test_the_page_is_the_prose_with_every_table() -> None:
    page, prose = PAGE.read_text("utf-8"), PROSE.read_text("utf-8")
    places = re.findall(r"{(\w+)}", prose)
    assert sorted(places) == sorted([*BENCHMARKS, "machine"])
    for part in re.split(r"{\w+}", prose):
        assert part in page
    for name in BENCHMARKS:
        assert f"`python -m benchmarks.{name}`\n\n| figure |" in page
