"""How good are the rules? Precision and recall on the labelled documents in tests/corpus."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.harness import Figure, command_line, report, say
from noond.llm import embedded
from noond.llm.gate import check_candidates
from noond.llm.quotes import normalise_quote
from noond.llm.source import decode, normalise
from noond.models.document import DeviceContext, DeviceProject, Document, Record, Table

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
FIELDS = ("title", "due", "assignee", "status", "priority")

Label = dict[str, Any]
"""A line of labels.jsonl, see tests/corpus/README.md."""


@dataclass(slots=True, kw_only=True)
class Count:
    """Explicit items expected, those found, and records that nobody wanted."""

    expected: int = 0
    found: int = 0
    unexpected: int = 0

    @property
    def precision(self) -> float:
        """The share of what was produced that was wanted; 1 when nothing was produced."""
        produced = self.found + self.unexpected
        return self.found / produced if produced else 1.0

    @property
    def recall(self) -> float:
        """The share of what was wanted that was produced; 1 when nothing was wanted."""
        return self.found / self.expected if self.expected else 1.0


@dataclass(slots=True, kw_only=True)
class Score:
    """The figures over a corpus, and every failure by name."""

    total: Count = field(default_factory=Count)
    tables: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    formats: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    fields: dict[str, list[int]] = field(default_factory=lambda: {name: [0, 0] for name in FIELDS})
    """Per field: how often it was right, how often it was compared."""
    missed: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong_fields: list[str] = field(default_factory=list)

    def add(self, label: Label, records: Sequence[Record]) -> None:
        """Count what was produced from one document."""
        forbidden = [_flat(snippet) for snippet in label.get("forbidden", ())]
        allowed = [
            record
            for record in records
            if not any(snippet in _flat(record.quote) for snippet in forbidden)
        ]
        explicit = [item for item in label["expected"] if item["explicit"]]
        implicit = [item for item in label["expected"] if not item["explicit"]]
        found = match(explicit, allowed)
        kept = {id(record) for record in found.values()}
        rest = [record for record in allowed if id(record) not in kept]
        kept |= {id(record) for record in match(implicit, rest).values()}
        for number, item in enumerate(explicit):
            for count in self._counts(label, item["table"]):
                count.expected += 1
                count.found += number in found
            if number in found:
                self._compare(label, item, found[number])
            else:
                self.missed.append(f"{label['file']}: {item['table']}: {item['quote_contains']}")
        for record in records:
            if id(record) not in kept:
                for count in self._counts(label, record.table.value):
                    count.unexpected += 1
                quote = _flat(record.quote)[:100]
                self.unexpected.append(f"{label['file']}: {record.table.value}: {quote}")

    def _counts(self, label: Label, table: str) -> tuple[Count, Count, Count]:
        return self.total, self.tables[table], self.formats[label["format"]]

    def _compare(self, label: Label, item: dict[str, Any], record: Record) -> None:
        for name, (wanted, got) in compared(item, record, label["timezone"]).items():
            right = got in wanted
            self.fields[name][0] += right
            self.fields[name][1] += 1
            if not right:
                self.wrong_fields.append(f"{label['file']}: {name}: {got!r}, not {wanted[0]!r}")


def match(items: Sequence[dict[str, Any]], records: Sequence[Record]) -> dict[int, Record]:
    """As many items (by number) as can have a record of their own, of their table and quote."""
    # Short quotes first: a record that quotes a whole paragraph fits any item in it.
    order = sorted(records, key=lambda record: len(record.quote))
    options = [
        [
            number
            for number, record in enumerate(order)
            if record.table.value == item["table"]
            and _flat(item["quote_contains"]) in _flat(record.quote)
        ]
        for item in items
    ]
    owner: dict[int, int] = {}

    def place(item: int, tried: set[int]) -> bool:
        for record in options[item]:
            if record not in tried:
                tried.add(record)
                if record not in owner or place(owner[record], tried):
                    owner[record] = item
                    return True
        return False

    for item in range(len(items)):
        place(item, set())
    return {item: order[record] for record, item in owner.items()}


def compared(
    item: dict[str, Any], record: Record, timezone: str
) -> dict[str, tuple[list[Any], Any]]:
    """Per field that is compared: the values that are right, and the record's."""
    data = record.data
    titles = item["title"] if isinstance(item["title"], list) else [item["title"]]
    fields: dict[str, tuple[list[Any], Any]] = {
        "title": (
            [_words(title) for title in titles],
            _words(data["name" if record.table is Table.PROJECTS else "title"]),
        )
    }
    if record.table in {Table.TASKS, Table.TIMELINES} and item.get("due", "") is not None:
        wanted = item.get("due")
        at = data.get("date" if record.table is Table.TIMELINES else "dueDate")
        got = None if at is None else _local(at, timezone)
        fields["due"] = ([wanted], got[: len(wanted)] if got and wanted else got)
    if record.table is not Table.TASKS:
        return fields
    if item.get("assignee", ()) is not None:
        names = json.loads(data.get("assignee", "[]"))
        fields["assignee"] = (
            [sorted(map(str.casefold, item.get("assignee", ())))],
            sorted(map(str.casefold, names)),
        )
    for name, default in (("status", "todo"), ("priority", "medium")):
        if (wanted := item.get(name, default)) is not None:
            fields[name] = ([wanted], data.get(name, default))
    return fields


