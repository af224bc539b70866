"""What a single cell of a table says: a state, people, a day, nothing."""

from __future__ import annotations

import re
from typing import Literal

from noond.llm.dates import FoundDate
from noond.llm.embedded.judgement import is_nothing
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.vocabulary import status_of

State = Literal["todo", "in_progress", "done", "cancelled", "unknown"]

_LINKED = re.compile(r"\[\[(?:[^\[\]|]*\\?\|)?([^\[\]]*)\]\]|\[([^\[\]]*)\]\([^()\s]*\)")
_BOXES: dict[str, State] = {
    "[ ]": "todo", "☐": "todo", "⬜": "todo", "🔲": "todo", "❌": "todo", "✗": "todo", "✘": "todo",
    "[x]": "done", "☑": "done", "✅": "done", "✓": "done", "✔": "done", "☒": "done", "x": "done",
    "🔄": "in_progress", "⏳": "in_progress", "🚧": "in_progress", "sí": "done", "si": "done",
    "ja": "done", "oui": "done", "ok": "done", "j": "done", "y": "done",
    "nein": "todo", "non": "todo", "n": "todo",
}  # fmt: skip
_PERCENT = re.compile(r"(\d{1,3})(?:[.,]\d+)?\s?%")
_FLAGS = re.IGNORECASE
_OFF = re.compile(
    r"cancel|won['’]?t\b|will\snot|wird\snicht|ne\ssera\spas|no\sse\s(?:hará|hace)"
    r"|entf[aä]ll|gestrichen|verworfen|storniert|abgesagt|abgelehnt|abgebrochen|annul|abandon|rejet"
    r"|descart|anulad|rechazad|no\s(?:procede|aplica)|sans\sobjet|obsolet|superseded|dropped"
    r"|\bn\s?/\s?a\b|duplicat|reject|declin|(?:not|no\slonger)\s(?:needed|planned)"
    r"|nicht\s(?:mehr\s)?nötig|pas\snécessaire|\bon\sice|auf\seis|parked|geparkt|aparcad|shelved"
    r"|postponed|deferred|vertagt|verschoben|zurückgestellt|aufgeschoben|zurückgewiesen|ajournée?"
    r"|\breportée?\b|aplazad|pospuest",
    _FLAGS,
)
_NOT_YET = re.compile(r"\b(?:not|yet|nicht|noch|pas|non|sin|no|aún|todavía|to\sbe|zu)\b", _FLAGS)
_ALMOST = re.compile(
    r"\b(?:almost|nearly|half|partly|partial\w*|fast|halb|teilweise|presque|partiel\w*|casi|medio"
    r"|parcial\w*)\b",
    _FLAGS,
)
_GOING = re.compile(
    r"progress|\bdoing\b|ongoing|started|working|review|testing|arbeit|läuft|laufend|begonnen"
    r"|angefangen|en\scours|commenc|entamé|en\s(?:curso|marcha|proceso|progreso)|empezad|iniciad"
    r"|underway|on\strack",
    _FLAGS,
)
DONE = re.compile(
    r"\b(?:done|completed?|closed|finished|resolved|delivered|reached|shipped|erledigt|fertig"
    r"|abgeschlossen|umgesetzt|erreicht|geschafft|abgehakt|gemacht|terminée?s?|achevée?|réalisée?"
    r"|faite?s?|atteinte?|livrée?|réglée?|effectuée?|hech[oa]s?|terminad[oa]s?|completad[oa]s?"
    r"|finalizad[oa]s?|cerrad[oa]|list[oa](?!\sde)|realizad[oa]|alcanzad[oa]|cumplid[oa]s?"
    r"|resuelt[oa]|efectuad[oa])\b",
    _FLAGS,
)
"""Words of the state of what is done."""

