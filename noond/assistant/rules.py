"""Plain requests understood by rules: what the assistant can do without a model.

Also what tells whether the user themself asked for an act. English, German, French and Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from noond.models.agent import Agent
from noond.models.usage import UsageGroup

HELP: Final = """\
Without a model I understand plain requests only, such as:
  which agents do I have?       how did the last runs go?
  run the agent NAME            what did the last run bring?
  which devices are online?     what did models cost?
For anything else set llm.provider, llm.base_url and llm.model: see docs/models.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A tool and what to call it with."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{text})\b", re.IGNORECASE)


_RUN: Final = _words(
    r"run|start|launch|execute|trigger|starten?|führen?|ausführen|lance[rz]?|démarre[rz]?|"
    r"exécute[rz]?|ejecutar?|iniciar?|lanzar?"
)
_NOT: Final = _words(
    r"\w*n['\u2019]t|dont|cannot|never|not|no|without|stop|nicht|nie|niemals|kein\w*|ohne|"
    r"ne|n['\u2019]\w+|pas|jamais|sans|nunca|jamás|tampoco|sin"
)
_NOUN: Final = _words(
    r"(?:the|a|an|any|this|that|each|every|last|latest|previous|next|first|le|la|un|une|el|una)"
    r"\s+(?:run|start|launch)"
)
"""A run that is spoken of, as in "the last run of …"."""
_QUESTION: Final = re.compile(
    r"\W*(?:what|how|when|why|who|which|where|did|does|has|have|had|was|were|is|are|wie|wann|"
    r"warum|wer|welche\w*|wo|ist|sind|hat|haben|war|qu['\u2019]|que|quoi|quel\w*|comment|quand|"
    r"pourquoi|où|est-ce|qué|cómo|cuándo|por qué|cuál\w*|dónde|ha)\b",
    re.IGNORECASE,
)
"""The beginning of what asks for an answer and for no act."""
_RECORDS: Final = _words(
    r"records?|suggestions?|tasks?|notes?|bring|brought|found|aufgaben?|vorschläge|notizen|"
    r"gefunden|gebracht|tâches?|suggestions?|trouvé|tareas?|notas?|encontrado"
)
_RUNS: Final = _words(r"runs?|läufe?|lauf|exécutions?|ejecuci(?:ón|ones)")
_DEVICES: Final = _words(r"devices?|online|connected|geräte?|verbunden|appareils?|dispositivos?")
_MONEY: Final = _words(
    r"costs?|spent|spend|usage|money|tokens?|kosten|gekostet|verbrauch\w*|ausgegeben|coûts?|coûté|"
    r"dépens\w+|costes?|costos?|costado|gast\w+"
)
_AGENTS: Final = _words(r"agents?|agenten?|agentes?")
_BY_MODEL: Final = _words(r"models?|modelle?|modèles?|modelos?")


def understand(text: str, agents: Sequence[Agent]) -> Command | None:
    """What the message plainly asks for; None when it does not."""
    wanted = [agent for agent in agents if asks_to_run(text, agent)]
    wanted = [agent for agent in wanted if not _is_part_of_another(agent, wanted)]
    if len(wanted) == 1:
        return Command(tool="start_run", arguments={"agent_id": wanted[0].id})
    if _MONEY.search(text):
        group = UsageGroup.MODEL if _BY_MODEL.search(text) else UsageGroup.DAY
        return Command(tool="get_usage", arguments={"group": group.value})
    if _DEVICES.search(text):
        return Command(tool="list_devices")
    if _RECORDS.search(text):
        return Command(tool="list_records")
    if _RUNS.search(text):
        named = [agent for agent in agents if _names(text, agent)]
        return Command(
            tool="list_runs", arguments={"agent_id": named[0].id} if len(named) == 1 else {}
        )
    return Command(tool="list_agents") if _AGENTS.search(text) else None


def asks_to_run(text: str, agent: Agent) -> bool:
    """Whether these words ask to run this agent: a word for running, and its name or id.

    What is in doubt, such as a question or a denial, asks for nothing.
    """
    if not _names(text, agent):
        return False
    # A name may hold such words itself: "Daily run", "No ads".
    rest = _name(agent).sub(" ", text.replace(agent.id, " "))
    doubtful = _QUESTION.match(rest) or _NOT.search(rest)
    return not doubtful and _RUN.search(_NOUN.sub(" ", rest)) is not None


def _names(text: str, agent: Agent) -> bool:
    return agent.id in text or _name(agent).search(text) is not None


def _name(agent: Agent) -> re.Pattern[str]:
    # "(?!\w)" rather than "\b": a name may end in a mark.
    return re.compile(rf"(?<!\w){re.escape(agent.name)}(?!\w)", re.IGNORECASE)


def _is_part_of_another(agent: Agent, others: Sequence[Agent]) -> bool:
    """Whether the name stands in a longer one among those that the text names."""
    return any(each.name != agent.name and _name(agent).search(each.name) for each in others)


def tell(command: Command, result: dict[str, Any]) -> str:
    """The tool's result in words."""
    if "error" in result:
        return f"That did not work: {result['error']['message']}"
    return _TELLERS[command.tool](result)


def _tell_start(result: dict[str, Any]) -> str:
    if not result["started"]:
        return f"Not started: {result['why']}."
    waits = f" It waits for the {result['waiting_for']}." if result["waiting_for"] else ""
    return f"{result['agent_name']} was started (run {result['run_id']}).{waits}"


def _tell_agents(result: dict[str, Any]) -> str:
    lines = [
        f"{agent['name']} on {agent['device_id']}: {', '.join(agent['folders'])}; "
        + (f"schedule {agent['schedule']}" if agent["schedule"] else "by hand")
        + ("" if agent["enabled"] else "; paused")
        for agent in result["agents"]
    ]
    return _listed("You have no agents yet.", lines)


def _tell_runs(result: dict[str, Any]) -> str:
    lines = [
        f"{run['agent_name']} {run['created_at']}: {run['status']}, {run['files_read']} files, "
        f"{run['records_made']} records, {run['errors']} errors"
        for run in result["runs"]
    ]
    return _listed("There were no runs yet.", lines)


def _tell_records(result: dict[str, Any]) -> str:
    lines = [
        f"{record['table']}: {_title(record['data'])} ({record['source']}, {record['status']})"
        for record in result["records"]
    ]
    return _listed("That run brought no records.", lines)


def _title(data: dict[str, Any]) -> str:
    return str(data.get("title") or data.get("name") or data.get("content") or "")


def _tell_devices(result: dict[str, Any]) -> str:
    lines = [
        f"{device['name']} ({device['id']}): {'online' if device['online'] else 'offline'}"
        for device in result["devices"]
    ]
    return _listed("No device is paired yet.", lines)


def _tell_usage(result: dict[str, Any]) -> str:
    unpriced = result["unpriced_calls"]
    more = f"; the price of {unpriced} calls is not known" if unpriced else ""
    return (
        f"{result['calls']} calls to models since {result['since']} cost "
        f"{result['cost_usd']:.4f} US dollars{more}."
    )


def _listed(nothing: str, lines: Sequence[str]) -> str:
    return "\n".join(lines) if lines else nothing


_TELLERS: Final = {
    "start_run": _tell_start,
    "list_agents": _tell_agents,
    "list_runs": _tell_runs,
    "list_records": _tell_records,
    "list_devices": _tell_devices,
    "get_usage": _tell_usage,
}
