"""What a table's column is by the words of its header, in four languages.

A header is taken apart into words (`dueDate`, `Due_by`, `Fälligkeitsdatum`, `Nom de la tâche`), and
its words are looked up, not the header as a whole. Which role it has among those that its words
allow is for the values to decide (columns.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from noond.llm.embedded.cells import DONE
from noond.llm.embedded.headings import section_kind

Role = Literal[
    "task", "title", "milestone", "owner", "due", "date", "status", "list", "priority", "project",
    "description", "completed", "cancelled", "type", "place", "time", "routine", "thing", "other",
]  # fmt: skip
"""`task` names what is to be done, `title` anything; `list` is a board's list; `place` and `time`
belong to programmes, `routine` to what comes again and again, `thing` to lists of goods, people or
results; `other` says nothing here."""

_EXACT: dict[Role, str] = {
    "list": "list name, list, liste, spalte, section, columna, sección, section column, bucket, "
    "bucket name, group, gruppe, groupe, grupo",
    "time": "time, hour, zeit, uhrzeit, heure, horaire, hora, horario",
    "routine": "frequency, interval, how often, häufigkeit, intervall, turnus, wie oft, fréquence, "
    "périodicité, frecuencia, periodicidad",
    "other": "no, nr, points, story points",
    "project": "project, project name, projects, projekt, projektname, projet, proyecto",
    "description": "description, card description, notes, body, details, beschreibung, notizen, "
    "descripción, notas, detalles, détails",
    "completed": "completed, completed at, closed at, done at, done on, due complete, "
    "date completed, closed, "
    "erledigt am, abgeschlossen am, fertig am, terminé le, fait le, completado el, hecho el",
    "cancelled": "canceled, cancelled, canceled at, cancelled at, archived, archived at",
    "type": "type, typ, tipo",
    "date": "date, datum, fecha, day, tag, jour, día",
    "place": "where, room, location, venue, place, wo, ort, raum, lieu, salle, où, lugar, sala, "
    "dónde",
}
_ROLE_OF: dict[str, Role] = {
    word.strip(): role for role, words in _EXACT.items() for word in words.split(",")
}

_FLAGS = re.IGNORECASE


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", _FLAGS)


_OTHER = _words(
    r"ids?|key|schlüssel|clé|clave|numbers?|num|nummer|urls?|links?|tags|labels?|e|mail|hours?"
    r"|stunden|heures|horas|estimate\w*|effort|aufwand|duration|dauer|durée|duración"
    r"|created|creat(?:ion|or|ed)|started|start\w*|begin(?:s|n)?|begun|anfang\w*|beginn\w*|updated?|modified|changed?|last"
    r"|latest|opened|added|report(?:ed|er)|author|requested|requester|taken|erstell\w*|autor\w*"
    r"|geändert|änderung\w*|aktualisiert|zuletzt|letzte\w*|gemeldet|angelegt|antragsteller\w*"
    r"|gelesen|gekauft|créée?|création|créateur|début|modifiée?|modification|dernière?|ajouté|auteur"
    r"|demandeur|creado|creada|creación|creador|inicio|comienzo|modificado|actualizado|última?o?"
    r"|solicitante|parent|epic|blocked|blocking|dependenc(?:y|ies)|depends|übergeordnet\w*|parente"
    r"|padre|types?|typ|tipo|category|kategorie|catégorie|categoría"
)
_THING = _words(
    r"customers?|clients?|kunden?|cliente|orders?|bestellung\w*|commande|pedidos?|products?|produkt"
    r"|produit|producto|prices?|preis\w*|prix|precio|costs?|kosten|coût|coste|amount|betrag|montant"
    r"|importe|quantity|qty|menge|anzahl|quantité|cantidad|stock|bestand|emails?|phone|telefon"
    r"|téléphone|teléfono|address|adresse|dirección|first|surname|vorname|nachname|prénom|apellidos?"
    r"|artist|isbn|invoice|rechnung\w*|facture|factura|balance|saldo"
    r"|solde|score|result|results|ergebnis|résultat|resultado|grade|rating|bewertung|nota|home|away"
    r"|heim|gast|local|visitante|supplier|lieferant|fournisseur|proveedor"
)
_COMPLETED = _words(
    r"(?:completion|closing|closed|resolution|abschluss|erledigungs|end)\s?(?:date|datum|day)"
    r"|date\sde\s(?:fin|clôture|réalisation)|fecha\sde\s(?:cierre|finalización|fin)"
    r"|date\s(?:of\scompletion|closed|finished)|resolved|finished|finish"
)
_DUE = _words(
    r"due|deadlines?|targets?|until|when|needed|required|fällig\w*|frist|termin|\w+termin|stichtag"
    r"|bis|wann|ziel|échéances?|délais?|limite|rendre|quand|avant|pour|vence\w*|vencimiento|plazo"
    r"|límite|tope|entrega|cuándo|cuando|hasta|antes|finish|planned|scheduled|expected|geplant\w*|prévue?"
    r"|previst[oa]"
)
_BY = _words("by")
_OWNER = _words(
    r"who|whose|whom|owners?|dri|poc|accountable|delegated|allocated|durch|turn|assign\w*|responsib\w+|resp|persons?|people|members?|lead|leader|charge"
    r"|volunteers?|bénévoles?|voluntari[oa]s?|freiwillige\w*|champion|porteu(?:r|se)|helpers?|resources?|delegate\w*|wer|wem|verantwortlich\w*|verantw|zuständig\w*"
    r"|bearbeite[rt]\w*|zugewiesene?\w*|zugeordnet|zugeteilt|qui|responsables?|référente?|pilote"
    r"|personnes?|chargée?|attribuée?|assignée?|par|quién|quien|encarg\w+|asignad[oa]|personas?"
    r"|responsable"
)
_STATUS = _words(
    r"status|state|stage|progress|done|erl|complete|ok|check(?:ed)?|stand|erledigt|fertig|fortschritt"
    r"|statut|état|etat|avancement|situation|fait|faite|estado|situación|hecho|hecha|avance|progreso"
)
_PRIORITY = _words(
    r"prio\w*|urgency|importance|dringlichkeit|wichtigkeit|urgence|urgencia|importancia"
)
_TASK = _words(
    r"tasks?|todos?|to\sdos?|do|doing|actions?|activity|activities|jobs?|chores?|deliverables?|what"
    r"|next\ssteps?|follow\sups?|aufgaben?|maßnahmen?|massnahmen?|tätigkeit(?:en)?|was|arbeiten"
    r"|zu\stun|tun|erledigen|tâches?|taches?|quoi|faire|traiter|suites?\sà\sdonner|tareas?|acción|acciones|qué|hacer"
    r"|actividad(?:es)?"
)
_TITLE = re.compile(
    r"(?:(?:the|of|de|del|la|le|l|du|der|des|card|item|issue|ticket|vorgangs?|page|element|name|title"
    r"|summary|content|subject|story|thing|titel|zusammenfassung|betreff|vorgang|titre|résumé|nom"
    r"|objet|intitulé|título|resumen|nombre|asunto|thema|sujet|item|punkt|point|elemento)\s?)+",
    _FLAGS,
)
_MILESTONE = _words(
    r"milestones?|meilensteine?|jalons?|hitos?|event|phase|ereignis|événement|evento|étape|fase"
)
_GENERAL = _words(
    r"name|nom|nombre|item|subject|betreff|objet|asunto|thema|sujet|thing|point|punkt|elemento"
)

_MOMENT = re.compile(r"when|wann|quand|cuándo|cuando|date|datum|fecha|day|tag|jour|día|termin")
_DONE_ON = re.compile(rf"(?:{DONE.pattern}).*\s(?:on|at|am|le|el)$", _FLAGS)
# The likeliest first: `Task owner` is an owner, `Completed by` people or a day.
_PATTERNS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("completed", _COMPLETED),
    ("completed", _DONE_ON),
    ("due", _COMPLETED),
    ("due", _DUE),
    ("due", _BY),
    ("owner", _BY),
    ("owner", _OWNER),
    ("status", _STATUS),
    ("status", DONE),
    ("priority", _PRIORITY),
    ("task", _TASK),
    ("milestone", _MILESTONE),
)

_UNTIL = re.compile(r"(?:gültig\s)?bis|until|valid\suntil|hasta|jusqu\sau|läuft\sbis")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(
    r"(\w{4,}?)(name|titel|datum|status|nummer|schlüssel|typ|beschreibung|person)$"
)
_TICKS = re.compile(r"[✓✔✅☑☐]")
_LONGEST = 60


@lru_cache(maxsize=1024)
def plain_header(cell: str) -> str:
    """A header's words in lower case, joined by spaces, German compounds taken apart."""
    words: list[str] = []
    for word in _WORD.findall(_CAMEL.sub(" ", cell)):
        lower = word.casefold()
        parts = _COMPOUND.match(lower)
        words += [parts[1], parts[2]] if parts else [lower]
    return " ".join(words)


