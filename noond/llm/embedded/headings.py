"""What a heading or a label promises about the lines below it.

A heading is known by its head word (`Next steps`, `Jalons`), or because it says that something is
still to be done: modifiers, a core and perhaps a scope (`Was bis Montag noch zu tun ist`,
`Remaining jobs before Sunday`, `Queda por hacer`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from noond.llm.dates.words import WEEKDAY, WEEKDAY_SHORT
from noond.llm.embedded.roles import OFFICE
from noond.llm.embedded.vocabulary import (
    ASIDE_SECTIONS,
    EXAMPLE_SECTIONS,
    MILESTONE_SECTIONS,
    NOTE_SECTIONS,
    TASK_SECTIONS,
    alternatives,
)

SectionKind = Literal["task", "milestone", "note", "example", "aside"]
"""`aside`: a list of what is no record, inside a section that promises some."""

_LENGTH_LIMIT = 100
_SECTIONS: tuple[tuple[SectionKind, tuple[str, ...]], ...] = (
    ("task", TASK_SECTIONS),
    ("milestone", MILESTONE_SECTIONS),
    ("note", NOTE_SECTIONS),
    ("example", EXAMPLE_SECTIONS),
    ("aside", ASIDE_SECTIONS),
)
_SECTION_OF = {word: kind for kind, words in _SECTIONS for word in words}
_SECTION = re.compile(
    rf"(?P<word>{alternatives(tuple(_SECTION_OF))})(?:\s?(?:[:(\[–—-]|/|&|\b(?:for|from|of|until"
    r"|by|before|this|next|today|tomorrow|and|für|von|bis|vor|diese|dieser|nächste|aus|vom|und|pour"
    r"|avant|du|der|des|de|d|cette|et|para|antes|del|esta|y|regarding|about|re|as|wegen|wie|zu[mr]?"
    r"|concernant|comme|sobre|como"
    rf"|{WEEKDAY}|{WEEKDAY_SHORT})\b).*)?",
    re.IGNORECASE,
)

_WORK = (
    r"(?:things|stuff|jobs?|tasks?|actions?|items?|work|bits|chores|to-?dos|steps|points|business)"
)
_TO_DO = (
    r"to[\s-](?!come\b|happen\b|follow\b|date\b)(?:be\s[a-z]+|[a-z]+)(?:\s(?:out|up|off|in|down))?"
)
_ENGLISH = (
    rf"(?:{_WORK}\s(?:that\s(?:are\s)?)?)?(?:(?:still|left|yet|remaining|outstanding)\s)+{_TO_DO}",
    rf"(?:{_WORK}\s)?to[\s-](?:dos?|be\s(?:done|sorted|arranged|settled|finished))",
    rf"what(?:s|\sis)\s(?:(?:still|left|there|yet)\s)+{_TO_DO}|whats\s(?:still\s)?(?:left|open)",
    (
        rf"(?:what|{_WORK}(?:\sthat)?)\s(?:(?:still|also)\s)?needs?\s(?:to\sbe\s[a-z]+|[a-z]+ing"
        r"(?:\sout)?)"
    ),
    (
        rf"(?:(?:what|all|everything|{_WORK})\s(?:that\s)?)?(?:i|we)\s(?:still|also)\s(?:need|have)\s"
        rf"{_TO_DO}"
    ),
    rf"(?:what|{_WORK})\s(?:i|we)\s(?:need|have)\sto\sdo",
    (
        r"(?:(?:still|remaining|outstanding|open|pending|leftover|unfinished|upcoming|next|immediate|agreed"
        r"|assigned|new|further|resulting|follow-up"
        rf"|urgent|last|final)\s)+{_WORK}"
    ),
    rf"{_WORK}\s(?:still\s)?(?:left|remaining|outstanding|open|pending)(?:\sto\sdo)?",
    r"still\s(?:open|outstanding|missing|pending)|outstanding|up\snext|next\sup|next",
    r"who(?:s|\sis)?\s(?:does|doing|brings|bringing)\swhat|who\swill\sdo\swhat",
)
_SOON = (
    r"(?:noch|jetzt|nun|dringend|sonst|als\snächstes|wir|uns|alles|es|heute|morgen"
    r"|(?:diese|nächste)\swoche|bis\s(?:\S+\s){0,3}?\S+)"
)
_ZU = r"(?:zu\s[a-zäöüß]+n|[a-zäöüß]{2,8}zu[a-zäöüß]{2,}en)"
_GERMAN = (
    (
        rf"(?:(?:was|alles,?\swas|dinge,?\sdie)\s)?(?:(?:ist|bleibt|gibt|{_SOON})\s){{0,4}}zu\s(?:tun"
        r"|erledigen|machen|klären|regeln|besorgen|organisieren|entscheiden|prüfen)(?:\s(?:ist|sind|bleibt))?"
    ),
    rf"(?:was\s)?(?:{_SOON}\s)?noch\s{_ZU}(?:\s(?:ist|sind|bleibt))?",
    rf"(?:was\s)?(?:{_SOON}\s){{1,3}}(?:ansteht|aussteht|offen(?:\s(?:ist|sind|bleibt))?|fehlt)",
    r"was\s(?:ansteht|aussteht|fehlt|offen\sist)",
    r"(?:noch\s)?offen(?:\s(?:ist|sind|bleibt|bleiben|steht|stehen)(?:\s(?:noch|weiterhin))?)?",
    rf"(?:{_SOON}\s)?(?:es\s)?steh(?:t|en)\s(?:{_SOON}\s){{0,2}}an",
    r"(?:es\s)?fehl(?:t|en)\snoch|als\snächstes",
    rf"was\s(?:wir|ich)?\s?(?:{_SOON}\s)+[a-zäöüß]+\s(?:werden\s)?(?:müssen|muss|sollen|soll)",
    rf"das\s(?:müssen|muss)\s(?:wir|ich)\s(?:{_SOON}\s)+[a-zäöüß]+n",
    (
        r"(?:(?:nächste|weitere|offene|neue|vereinbarte|beschlossene|verteilte|verbleibende|restliche|ausstehende|anstehende|unerledigte"
        r"|dringende|letzte)[nr]?\s)+(?:maßnahmen|aufgaben|arbeiten|schritte|punkte|to-?dos|dinge)"
    ),
    r"restarbeiten|erledigungen|wer\s(?:macht|bringt|erledigt|übernimmt|tut)\swas",
)
_FRENCH_VERB = r"[a-zà-ÿ]+(?:er|ir|re|oir)"
_FRENCH = (
    (
        rf"(?:ce\squi\s|ce\squ['’]il\s|il\s)?(?:nous\s|me\s)?reste(?:nt)?\s(?:encore\s|toujours\s)?à\s"
        rf"{_FRENCH_VERB}"
    ),
    (
        r"(?:(?:choses|points|travaux|tout)\s)?(?:encore\s)?à\s(?:faire|régler|finir|terminer|boucler"
        r"|préparer|organiser|traiter)"
    ),
    r"qui\s(?:fait|prend|am[eè]ne|apporte)\squoi|à\sprévoir",
    r"(?:ce\squi\s|il\s)(?:nous\s)?manque(?:\sencore)?",
    rf"ce\squ(?:['’]il\sfaut|e\snous\sdevons|e\sje\sdois|['’]on\sdoit)\sencore\s{_FRENCH_VERB}",
    r"(?:prochain(?:e)?s?\s)(?:étapes?|actions?|tâches?|travaux)",
    r"(?:tâches|actions|travaux|points|choses)\s(?:restant(?:e)?s|décidées|convenues|attribuées|en\ssuspens|en\sattente)",
)
_SPANISH_VERB = r"[a-zà-ÿ]+(?:ar|er|ir)"
_SPANISH = (
    (
        r"(?:(?:lo|cosas|tareas|todo\slo)\sque\s|qué\s)?(?:nos\s|me\s)?(?:todavía\s|aún\s)?(?:quedan?"
        rf"|faltan?)\s(?:(?:todavía|aún)\s)?(?:(?:cosas|tareas)\s)?por\s{_SPANISH_VERB}"
    ),
    r"(?:lo\sque\s|qué\s)(?:nos\s|me\s)?(?:todavía\s|aún\s)?(?:falta|queda)",
    r"qui[eé]n\s(?:hace|trae|lleva)\squé",
    r"quedan?\s(?:(?:todavía|aún)\s)?pendientes?",
    r"(?:(?:cosas|tareas|asuntos|temas|acciones|trabajos)\s)?(?:pendientes?\sde|por)\s(?:hacer|resolver|terminar)",
    r"(?:cosas|tareas|asuntos|puntos|temas|acciones|trabajos)\s(?:pendientes|restantes|acordad[oa]s|asignad[oa]s)",
    r"(?:lo\sque\s)?(?:hay|tenemos)\sque\shacer",
    r"(?:próxim|siguiente)[oa]?s?\s(?:pasos?|tareas?|acciones)",
)
_INTRODUCED = r"(?:(?:heres?|here\sis|here\sare|and|so|hier|und|voici|et|esto\ses|y)\s)?"
_WHEN = (
    r"(?:\s?[(\[–—-].*|\s(?:before|by|until|till|ahead\sof|as\sof|this|today|tomorrow|tonight|bis|vor"
    r"|diese[rnm]?|heute|morgen|avant|d['’]ici|cette|aujourd['’]hui|demain|antes|esta|este|hoy"
    r"|hasta)\b.*)"
)
_FOR = r"(?:\s(?:for|für|pour|para)\b.*)"
_STILL_OPEN = re.compile(
    rf"{_INTRODUCED}(?:(?:{'|'.join((*_ENGLISH, *_GERMAN, *_FRENCH, *_SPANISH))})"
    rf"(?:{_WHEN}|{_FOR})?"
    rf"|(?:whats\snext){_WHEN}?|jobs(?:{_WHEN}|{_FOR}))",
    re.IGNORECASE,
)
_EVERY = re.compile(r"\b(?:every|each|jede[nmrs]?|chaque|cada)\b", re.IGNORECASE)
_FINITE = re.compile(
    r"\b(?:are|is|was|were|has|have|had|includes?|comprises?|ist|sind|war|hat|haben|kann|können"
    r"|darf|muss|müssen|soll|sollen|wird|werden|umfassen|gehören|lauten|est|sont|ont|peut|doit"
    r"|comprennent|son|está|están|tienen?|puede|debe|incluyen|(?-i:may|can|must|should|will))\b",
    re.IGNORECASE,
)
# "Aufgaben des Vorstands" are duties; those of a team, a week or a meeting are work.
_DUTIES = re.compile(
    r"(?:aufgaben|maßnahmen|t[âa]ches|tareas|tasks|actions|acciones)\s(?:(?:of|des|der|du|de|del|d['’])\s?"
    rf"(?:(?:the|la|las|los|les|l['’])\s?)?(?:\w+\s){{0,2}}?{OFFICE}"
    r"|(?:and|und|et|y)\s(?:\w+\s){0,2}?(?:responsibilities|duties|powers|rights|befugnisse|rechte"
    r"|pflichten|zuständigkeiten|kompetenzen|missions|compétences|attributions|responsabilités"
    r"|funciones|competencias|responsabilidades))",
    re.IGNORECASE,
)
# "Admin - to do": the topic of the list, then what it is.
_TOPIC = re.compile(r"[^\W_][^:.!?]{1,30}?(?:\s?:|\s[–—-])\s(?P<rest>(?:[^\W_][\w'’-]*\s?){1,3})")
_DENIED = re.compile(
    r"\bdo(?:es)?n['’]?t(?:\s(?:need|do|want))?\W*$|\bwon['’]t\b|\bnot\s(?:needed|doing|necessary)\b"
    r"|\bnicht\s(?:mehr|nötig)\b|\bpas\s(?:besoin|nécessaires?)\b|\bno\s(?:hacen?\sfalta|necesari)",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"(?:(?:ok(?:ay)?|so|right|alright|also|gut|bon|alors|vale|bueno|bien)[,:]?\s)?(?:(?:a\sfew|some|several"
    r"|my|our|your|the|these|(?:here\sare\s)?(?:the|our|my)|unsere|meine|eure|die|einige|ein\spaar"
    r"|quelques|nos|mes|vos|les|alguno?s|algunas|unos|unas|nuestr[oa]s|mis|los|las)\s)?",
    re.IGNORECASE,
)
# As in "Here are the actions from today" or "Quedan los siguientes pendientes".
_ANNOUNCED = re.compile(
    r"(?:.*\b)?(?:here|these|following|below|left|folgende[nrs]?|anbei|hier|noch|voici|suivante?s?|siguientes"
    r"|estos|estas|estas?|quedan|faltan|tenemos|hay|restent?)\b.{0,40}?\b(?:to-?dos?|action\s(?:items|points)"
    r"|actions|next\ssteps|tasks|jobs|aufgaben|punkte|(?:nächsten?|weiteren)\sschritte|tâches"
    r"|prochaines\sétapes|points\sà\straiter|pendientes|tareas|acciones|compromisos"
    r"|próximos\spasos)\b.{0,40}",
    re.IGNORECASE,
)
_NOT_AHEAD = re.compile(
    r"\b(?:done|completed|closed|finished|were|was|not|no|never|erledigt\w*|abgeschlossen\w*|wurden?"
    r"|nicht|keine|waren|terminée?s|faites?|réalisée?s|étaient|pas|hech[oa]s|cerrad[oa]s|terminad[oa]s"
    r"|fueron|can|may|performed|executed|taken|supported|available|possible|allowed|werden|möglich\w*"
    r"|verfügbar\w*|ausgeführt|exécutées?|effectuées?|disponibles?|possibles?|posibles?|realizan"
    r"|ejecutan|example|examples|beispiel\w*|exemples?|ejemplos?)\b",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"(?:(?:can|could|would|will)\s(?:you|everyone|everybody|people|we\sall)\s(?:all\s)?(?:please\s?)?|please"
    r"(?:\scan\syou)?|(?:ich\s)?bitte(?:\s(?:noch|alle|euch|Sie|um\sFolgendes|Folgendes))*"
    r"|(?:könnt(?:et)?\sihr|könn(?:t)?en\sSie|kannst\sdu)(?:\sbitte)?(?:\snoch)?|merci\sde|(?:pouvez-vous"
    r"|pourriez-vous|peux-tu|pourrais-tu)(?:\ss['’]il\s(?:vous|te)\spla[iî]t)?|por\sfavor"
    r"|(?:podéis|pueden|puedes|podrías|podrían)(?:,?\spor\sfavor,?)?|i\sneed(?:\s(?:from\s)?you)?(?:\sto)?)",
    re.IGNORECASE,
)
_LAST_SENTENCE = re.compile(r"(?:.*[.!?]\s+)?(?P<last>\S[^.!?]*?)[\s*_]*:[\s*_]*$")
_DECORATION = re.compile(r"^(?:[\W_]|\d{1,2}(?:\.\d{1,2})*[.)]?\s|[IVX]{1,4}[.)]\s)+|[\W_]+$")
_LABEL = re.compile(r"[*_]{2,3}[^*_\n]{1,80}[*_]{2,3}\s?:?|[^\n]{1,80}:[*_]{0,3}")


@lru_cache(maxsize=1024)
def section_kind(title: str) -> SectionKind | None:
    """What a heading promises about the lines below it."""
    if _DENIED.search(title):
        return "aside"
    plain = _DECORATION.sub("", title).strip().replace("'s", "s").replace("’s", "s")
    if len(plain) > _LENGTH_LIMIT or _DUTIES.match(plain):
        return None
    match = _SECTION.fullmatch(plain)
    if match and not _FINITE.search(plain):
        return _SECTION_OF[" ".join(match["word"].lower().split())]
    if _STILL_OPEN.fullmatch(plain) and not _EVERY.search(plain):
        return "task"
    topic = _TOPIC.fullmatch(plain)
    if topic and section_kind(topic["rest"]) == "task":
        return "task"
    lead = _LEAD_IN.match(plain)
    return section_kind(plain[lead.end() :]) if lead and lead.end() else None


def announces_tasks(body: str, *, addressed: bool) -> bool:
    """Whether a line of text directly above a list says that its entries are to be done.

    Its last sentence does: `Danke! Nächste Schritte wie besprochen:`; in a message to somebody
    (`addressed`) also `Could you please:`, which guidelines say to everybody.
    """
    match = _LAST_SENTENCE.match(body)
    if not match or len(match["last"]) > _LENGTH_LIMIT or _NOT_AHEAD.search(match["last"]):
        return False
    last = match["last"].strip(" *_")
    return bool(
        section_kind(last) == "task"
        or _ANNOUNCED.fullmatch(last)
        or (addressed and _ASKED_FOR.fullmatch(last))
    )


def is_label(body: str) -> bool:
    """Whether a line of text looks like a heading: all bold, or ended by a colon."""
    return bool(_LABEL.fullmatch(body))
