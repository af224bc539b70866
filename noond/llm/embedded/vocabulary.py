"""The fixed words of the grammars, in English, German, French and Spanish (lower case)."""

from __future__ import annotations

import re

TASK_MARKERS = (
    "todo", "to do", "to-do", "fixme", "action", "action item", "action items", "action point",
    "next action", "next step", "next steps", "follow-up", "follow up", "followup", "task",
    "aufgabe", "maßnahme", "massnahme", "nächster schritt", "nächste schritte", "zu erledigen",
    "zu tun", "à faire", "a faire", "tâche", "action à mener", "prochaine étape",
    "prochaines étapes", "pendiente", "pendientes", "tarea", "acción", "por hacer", "a hacer",
    "próximo paso", "próximos pasos", "siguiente paso",
)  # fmt: skip
TASK_SECTIONS = (
    "todo", "todos", "to do", "to dos", "to-do", "to-dos", "to do list", "todo list", "to-do list",
    "todo items", "actions", "action", "action item", "action items", "action points",
    "action list", "open actions", "open todos", "open to-dos", "open items", "open points",
    "open action items", "next actions", "next step", "next steps",
    "tasks", "task list", "open tasks", "follow-up", "follow-ups", "follow up", "follow ups",
    "followups", "fixme", "fixmes",
    "aufgaben", "aufgabenliste", "offene aufgaben", "nächste aufgaben", "nächster schritt",
    "nächste schritte", "weitere schritte", "maßnahmen", "massnahmen", "zu erledigen", "zu tun",
    "offene punkte", "offene todos", "offene to-dos", "pendenzen", "aufträge", "arbeitsaufträge",
    "à faire", "a faire", "choses à faire", "reste à faire", "tâches", "tâches à faire",
    "liste des tâches", "actions à mener", "plan d'action", "plan d'actions", "prochaines étapes",
    "prochaine étape", "prochaines actions", "suites à donner", "action plan",
    "pendiente", "pendientes", "tareas", "tareas pendientes", "lista de tareas", "por hacer",
    "cosas por hacer", "cosas pendientes", "acciones", "acciones pendientes", "próximos pasos",
    "siguientes pasos", "próximo paso", "plan de acción", "asuntos pendientes", "encargos",
    "compromisos",
)  # fmt: skip
MILESTONE_MARKERS = (
    "milestone", "meilenstein", "jalon", "hito", "next milestone", "nächster meilenstein",
    "prochain jalon", "próximo hito", "milestones", "meilensteine", "jalons", "hitos",
)  # fmt: skip
MILESTONE_SECTIONS = (
    "milestone", "milestones", "dates", "timeline", "roadmap", "key dates", "important dates",
    "schedule", "project timeline", "project plan", "deadlines", "release plan",
    "meilenstein", "meilensteine", "zeitplan", "termine", "fristen", "fahrplan", "projektplan",
    "wichtige termine",
    "jalon", "jalons", "calendrier", "échéances", "échéancier", "dates clés", "feuille de route",
    "planning",
    "hito", "hitos", "fechas", "cronograma", "calendario", "fechas clave", "fechas importantes",
    "plazos", "hoja de ruta",
)  # fmt: skip
MILESTONE_EVENTS = (
    "launch", "release", "go-live", "go live", "golive", "kick-off", "kickoff", "kick off", "beta",
    "alpha", "code freeze", "feature freeze", "feature complete", "design freeze", "freeze",
    "rollout", "roll-out", "cutover", "deadline", "submission", "delivery", "handover", "sign-off",
    "pilot", "opening",
    "livegang", "veröffentlichung", "abgabe", "auslieferung", "projektstart", "projektende",
    "abnahme", "übergabe", "markteinführung", "abgabetermin", "start",
    "lancement", "livraison", "mise en production", "mise en ligne", "mise en service", "recette",
    "date limite", "sortie", "ouverture", "clôture",
    "lanzamiento", "entrega", "puesta en marcha", "puesta en producción", "publicación",
    "fecha límite", "inauguración", "cierre", "apertura",
)  # fmt: skip
NOTE_MARKERS = (
    "note", "decision", "decided", "notiz", "beschluss", "entscheidung", "décision", "nota",
    "decisión", "acuerdo", "beschlossen",
)  # fmt: skip
NOTE_SECTIONS = (
    "decision", "decisions", "beschluss", "beschlüsse", "entscheidung", "entscheidungen",
    "décision", "décisions", "decisión", "decisiones", "acuerdos",
    "decisions made", "getroffene entscheidungen", "décisions prises", "decisiones tomadas",
)  # fmt: skip
PROJECT_MARKERS = ("project", "projekt", "projet", "proyecto")
EXAMPLE_SECTIONS = (
    "example", "examples", "syntax", "notation", "cheat sheet", "cheatsheet", "legend", "sample",
    "samples", "template", "templates", "beispiel", "beispiele", "schreibweise", "vorlage",
    "vorlagen", "legende", "exemple", "exemples", "syntaxe", "modèle", "légende", "ejemplo",
    "ejemplos", "sintaxis", "plantilla", "leyenda", "markdown syntax", "task syntax",
    "todo syntax",
)  # fmt: skip
ASIDE_SECTIONS = (
    "done", "already done", "done so far", "completed", "finished", "ideas", "parked",
    "parking lot", "someday", "maybe", "nice to have", "questions", "open questions", "attendees",
    "present", "apologies", "background", "cancelled", "dropped", "not doing",
    "erledigt", "bereits erledigt", "schon erledigt", "bisher erledigt", "fertig",
    "abgeschlossen", "ideen", "fragen", "offene fragen", "anwesend", "anwesende", "teilnehmer",
    "abgesagt", "gestrichen", "hintergrund",
    "fait", "déjà fait", "terminé", "idées", "questions ouvertes", "présents", "excusés",
    "abandonné", "contexte",
    "hecho", "ya hecho", "terminado", "completado", "preguntas", "preguntas abiertas",
    "asistentes", "descartado", "contexto",
)  # fmt: skip
NOTHING = frozenset(
    "none nothing n/a na tbd tba keine keiner keines nichts entfällt aucun aucune rien néant "
    "ninguno ninguna nada - – … ...".split()
)

