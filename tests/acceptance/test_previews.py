"""Looking before a run, and undoing it, as a person does it with the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from scripted_terminal import scripted_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Machine

TITLES = {"Water the plants", "Buy string", "Send the contract", "book the room"}


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine whose daemon and device run, with an agent `notes` that has had no run."""
    (machine.notes / "empty.md").unlink()
    machine.ask("init")
    machine.serve()
    machine.connect_device()
    machine.add_agent("notes")
    return machine


def titles(records: list[dict[str, Any]]) -> set[str]:
    return {record["data"]["title"] for record in records}


def suggestions(machine: Machine) -> set[str]:
    """The titles of what waits for a decision on the device."""
    return titles(machine.ask("device", "review")["items"])


def on_screen(machine: Machine, *arguments: str) -> list[str]:
    """The lines that a person sees, none wider than 80 columns; the verb must succeed."""
    with scripted_terminal(
        *arguments, environment=machine.environment(), cwd=machine.root
    ) as person:
        assert person.finish() == 0, person.shown
    assert max(map(len, person.lines)) <= 80
    return person.lines


def test_an_estimate_changes_nothing(ready: Machine) -> None:
    estimated = ready.ask("run", "notes", "--estimate")
    files = {key: count for key, count in estimated["estimate"].items() if key.startswith("files")}
    assert files == {"files_new": 2, "files_changed": 0, "files_unchanged": 0}
    assert ready.ask("device", "review")["items"] == []
    ready.ask("run", "notes", "--wait")
    (ready.notes / "standup.md").write_text("- [ ] Water the plants\n- [ ] Feed the cat\n")
    (ready.notes / "new.md").write_text("- [ ] Buy soil\n")
    lines = on_screen(ready, "run", "notes", "--estimate")
    assert any("1 new, 1 changed, 1 unchanged" in line for line in lines)
    assert any(line.split() == ["cost", "none"] for line in lines)


def test_a_model_without_a_price_is_said_to_have_none(machine: Machine, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        '[llm]\nprovider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "nobody-knows"\n'
    )
    machine.ask("init")
    daemon = machine.start("serve", "--port", "0", "--json", "--config", str(settings))
    assert daemon.stdout is not None
    machine.url = json.loads(daemon.stdout.readline())["url"]
    machine.connect_device()
    machine.add_agent("notes")
    done = machine.noond("run", "notes", "--estimate")
    assert done.returncode == 0, done.stderr
    facts = dict(line.split("\t") for line in done.stdout.splitlines())
    assert facts["cost"].startswith("unknown price")
    assert facts["tokens"].startswith("about ")
    assert machine.ask("runs", "notes")["usage"]["calls"] == 0


def test_a_dry_run_is_looked_at_and_applied(ready: Machine) -> None:
    lines = on_screen(ready, "run", "notes", "--dry-run")
    assert "[new] tasks: Water the plants (due 2026-12-01)" in lines
    assert "  standup.md: “Water the plants due: 2026-12-01 @ines”" in lines
    assert suggestions(ready) == set()

    run = ready.ask("runs", "notes")
    assert titles(run["proposals"]) == TITLES
    assert {each["novelty"] for each in run["proposals"]} == {"new"}
    assert f"noond run apply {run['id']}" in " ".join(lines)
    shown = ready.noond("runs", run["id"][-8:]).stdout.splitlines()
    assert sum(line.startswith("proposal\tnew\ttasks\t") for line in shown) == len(TITLES)

    applied = ready.noond("run", "apply", run["id"], "--wait")
    assert applied.stdout == "4 records: 4 delivered, 0 failed.\n"
    assert suggestions(ready) == TITLES
    again = ready.noond("run", "apply", "notes")
    assert again.returncode == 6
    assert "applied before" in again.stderr
    full = ready.ask("run", "notes", "--wait")
    assert (full["items_processed"], full["items_created"]) == (0, 0)