@lru_cache(maxsize=1024)
def roles_of(cell: str) -> tuple[Role, ...]:
    """The roles that a header allows, the likeliest first; empty when its words say nothing."""
    header = plain_header(cell)
    if not header:
        return ("status",) if _TICKS.search(cell) else ()
    if len(header) > _LONGEST:
        return ()
    if header in _ROLE_OF:
        return (_ROLE_OF[header],)
    if _OTHER.search(header):
        return ("thing",) if _THING.search(header) else ("other",)
    roles = tuple(role for role, pattern in _PATTERNS if pattern.search(header))
    if roles:
        return tuple(dict.fromkeys(roles))
    if section_kind(header) == "task":
        return ("task",)
    if _TITLE.fullmatch(header):
        return ("title",)
    return ("thing",) if _THING.search(header) else ()


def is_owner(cell: str) -> bool:
    """Whether a header asks for people by itself; "Played by" only may."""
    return bool(_OWNER.search(plain_header(cell)))


def is_loose_limit(cell: str) -> bool:
    """Whether a header says "until" and no more: terms of office and contracts have that too."""
    return bool(_UNTIL.fullmatch(plain_header(cell)))


def is_day(cell: str) -> bool:
    """Whether a header names the days of a plan: `Day | What | Who`."""
    return plain_header(cell) in ("day", "tag", "jour", "día")


def is_moment(cell: str) -> bool:
    """Whether a date's header asks when something takes place, not until when it is due."""
    return bool(_MOMENT.fullmatch(plain_header(cell)))


def is_general(cell: str) -> bool:
    """Whether a title's header could be that of any list: `Name`, `Item`, `Subject`."""
    return bool(_GENERAL.search(plain_header(cell)))
