"""The embedded extractor keeps its promise on the labelled corpus, and the corpus is sound."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from noond.llm.quotes import normalise_quote
from noond.models.document import Document, Record, Table

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT / "tests" / "corpus"
FORMATS = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())
PRECISION = 0.95
RECALL = 0.85


def _load_scorer() -> ModuleType:
    path = ROOT / "benchmarks" / "extraction_quality.py"
    spec = importlib.util.spec_from_file_location("extraction_quality", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    return _load_scorer()


@pytest.fixture(scope="module")
def labels(scorer: ModuleType) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = scorer.load_labels()
    return loaded


@pytest.fixture(scope="module")
def result(scorer: ModuleType, labels: list[dict[str, Any]]) -> Any:
    return scorer.score(labels)


def _record(quote: str, *, table: Table = Table.TASKS, **data: Any) -> Record:
    return Record(table=table, data={"title": quote, **data}, quote=quote, start=0, end=len(quote))


def _label(*items: dict[str, Any], forbidden: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "file": "plain/desk-note.txt",
        "format": "plain",
        "language": "en",
        "modified_at": "2026-03-04T08:30:00+00:00",
        "timezone": "Europe/London",
        "expected": list(items),
        "forbidden": list(forbidden),
    }


def _item(snippet: str, *, explicit: bool = True, **fields: Any) -> dict[str, Any]:
    return {
        "table": "tasks",
        "title": snippet,
        "quote_contains": snippet,
        "explicit": explicit,
        **fields,
    }


def _producing(*records: Record) -> Callable[[Document], Sequence[Record]]:
    return lambda document: records


# The promise


def test_the_whole_corpus_meets_the_promise(result: Any) -> None:
    assert result.total.expected > 0
    assert result.total.precision >= PRECISION, "\n".join(result.unexpected)
    assert result.total.recall >= RECALL, "\n".join(result.missed)


@pytest.mark.parametrize("table", ["tasks", "notes", "timelines"])
def test_each_table_meets_the_promise(result: Any, table: str) -> None:
    count = result.tables[table]
    assert count.expected > 0
    assert count.precision >= PRECISION, count
    assert count.recall >= RECALL, count


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_meets_the_promise(result: Any, name: str) -> None:
    count = result.formats[name]
    assert count.expected > 0
    failures = [line for line in result.unexpected + result.missed if line.startswith(f"{name}/")]
    assert count.precision >= PRECISION, "\n".join(failures)
    assert count.recall >= RECALL, "\n".join(failures)


# The corpus


def test_every_document_has_one_label_and_every_label_a_document(
    labels: list[dict[str, Any]],
) -> None:
    files = [label["file"] for label in labels]
    stored = (path for path in CORPUS.rglob("*") if path.is_file() and path.parent != CORPUS)
    assert sorted(files) == sorted(path.relative_to(CORPUS).as_posix() for path in stored)


def test_the_corpus_is_large_mixed_and_a_quarter_of_it_empty(labels: list[dict[str, Any]]) -> None:
    assert len(labels) >= 160
    assert sum(not label["expected"] for label in labels) >= len(labels) / 4
    languages = Counter(label["language"] for label in labels)
    assert languages.keys() == {"en", "de", "fr", "es"}
    assert min(languages.values()) >= 25


def test_every_snippet_stands_in_its_source_text(
    scorer: ModuleType, labels: list[dict[str, Any]]
) -> None:
    lost = []
    for label in labels:
        text = normalise_quote(scorer.load_document(label).text)
        lost += [
            f"{label['file']}: {item['quote_contains']}"
            for item in label["expected"]
            if item["explicit"] and normalise_quote(item["quote_contains"]) not in text
        ]
    assert lost == []


def test_labels_name_known_tables_and_values(labels: list[dict[str, Any]]) -> None:
    for label in labels:
        for item in label["expected"]:
            assert item["table"] in {table.value for table in Table}, label["file"]
            assert item.get("status") in {None, "todo", "in_progress", "done"}, label["file"]
            assert item.get("priority") in {None, "high", "medium", "low"}, label["file"]


# The scorer


def test_nothing_produced_is_no_recall(scorer: ModuleType) -> None:
    count = scorer.score([_label(_item("ring the surgery"))], _producing()).total
    assert (count.recall, count.precision) == (0.0, 1.0)


def test_a_record_that_nobody_wanted_costs_precision(scorer: ModuleType) -> None:
    records = _producing(_record("ring the surgery"), _record("Bread is in the freezer"))
    count = scorer.score([_label(_item("ring the surgery"))], records).total
    assert (count.recall, count.precision) == (1.0, 0.5)


def test_the_same_item_twice_is_wanted_once(scorer: ModuleType) -> None:
    records = _producing(_record("ring the surgery"), _record("TODO: ring the surgery"))
    count = scorer.score([_label(_item("ring the surgery"))], records).total
    assert (count.found, count.unexpected) == (1, 1)


def test_another_table_is_no_match(scorer: ModuleType) -> None:
    records = _producing(_record("ring the surgery", table=Table.NOTES))
    count = scorer.score([_label(_item("ring the surgery"))], records).total
    assert (count.found, count.unexpected) == (0, 1)


def test_an_implicit_item_counts_for_nothing(scorer: ModuleType) -> None:
    label = _label(_item("ring the surgery", explicit=False))
    for records in (_producing(), _producing(_record("ring the surgery"))):
        count = scorer.score([label], records).total
        assert (count.expected, count.found, count.unexpected) == (0, 0, 0)


def test_a_forbidden_snippet_spoils_the_record_that_quotes_it(scorer: ModuleType) -> None:
    label = _label(_item("ring the surgery"), forbidden=["Bread is in the freezer"])
    records = _producing(_record("ring the surgery. Bread is in the freezer."))
    count = scorer.score([label], records).total
    assert (count.found, count.unexpected) == (0, 1)


def test_a_long_quote_does_not_take_the_item_of_a_short_one(scorer: ModuleType) -> None:
    label = _label(_item("ring the surgery"), _item("return the umbrella"))
    records = _producing(
        _record("ring the surgery and return the umbrella"), _record("ring the surgery")
    )
    count = scorer.score([label], records).total
    assert (count.found, count.unexpected) == (2, 0)


def test_fields_are_compared_in_the_users_zone(scorer: ModuleType) -> None:
    item = _item("Ring the surgery", due="2026-06-05", assignee=["ana"], status="done")
    midnight_in_london = 1780614000000
    right = _record(
        "ring the surgery!", dueDate=midnight_in_london, assignee='["Ana"]', status="done"
    )
    fields = scorer.score([_label(item)], _producing(right)).fields
    assert all(pair == [1, 1] for pair in fields.values()), fields
    fields = scorer.score([_label(item)], _producing(_record("ring the surgery"))).fields
    assert fields["due"] == fields["assignee"] == fields["status"] == [0, 1]


def test_a_date_that_should_not_be_there_is_wrong_and_null_is_not_compared(
    scorer: ModuleType,
) -> None:
    dated = _producing(_record("ring the surgery", dueDate=1780614000000))
    assert scorer.score([_label(_item("ring the surgery"))], dated).fields["due"] == [0, 1]
    unsure = _item("ring the surgery", due=None)
    assert scorer.score([_label(unsure)], dated).fields["due"] == [0, 0]
