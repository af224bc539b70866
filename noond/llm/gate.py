"""The gate: code, not the extractor, decides what may become a record.

Whatever proposed a candidate has read an untrusted document, so nothing in a candidate is
trusted: its quote must stand in the source, its addresses, dates and people too, its fields are
those that an extractor may fill, its references those that the device told of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from noond.llm.addresses import Addresses, has_address
from noond.llm.date_evidence import DateEvidence
from noond.llm.fields import FIELDS, NAMING_FIELD, Field, Kind
from noond.llm.owners import Owners
from noond.llm.plain import lines, one_line, without_invisible
from noond.llm.quotes import QuoteIndex, Span, normalise_quote
from noond.models.document import Candidate, DeviceContext, Document, GateOutcome, Record, Table

GATE_VERSION = "1"
"""Changes whenever the gate would judge an unchanged candidate otherwise."""

_QUOTE_LIMIT = 2000
_NAMES_LIMIT = 20
_NAME_LIMIT = 100
_TABLES = {table.value: table for table in Table}


class _Dropped(Exception):
    """The candidate does not pass; `reason` is stable."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def check_candidates(
    candidates: Iterable[Candidate],
    *,
    document: Document,
    tables: frozenset[Table],
    context: DeviceContext | None,
    default_project_id: str | None,
) -> GateOutcome:
    """The records that may go to the device, in the candidates' order, and what fell and why.

    A record's quote is the source's own text at its span, invisible characters left out, at most
    2,000 characters. `isAiSuggested` and `isApproved` are not set here but on the call.
    """
    gate = _Gate(document, tables, context, default_project_id)
    records: list[Record] = []
    dropped: Counter[str] = Counter()
    for candidate in candidates:
        try:
            records.append(gate.check(candidate))
        except _Dropped as verdict:
            dropped[verdict.reason] += 1
    return GateOutcome(records=tuple(records), dropped=dict(sorted(dropped.items())))


