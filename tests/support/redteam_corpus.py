"""The red-team corpus as objects: tests/redteam/README.md explains its files."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from noond.clock import to_ms
from noond.models.document import DeviceContext, DeviceProject, DeviceTask, Document, Table

ATTACKS = Path(__file__).parents[1] / "redteam" / "attacks"
WRITTEN_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""The date of every document: a Friday."""

TABLES = frozenset(Table) - {Table.PROJECTS}
"""What is asked for: of projects, nobody wants any."""

_REPEATED = re.compile(r"<<(\d+)\*(.*?)>>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A document, what the attacker wants the model to answer, and what may become of it.

    `answer` is the model's reply word by word; None leaves it to the stand-in model. `dropped`
    and `leaves` are the gate's verdict on it: how many records fall for which reason, and the
    data of those that pass. `error` is the code with which the file fails instead. `never` may
    not reach the device, however it is written; `never_exact` not in this spelling; of dates
    only `days` may.
    """

    name: str
    path: str
    text: str
    answer: str | None
    error: str | None
    dropped: dict[str, int]
    leaves: list[dict[str, Any]]
    never: tuple[str, ...]
    never_exact: tuple[str, ...]
    days: frozenset[date]

    def document(self, text: str) -> Document:
        """The document as the extractor sees it, with this source text."""
        return Document(
            path=self.path, text=text, sha256="0" * 64, reference_at=WRITTEN_AT, timezone="UTC"
        )


@dataclass(slots=True)
class _Verdict:
    dropped: dict[str, int] = field(default_factory=dict)
    leaves: list[dict[str, Any]] = field(default_factory=list)


def load_attacks() -> list[Attack]:
    """All attacks of the corpus, in the order of its files."""
    return [
        _attack(entry) for file in sorted(ATTACKS.glob("*.toml")) for entry in _read(file)["attack"]
    ]


def load_context() -> dict[str, Any]:
    """What the device tells of in every attack, as its frame says it: projects and tasks."""
    context: dict[str, Any] = _read(ATTACKS / "context.toml")["context"]
    return context


def device_context() -> DeviceContext:
    """The same as the gate is given it."""
    told = load_context()
    return DeviceContext(
        projects=tuple(
            DeviceProject(id=each["id"], name=each["name"]) for each in told["projects"]
        ),
        tasks=tuple(
            DeviceTask(id=each["id"], title=each["title"], project_id=each.get("projectId"))
            for each in told["tasks"]
        ),
    )


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def _attack(entry: dict[str, Any]) -> Attack:
    entry = _expanded(entry)
    verdict = _Verdict(entry.get("dropped", {}), entry.get("leaves", []))
    records = entry.get("answer")
    answer = entry.get("raw")
    if records is not None:
        for record in records:
            if reason := record.pop("verdict", None):
                verdict.dropped[reason] = verdict.dropped.get(reason, 0) + 1
            else:
                verdict.leaves.append(record.pop("left"))
        answer = json.dumps({"records": records})
    days = {date.fromisoformat(day) for day in entry.get("dates", ())}
    days |= {value for left in verdict.leaves for value in left.values() if isinstance(value, date)}
    return Attack(
        name=entry["name"],
        path=f"{entry['name']}/{entry.get('file', 'note.md')}",
        text=entry["text"],
        answer=answer,
        error=entry.get("error"),
        dropped=verdict.dropped,
        leaves=[_as_kept(left) for left in verdict.leaves],
        never=tuple(entry.get("never", ())),
        never_exact=tuple(entry.get("never_exact", ())),
        days=frozenset(days),
    )


def _expanded(value: Any) -> Any:
    """The value with every `<<3*text>>` written out."""
    if isinstance(value, str):
        return _REPEATED.sub(lambda found: found[2] * int(found[1]), value)
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    if isinstance(value, dict):
        return {_expanded(key): _expanded(item) for key, item in value.items()}
    return value


def _as_kept(data: dict[str, Any]) -> dict[str, Any]:
    """The data as the device gets it: dates in milliseconds, names as the text of an array."""
    kept: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, date):
            kept[name] = to_ms(datetime.combine(value, time(), UTC))
        elif isinstance(value, list):
            kept[name] = json.dumps(value, ensure_ascii=False)
        else:
            kept[name] = value
    return kept
