"""Results as files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from noond.api.results import rendered


def cells(*rows: dict[str, Any]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(rendered("csv", {}, rows))))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1*2", "-SUM(A1)", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/C calc'!A0"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cells({"text": text})[1] == [f"'{text}"]


def test_cells_are_what_they_stand_for() -> None:
    row: dict[str, Any] = {
        "n": -1,
        "none": None,
        "text": 'a "b", c\nd',
        "data": {"ä": ["=1"]},
        "yes": True,
    }
    assert cells(row) == [
        ["n", "none", "text", "data", "yes"],
        ["-1", "", 'a "b", c\nd', '{"ä": ["=1"]}', "true"],
    ]


def test_no_rows_are_no_lines() -> None:
    assert rendered("csv", {}, []) == rendered("jsonl", {}, []) == ""


def test_lines_are_json() -> None:
    rows: list[dict[str, Any]] = [{"a": "x\u2028y\n"}, {"a": None}]
    text = rendered("jsonl", {}, rows)
    assert [json.loads(line) for line in text.split("\n")[:-1]] == rows
    assert json.loads(rendered("json", {"rows": rows}, rows)) == {"rows": rows}