class _Gate:
    """Judges the candidates of one document, one after the other."""

    def __init__(
        self,
        document: Document,
        tables: frozenset[Table],
        context: DeviceContext | None,
        default_project_id: str | None,
    ) -> None:
        self._document = document
        self._tables = tables
        self._default_project_id = default_project_id
        self._quotes = QuoteIndex(document.text)
        self._dates = DateEvidence(document)
        self._addresses: Addresses | None = None
        self._owners: Owners | None = None
        self._sought: dict[str, Span | None] = {}
        self._passed: set[tuple[Table, int, str, str]] = set()
        context = context or DeviceContext()
        self._tasks = frozenset(task.id for task in context.tasks)
        self._projects = {project.id: project.id for project in context.projects}
        names = Counter(_key(project.name) for project in context.projects)
        self._projects_by_name = {
            _key(project.name): project.id
            for project in context.projects
            if names[_key(project.name)] == 1
        }
        if default_project_id is not None:
            self._projects[default_project_id] = default_project_id
        self._existing = {
            (Table.TASKS, _key(task.title)) for task in context.tasks
        } | {(Table.PROJECTS, name) for name in names}  # fmt: skip

    def check(self, candidate: Candidate) -> Record:
        """The candidate as a record; raises _Dropped."""
        table = _TABLES.get(candidate.table)
        if table is None:
            raise _Dropped("unknown_table")
        if table not in self._tables:
            raise _Dropped("table_not_asked")
        if not candidate.data:
            raise _Dropped("no_data")
        quote = normalise_quote(candidate.quote)
        span = self._locate(quote, candidate.start)
        data = self._data(table, candidate.data, span)
        if (table, _key(data[NAMING_FIELD[table]])) in self._existing:
            raise _Dropped("already_exists")
        identity = (table, span.start, quote, json.dumps(data, sort_keys=True))
        if identity in self._passed:
            raise _Dropped("duplicate")
        self._passed.add(identity)
        span = Span(span.start, min(span.end, span.start + _QUOTE_LIMIT))
        return Record(
            table=table,
            data=data,
            quote=without_invisible(self._document.text[span.start : span.end]),
            start=span.start,
            end=span.end,
        )

    def _locate(self, quote: str, start: int | None) -> Span:
        """The quote's span: where the extractor says, else the next of its occurrences."""
        if any(map(str.isalnum, quote)):
            if start is not None and (span := self._quotes.at(quote, start)):
                return span
            if quote in self._sought:
                last = self._sought[quote]
                span = last and (self._quotes.find(quote, last.start + 1) or last)
            else:
                span = self._quotes.find(quote)
            self._sought[quote] = span
            if span:
                return span
        raise _Dropped("quote_not_found")

    def _data(self, table: Table, given: dict[str, Any], span: Span) -> dict[str, Any]:
        """The fields an extractor may fill, made safe."""
        # Looked at together, for an address may be spread over fields, and before they are cut:
        # a cut address is another address.
        self._refuse_foreign("\n".join(_texts(table, given)))
        data: dict[str, Any] = {}
        for name, field in FIELDS[table].items():
            value = self._value(field, given.get(name), span)
            if value is not None:
                data[name] = value
            elif field.required:
                raise _Dropped(_missing(field, given.get(name)))
        return data

    def _value(self, field: Field, given: Any, span: Span) -> Any:
        """A field's value, None when there is none that may stand."""
        if field.kind is Kind.PROJECT:
            return self._project(given)
        if given is None:
            return None
        match field.kind:
            case Kind.DATE:
                return self._dates.derive(given, span)
            case Kind.TASK:
                return given if isinstance(given, str) and given in self._tasks else None
            case Kind.CHOICE:
                return _choice(field, given)
            case Kind.ASSIGNEE:
                names = [name for name in _names(given) if self._is_named(name)]
                return json.dumps(names, ensure_ascii=False) if names else None
            case Kind.NAME:
                name = self._text(field, given)
                return name if name is not None and self._is_named(name) else None
            case _:
                return self._text(field, given)

    def _text(self, field: Field, given: Any) -> str | None:
        if not isinstance(given, str):
            return None
        clean = lines if field.kind is Kind.TEXT else one_line
        text = clean(given, field.limit)
        return text if any(map(str.isalnum, text)) else None

    def _refuse_foreign(self, text: str) -> None:
        if not has_address(text):
            return
        if self._addresses is None:
            self._addresses = Addresses(self._document.text)
        if kind := self._addresses.foreign(text):
            raise _Dropped(f"foreign_{kind}")

    def _is_named(self, name: str) -> bool:
        if self._owners is None:
            self._owners = Owners(self._document.text)
        return self._owners.names(name)

    def _project(self, given: Any) -> str | None:
        if isinstance(given, str) and given.strip():
            known = self._projects.get(given) or self._projects_by_name.get(_key(given))
            if known is not None:
                return known
        return self._default_project_id


def _missing(field: Field, given: Any) -> str:
    if field.kind is Kind.PROJECT:
        return "needs_project"
    if field.kind is Kind.TASK:
        return "needs_task"
    if field.kind is Kind.DATE and given is not None:
        return "date_not_in_source"
    return "missing_field"


def _choice(field: Field, given: Any) -> str | None:
    if isinstance(given, str):
        word = given.strip().lower().replace(" ", "_").replace("-", "_")
        if word in field.choices:
            return word
    return field.default


def _texts(table: Table, given: dict[str, Any]) -> Iterator[str]:
    """What a candidate brings in free words."""
    for name, field in FIELDS[table].items():
        if field.kind is Kind.ASSIGNEE:
            yield from _names(given.get(name))
        elif field.kind in {Kind.LINE, Kind.TEXT, Kind.NAME} and isinstance(given.get(name), str):
            yield given[name]


def _names(given: Any) -> list[str]:
    """Names from a list, from the text of a JSON array, or from one name."""
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = given.strip(" []")
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list):
        return []
    names = [one_line(name, _NAME_LIMIT).lstrip("@") for name in given if isinstance(name, str)]
    return list(dict.fromkeys(filter(None, names)))[:_NAMES_LIMIT]


def _key(text: str) -> str:
    """The form in which two titles or names are compared."""
    return normalise_quote(text).casefold()