def load_labels() -> list[Label]:
    """The corpus' labels, in the file's order."""
    lines = (CORPUS / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def load_document(label: Label) -> Document:
    """The labelled document as the daemon would give it to an extractor."""
    raw = (CORPUS / label["file"]).read_bytes()
    text = embedded.source_text(label["file"], normalise(decode(raw)))
    return Document(
        path=label["file"],
        text=text,
        sha256=hashlib.sha256(raw).hexdigest(),
        reference_at=datetime.fromisoformat(label["modified_at"]).astimezone(UTC),
        timezone=label["timezone"],
    )


def extract_records(document: Document) -> tuple[Record, ...]:
    """What the embedded extractor proposes and the gate lets pass."""
    context = DeviceContext(projects=(DeviceProject(id="corpus", name="Corpus"),))
    tables = frozenset(Table)
    return check_candidates(
        embedded.extract(document, tables, context),
        document=document,
        tables=tables,
        context=context,
        default_project_id="corpus",
    ).records


def score(
    labels: Iterable[Label], extract: Callable[[Document], Sequence[Record]] = extract_records
) -> Score:
    """The figures of an extractor over the labelled documents."""
    result = Score()
    for label in labels:
        result.add(label, extract(load_document(label)))
    return result


def _flat(text: str) -> str:
    return normalise_quote(text).casefold()


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _local(milliseconds: int, timezone: str) -> str:
    local = datetime.fromtimestamp(milliseconds / 1000, ZoneInfo(timezone))
    return local.strftime("%Y-%m-%dT%H:%M")


def _report(result: Score, documents: int) -> str:
    rows = [("all", result.total), *sorted(result.tables.items()), *sorted(result.formats.items())]
    lines = [
        f"{documents} documents",
        f"{'':12} {'expected':>9} {'found':>7} {'unexpected':>11} {'precision':>10} {'recall':>7}",
    ]
    for name, count in rows:
        lines.append(
            f"{name:12} {count.expected:9} {count.found:7} {count.unexpected:11}"
            f" {count.precision:10.3f} {count.recall:7.3f}"
        )
    fields = ", ".join(
        f"{name} {right / compared:.3f}" if compared else f"{name} -"
        for name, (right, compared) in result.fields.items()
    )
    return "\n".join([*lines, "Of the items found, these fields are right:", fields])


def figures(result: Score) -> list[Figure]:
    """Precision and recall of all and of each table; the fields' shares."""
    counts = {"all": result.total, **result.tables}
    rows = []
    for name, count in counts.items():
        rows += [
            Figure(name=f"{name}, precision", value=count.precision, unit="", aim=">= 0.95"),
            Figure(name=f"{name}, recall", value=count.recall, unit="", aim=">= 0.85"),
        ]
    return rows + [
        Figure(name=f"field {name} is right", value=right / compared, unit="")
        for name, (right, compared) in result.fields.items()
        if compared
    ]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument(
        "--failures",
        action="store_true",
        help="below the table, name every item missed, not wanted or wrong in a field",
    )
    return line


def main() -> None:
    """Print the figures."""
    arguments = parser().parse_args()
    labels = load_labels()
    say(f"extraction of {len(labels)} documents")
    result = score(labels)
    failures = {
        "missed": result.missed,
        "unexpected": result.unexpected,
        "wrong_fields": result.wrong_fields,
    }
    if arguments.json:
        report(f"Extraction of {len(labels)} documents", figures(result), as_json=True)
        return
    print(_report(result, len(labels)))
    if arguments.failures:
        for name, cases in failures.items():
            print(f"\n{name}", *cases, sep="\n  ")


if __name__ == "__main__":
    main()