_STATUS = {
    "todo": "todo, to do, open, backlog, new, not started, needs-action, reopened, unstarted, "
    "triage, ready, planned, next, later, offen, neu, geplant, zu erledigen, nicht begonnen, "
    "à faire, ouvert, ouverte, nouveau, nouvelle, non commencé, pendiente, pendientes, abierto, "
    "abierta, por hacer, nuevo, sin empezar, waiting, blocked, on hold, wartend, blockiert, "
    "en attente, bloqué, en espera, bloqueado, incomplete, no, false, opened",
    "in_progress": "in progress, in-progress, doing, started, in process, in-process, active, "
    "in review, review, wip, ongoing, working on it, testing, in arbeit, in bearbeitung, "
    "begonnen, laufend, läuft, en cours, démarré, commencé, en curso, en progreso, en proceso, "
    "iniciado, haciendo, in test, qa",
    "done": "done, closed, resolved, complete, completed, finished, fixed, merged, shipped, "
    "released, "
    "erledigt, fertig, abgeschlossen, geschlossen, gelöst, terminé, terminée, fait, faite, fini, "
    "clos, fermé, résolu, hecho, hecha, terminado, terminada, completado, completada, cerrado, "
    "finalizado, resuelto, yes, true, x, ✓, ✔, ✅",
    "cancelled": "cancelled, canceled, won't do, wont do, won't fix, wontfix, not planned, "
    "duplicate, "
    "invalid, obsolete, rejected, declined, dropped, abandoned, abgebrochen, verworfen, "
    "abgesagt, abgelehnt, hinfällig, storniert, annulé, annulée, abandonné, abandonnée, rejeté, "
    "cancelado, cancelada, descartado, rechazado, anulado",
}
_PRIORITY = {
    "high": "high, highest, urgent, critical, important, blocker, major, hoch, höchste, dringend, "
    "wichtig, kritisch, haute, haut, élevée, élevé, urgente, importante, critique, alta, alto, "
    "crítica, crítico, a, 1, p0, p1, sehr hoch, très haute, muy alta, very high",
    "medium": "medium, normal, mittel, moyenne, moyen, normale, media, medio, b, 2, p2, moderate, "
    "default",
    "low": "low, lowest, minor, trivial, niedrig, gering, niedrigste, basse, faible, bas, baja, "
    "bajo, c, 3, 4, p3, p4",
}


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word.strip(): value for value, words in table.items() for word in words.split(",")}


_STATUS_OF = _by_word(_STATUS)
_PRIORITY_OF = _by_word(_PRIORITY)
_EDGE = " \t*_~`\"'()[]:.!#️"


def status_of(word: str) -> str | None:
    """todo, in_progress, done or cancelled; None when the word names no state."""
    return _STATUS_OF.get(" ".join(word.casefold().replace("’", "'").strip(_EDGE).split()))


def priority_of(word: str) -> str | None:
    """high, medium or low; None when the word names no priority."""
    word = word.casefold().strip(_EDGE)
    return _PRIORITY_OF.get(word) or _PRIORITY_OF.get(re.split(r"[\s:(/-]", word, maxsplit=1)[0])


def alternatives(words: tuple[str, ...]) -> str:
    """A pattern of the words, the longer ones first, spaces flexible."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in ordered)
