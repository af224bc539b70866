"""Lines that are not what they look like: logs, indented code, examples, callouts, versions."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "line",
    [
        "2026-05-05 03:00:01,123 INFO backup: [x] /srv/home",
        "05.05.2026 08:10:11 [Aviso] servidor: tarea: reiniciar",
        "May  5 03:10:22 nas cron[811]: TODO: rotate keys",
        "[03:11:00] [WARN] Action: retry by Friday",
        "[WARNING] TODO: replace the plugin",
        "ERROR backup: FIXME unexpected None",
        "WARNING:root:TODO: flush",
        "I0505 06:11:02.123456   712 main.go:22] TODO: drain the node",
        'level=warn msg="TODO: rotate"',
        '{"level":"info","msg":"Action: retry by Friday"}',
        "npm WARN Note: no longer supported",
    ],
)
def test_a_log_is_no_note(read: Any, line: str) -> None:
    assert read(f"Look at this:\n\n{line}\n\nTODO: call Ana\n")[0].title == "call Ana"
    assert len(read(f"{line}\n\nTODO: call Ana\n")) == 1


def test_what_stands_in_a_log_is_output(read: Any) -> None:
    log = "2026-05-05 03:00:01 INFO run\n" * 9 + "TODO: from the program\n"
    assert read(log, "a.txt") == []


def test_people_write_times_too(read: Any) -> None:
    text = "14:05 Ana called.\n2026-05-05 14:06 TODO: send it\n\nTODO: call Ana\n"
    assert "call Ana" in [task.title for task in read(text)]


def test_indented_code_is_code_whatever_it_holds(read: Any) -> None:
    text = (
        "It looks thus.\n\n    TODO: one\n    - [ ] two\n\n    | Task | Due |\n    |---|---|\n"
        "    | Three | 2026-12-01 |\n\n- a list\n\n    - [ ] four\n"
    )
    assert [task.title for task in read(text)] == ["four"]


@pytest.mark.parametrize(
    "label",
    ["For example:", "Tasks look like this:", "Zum Beispiel so:", "Par exemple :",
     "Una tarea se escribe así:", "Das schreibt man so:"],
)  # fmt: skip
def test_a_label_makes_what_follows_an_example(read: Any, label: str) -> None:
    text = f"{label}\n\n- [ ] buy milk\n- [x] call Bob\n\nAnd these are real.\n\n- [ ] send it\n"
    assert [task.title for task in read(text)] == ["send it"]


def test_a_callouts_title_is_the_task_only_without_a_body(read: Any) -> None:
    text = (
        "> [!todo] Renew the mooring by 2026-12-01\n\n> [!TODO]\n> Ring the crane\n\n"
        "> [!todo] Garden\n> - dig\n>     - deep\n> - [x] plant\n"
    )
    tasks = read(text)
    assert [task.title for task in tasks] == ["Renew the mooring", "Ring the crane", "dig", "plant"]
    assert tasks[3].data["status"] == "done"


@pytest.mark.parametrize("version", ["2.1.0 - 2026-04-30", "[1.4] — 2026-01-12", "v3.1.4"])
def test_a_versions_history_holds_no_notes(read: Any, version: str) -> None:
    text = (
        f"## {version}\n\nNote: fields may be longer\n\n- Release: 2027-01-12\n\n- [ ] publish it\n"
    )
    assert [one.title for one in read(text)] == ["publish it"]
