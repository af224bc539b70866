"""Reads a document by the grammar of its format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from zoneinfo import ZoneInfo

from noond.llm.dates import DateGrammar
from noond.llm.dates.stamps import mail_date
from noond.llm.embedded import code, whole
from noond.llm.embedded.chat import find_chat, read_chat
from noond.llm.embedded.exports import is_export, read_export
from noond.llm.embedded.front_matter import read_front_matter
from noond.llm.embedded.ics import read_ics
from noond.llm.embedded.logs import is_log
from noond.llm.embedded.names import People
from noond.llm.embedded.org import org_settings, read_org
from noond.llm.embedded.outline import is_markdown, outline
from noond.llm.embedded.prose import read_prose
from noond.llm.embedded.reading import Reading, known_projects, known_tasks
from noond.llm.embedded.source import is_calendar
from noond.llm.embedded.todotxt import is_todotxt, read_todotxt
from noond.models.document import Candidate, DeviceContext, Document, Table

_ATTENDEES = (
    "attendees", "participants", "people", "team", "author", "owner", "teilnehmer", "présents",
    "asistentes", "participantes",
)  # fmt: skip


def read_document(
    document: Document, tables: frozenset[Table], context: DeviceContext | None
) -> list[Candidate]:
    """What `extract` of the package promises."""
    zone = ZoneInfo(document.timezone)
    reading = Reading(
        text=document.text,
        zone=zone,
        dates=DateGrammar(document.text, reference=document.reference_at, zone=zone),
        people=People(),
        projects=known_projects(context),
        tasks=known_tasks(context),
    )
    found = _read(document, reading) if tables else []
    found.sort(key=lambda candidate: candidate.start or 0)
    return [candidate for candidate in found if Table(candidate.table) in tables]


def _read(document: Document, reading: Reading) -> list[Candidate]:
    path, text = document.path, document.text
    suffix = PurePath(path.replace("\\", "/")).suffix.lower()
    if is_calendar(path, text):
        return read_ics(reading)
    if is_export(path):
        return read_export(reading)
    if is_todotxt(path, text):
        return read_todotxt(reading)
    if suffix in code.SUFFIXES:
        return code.read_code(suffix, reading)
    if is_log(text):
        return []
    reading = replace(reading, people=People(text))
    sent = mail_date(text)
    if sent:
        return _read_mail(reading.at(sent, whole.mail_sender(text)))
    stamps = find_chat(text)
    if stamps:
        return read_chat(reading, stamps)
    if suffix == ".org":
        project = reading.project_named(org_settings(text).get("project", ""))
        project = project or reading.project_named(org_settings(text).get("category", ""))
        reading = replace(reading, project_id=project)
        made, lines = read_org(reading)
        return made + read_prose(lines, reading)
    matter = read_front_matter(text)
    reading = replace(
        reading,
        project_id=reading.project_named(
            matter.first("project", "projekt", "projet", "proyecto", "projects")
        ),
    )
    attendees = [name for key in _ATTENDEES for name in matter.values.get(key, ())]
    reading = replace(reading, people=People(text, others=attendees))
    lines = outline(text, matter.end, markdown=is_markdown(path))
    return whole.read_typed(matter, lines, path, reading) + read_prose(lines, reading)


def _read_mail(reading: Reading) -> list[Candidate]:
    body = whole.mail_body_start(reading.text)
    return read_prose(outline(reading.text, body, markdown=False), reading)