_OPEN = re.compile(
    r"\b(?:open|to\s?do|pending|planned|scheduled|waiting|await\w*|blocked|stuck|hold|ready|selected"
    r"|backlog|queued?|next|overdue|late|at\srisk|offen|geplant|wartet|warten|ausstehend|blockiert"
    r"|überfällig|à\sfaire|prévue?|attente|bloquée?|ouverte?|retard|pendientes?|por\shacer"
    r"|planificad[oa]|espera|abiert[oa]|bloquead[oa]|atrasad[oa])\b",
    _FLAGS,
)
_SHORTEST_STATE = 3

_ASIDE = re.compile(r"<[^<>]*@[^<>]*>|(?<=\S)\s?\([^()]{0,80}\)")
_NAMES_SPLIT = re.compile(r"\s*(?:,|;|/|&|\+|<br\s?/?>|\b(?:and|und|u\.|et|y|e)(?=\s))\s*")
_NOBODY = frozenset(
    "unassigned nobody tbd tbc tba niemand offen open vacant personne nadie all alle tous toutes"
    " todos todas everyone everybody team jeder wir uns us we me i ich moi je nous yo nosotros mí"
    " you unknown unbekannt inconnu inconnue desconocido volunteers freiwillige"
    " anyone someone jemand alguien".split()
) | {"sin asignar", "non assigné", "nicht zugewiesen", "no one", "tout le monde", "quelqu'un"}


def plain_cell(cell: str) -> str:
    """A cell without links and emphasis."""
    return _LINKED.sub(lambda m: m[1] or m[2] or "", cell).strip(" *_`")


def state_of(cell: str) -> State | None:
    """The state that a cell of a state's column names; None when it is empty or a remark.

    `unknown` is a single word that no vocabulary has: `Icebox`.
    """
    plain = plain_cell(cell).strip()
    low = plain.casefold().strip("️. ")
    if low in _BOXES:
        return _BOXES[low]
    percent = _PERCENT.fullmatch(low)
    if percent:
        share = int(percent[1])
        return "todo" if share == 0 else "done" if share >= 100 else "in_progress"
    known = status_of(low)
    if known:
        return known  # type: ignore[return-value]
    mark = next((_BOXES[sign] for sign in low[:1] if sign in _BOXES and not sign.isalpha()), None)
    if not any(map(str.isalpha, low)):
        return mark
    return mark or _worded(low)


def _worded(low: str) -> State | None:
    if _OFF.search(low):
        return "cancelled"
    going, done = bool(_GOING.search(low)), bool(DONE.search(low))
    if (going or done) and _NOT_YET.search(low):
        return "todo"
    if going or (done and _ALMOST.search(low)):
        return "in_progress"
    if done:
        return "done"
    if _OPEN.search(low):
        return "todo"
    remark = len(low.split()) > 1 or len(low) < _SHORTEST_STATE or low.endswith("?")
    remark = remark or is_nothing(low)
    return None if remark or low in _NOBODY else "unknown"


def read_owners(cell: str) -> list[str]:
    """The people in a cell, as written but for `@`, links, addresses and what parentheses add."""
    plain = _ASIDE.sub(" ", plain_cell(cell))
    parts = plain.split(";") if ";" in plain else _NAMES_SPLIT.split(plain)
    names = [" ".join(part.strip(" \t@*_[]()\"'?").split()) for part in parts]
    return [name for name in names if name and not is_nothing(name) and not _is_nobody(name)]


def _is_nobody(name: str) -> bool:
    return name.casefold().rstrip(".") in _NOBODY


def cell_date(cell: str, reading: Reading) -> FoundDate | None:
    """The day in a cell of dates, which needs no preposition before `3/14` or `Fri`."""
    return next(iter(reading.dates.find(plain_cell(cell), cell=True)), None)


def is_date(cell: str, reading: Reading) -> bool:
    """Whether a cell holds a day and hardly anything else."""
    plain = plain_cell(cell)
    date = cell_date(plain, reading) if len(plain) <= 40 else None
    if not date:
        return False
    left = plain[: date.start] + plain[date.end :]
    return sum(map(str.isalpha, left)) <= 6
