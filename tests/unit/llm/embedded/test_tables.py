"""Tables of tasks and milestones, in Markdown and as exports of trackers."""

from __future__ import annotations

from typing import Any

import pytest

from noond.models.document import DeviceContext, DeviceProject

MARKDOWN = """| Task | Owner | Due | Status | Priority |
|------|:-----:|-----|--------|---|
| Write **docs** | Ana | 2026-12-01 | in progress | high |
| Test it | @ben, Carla | Friday | Done | |
| Drop it | - | | cancelled | |
| | | | | |
"""


def test_a_markdown_table_of_tasks(read: Any) -> None:
    first, second = read(MARKDOWN)
    assert (first.title, first.when) == ("Write docs", "2026-12-01")
    assert first.data["status"] == "in_progress"
    assert first.data["assignee"] == '["Ana"]'
    assert first.data["priority"] == "high"
    assert (second.title, second.when, second.data["status"]) == ("Test it", "2026-11-20", "done")
    assert second.data["assignee"] == '["ben", "Carla"]'


@pytest.mark.parametrize(
    "header",
    [
        "Aufgabe | Verantwortlich | Fällig am",
        "Tâche | Responsable | Échéance",
        "Tarea | Responsable | Fecha límite",
        "What | Who | When",
    ],
)
def test_headers_in_four_languages(read: Any, header: str) -> None:
    (task,) = read(f"| {header} |\n|---|---|---|\n| Send it | Ana | 2026-12-01 |\n")
    assert (task.title, task.data["assignee"], task.when) == ("Send it", '["Ana"]', "2026-12-01")


def test_a_table_of_milestones(read: Any) -> None:
    (one,) = read("| Milestone | Date |\n|---|---|\n| Beta | 12 March 2027 |\n| Later | open |\n")
    assert (one.table, one.title, one.when) == ("timelines", "Beta", "2027-03-12")


@pytest.mark.parametrize(
    "text",
    [
        "| Keyword | Meaning |\n|---|---|\n| TODO | open |\n",
        "| Name | Email |\n|---|---|\n| Ana | a@example.org |\n",
        "| Feature | Status |\n|---|---|\n| Search | done |\n",
        "```\n| Task | Owner |\n|---|---|\n| Send it | Ana |\n```\n",
    ],
)
def test_other_tables_say_nothing(read: Any, text: str) -> None:
    assert read(text) == []


JIRA = """Summary,Issue key,Issue Type,Status,Priority,Assignee,Due date,Description
"Fix login, quickly",AB-1,Bug,In Progress,Highest,Ana Lopez,12/Dec/26 12:00 AM,"two
lines"
Drop it,AB-2,Task,Won't Do,Low,,,
Write it,AB-3,Task,Done,Medium,Ben,2026-12-01,
"""


def test_a_jira_export(read: Any) -> None:
    first, second = read(JIRA, "jira.csv")
    assert (first.title, first.when) == ("Fix login, quickly", "2026-12-12")
    assert first.data["status"] == "in_progress"
    assert first.data["priority"] == "high"
    assert first.quote.endswith('"two\nlines"')
    assert (second.title, second.data["status"]) == ("Write it", "done")


@pytest.mark.parametrize(
    "text",
    [
        "Card Name,List Name,Members,Due Date\nSend it,Doing,ana,2026-12-01T10:00:00Z\n",
        "Task ID,Completed At,Name,Assignee,Status,Due Date\n1,,Send it,ana,Doing,2026-12-01\n",
        "ID,Title,Status,Priority,Assignee,Due Date\nA-1,Send it,In Progress,High,ana,2026-12-01\n",
        "Aufgabe;Verantwortlich;Fällig am;Status\nSend it;ana;1.12.2026;in Arbeit\n",
        "Tarea\tResponsable\tVence\tEstado\nSend it\tana\t01/12/2026\ten curso\n",
    ],
)
def test_exports_of_other_trackers(read: Any, text: str) -> None:
    (task,) = read(text, "export.csv")
    assert (task.title, task.data["assignee"]) == ("Send it", '["ana"]')
    assert task.data["status"] == "in_progress"
    assert str(task.when).startswith("2026-12-01")


def test_a_todoist_export(read: Any) -> None:
    text = (
        "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n"
        "section,Work,,,,,,,,\n"
        "task,Send it @desk,,1,1,Ana (1),Ben (2),tomorrow,en,Europe/Berlin\n"
    )
    (task,) = read(text, "a.csv")
    assert (task.title, task.data["priority"], task.when) == ("Send it", "high", "2026-11-19")
    assert task.data["assignee"] == '["Ben"]'


def test_a_github_export_without_open_columns(read: Any) -> None:
    text = "number,title,state,assignees,labels\n1,Fix it,open,ana,bug\n2,Done it,closed,,\n"
    assert [(t.title, t.data["status"]) for t in read(text, "issues.csv")] == [
        ("Fix it", "todo"), ("Done it", "done"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["Name,Email,Phone\nAna,a@example.org,1\n", "date,amount\n2026-12-01,3\n", "", '"', "a,b\n"],
)
def test_other_csv_files_say_nothing(read: Any, text: str) -> None:
    assert read(text, "a.csv") == []


def test_a_list_of_customers_is_no_list_of_tasks(read: Any) -> None:
    assert read("Name,Status,Owner\nAcme,Active,Ana\n", "a.csv") == []


def test_a_known_project_in_a_column(read: Any) -> None:
    context = DeviceContext(projects=(DeviceProject(id="p1", name="Website"),))
    text = "Task,Owner,Project\nSend it,Ana,website\nPrint it,Ana,Other\n"
    tasks = read(text, "a.csv", context=context)
    assert [task.data.get("projectId") for task in tasks] == ["p1", None]