def test_a_full_run_is_not_applied(ready: Machine) -> None:
    ready.ask("run", "notes", "--wait")
    refused = ready.noond("run", "apply", "notes")
    assert refused.returncode == 6
    assert refused.stderr == "noond: only a dry run can be applied.\n"


def test_a_changed_type_list_makes_a_difference(ready: Machine) -> None:
    (ready.notes / "decision.md").write_text("Decision: we take the blue one.\n")
    before = ready.ask("run", "notes", "--dry-run")
    ready.ask("agent", "edit", "notes", "--type", "notes")
    ready.ask("run", "notes", "--dry-run")
    done = ready.noond("run", "diff", before["id"], "notes")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {row[2] for row in rows if row[0] == "dropped"} == TITLES
    assert [row[1] for row in rows if row[0] == "added"] == ["notes"]
    assert done.stderr == "1 added, 0 changed, 4 dropped.\n"
    lines = on_screen(ready, "run", "diff", before["id"], "notes")
    assert "- tasks: Water the plants (due 2026-12-01)" in lines
    ready.add_agent("other")
    ready.ask("run", "other", "--dry-run")
    assert ready.noond("run", "diff", "notes", "other").returncode == 6


def test_a_changed_date_is_shown_field_by_field(ready: Machine) -> None:
    before = ready.ask("run", "notes", "--dry-run")
    ready.ask("agent", "edit", "notes", "--timezone", "Pacific/Auckland")
    ready.ask("run", "notes", "--dry-run")
    diff = ready.ask("run", "diff", before["id"], "notes")
    assert {change["after"]["data"]["title"] for change in diff["changed"]} >= {"Water the plants"}
    lines = on_screen(ready, "run", "diff", before["id"], "notes")
    assert any(line.startswith("    dueDate: 2026-12-0") for line in lines)


def test_a_run_is_undone_and_stays_away(ready: Machine) -> None:
    run = ready.ask("run", "notes", "--wait")
    assert suggestions(ready) == TITLES
    undone = ready.ask("run", "revert", "notes", "--wait")
    assert (undone["deleted"], undone["kept"], undone["pending"]) == (4, 0, 0)
    assert suggestions(ready) == set()
    assert ready.ask("run", "notes", "--wait")["items_created"] == 0
    lines = on_screen(ready, "runs", run["id"])
    assert any(line.split()[:3] == ["undone", "4", "deleted,"] for line in lines)
    again = ready.noond("run", "revert", run["id"])
    assert again.stdout == f"Nothing is left to delete of run {run['id']}.\n"


def test_undoing_waits_for_the_device(ready: Machine) -> None:
    ready.ask("run", "notes", "--wait")
    device = ready.programs[-1]
    device.terminate()
    device.communicate(timeout=30)
    done = ready.noond("run", "revert", "notes")
    assert done.returncode == 0
    assert "4 records of run" in done.stdout
    assert "is away" in done.stderr
    with scripted_terminal(
        "run", "revert", "notes", "--wait", environment=ready.environment(), cwd=ready.root
    ) as person:
        assert person.interrupt("4 still to go") == 130
    assert "the records are deleted all the same" in " ".join(person.shown.split())
    ready.start("device", "--url", ready.url, "--allow", str(ready.notes))
    assert ready.ask("run", "revert", "notes", "--wait")["deleted"] == 4
    assert suggestions(ready) == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "apply", "nobody"], 4),
        (["run", "revert", "0199c2d1-0000-7000-8000-000000000000"], 4),
        (["run", "diff", "nobody", "nobody"], 4),
        (["agent", "stats", "nobody"], 4),
        (["run", "notes", "--estimate", "--dry-run"], 2),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    arguments: list[str], code: int, running: Machine
) -> None:
    done = running.noond(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("noond: ")
    assert done.stderr.count("\n") == 1


def test_an_agent_named_like_a_verb_is_looked_at(running: Machine) -> None:
    running.add_agent("apply")
    done = running.noond("run", "start", "apply", "--estimate")
    assert done.returncode == 0, done.stderr
    assert "noond run start apply --dry-run" in done.stderr
