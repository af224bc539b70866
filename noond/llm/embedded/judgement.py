"""What is said but not to be done: questions, suppositions, refusals, explanations, nothing."""

from __future__ import annotations

import re

from noond.llm.embedded.titles import is_struck
from noond.llm.embedded.vocabulary import NOTHING, alternatives, status_of

_FLAGS = re.IGNORECASE
_SUPPOSED = re.compile(
    r"\b(?:if|unless|whether|would|could|might|maybe|perhaps|possibly|falls|wenn|sofern|könnten?"
    r"|könntest"
    r"|würden?|würdest|vielleicht|eventuell|womöglich|si|pourra(?:is|it|ient)|pourri(?:ons|ez)"
    r"|ser(?:ait|aient)"
    r"|faudrait|devrai(?:t|s|ent)|aurai(?:t|s|ent)|peut-être|quizás?|tal\svez|podría[ns]?"
    r"|sería[ns]?|habría"
    r"|debería[ns]?|ojalá)\b|\bau\scas\soù\b|\ben\scaso\sde\b",
    _FLAGS,
)
_SUPPOSED_START = re.compile(
    r"\W*(?:if|unless|whether|maybe|perhaps|possibly|falls|wenn|sofern|vielleicht|eventuell|si"
    r"|peut-être"
    r"|au\scas\soù|quizás?|tal\svez|en\scaso\sde|should\swe|could\swe|we\scould|wir\skönnten"
    r"|on\spourrait"
    r"|podríamos|idea|idee|idée)\b",
    _FLAGS,
)
_NEGATED = re.compile(
    r"\b(?:not|never|no\slonger|nicht|kein(?:e[nmrs]?)?(?!\sZweifel)|nie|niemals|ne|jamais|nunca|jamás"
    r"|tampoco)\b"
    r"|n['’]t\b|\bn['’](?=[aeiouéèêh])|\bno\s(?!later\b|doubt\b)",
    _FLAGS,
)
_REFUSED = re.compile(
    r"\W*(?:[^\W\d_]+[\s:]\s?){0,3}?(?:(?:will|shall|is\sgoing\sto|does|must|should|need"
    r"|needs\sto)\s(?:not|never)"
    r"|(?:won|shan|doesn|needn|shouldn)['’]t"
    r"|(?:wird|muss|soll|werden|müssen|sollen|braucht)\b[^.;]{0,80}\b(?:nicht|kein(?:e[nmrs]?)?"
    r"|nie)"
    r"|ne\s(?:va|vont|doit|doivent|fera)\b[^.;]{0,60}\b(?:pas|plus|jamais)|n['’]\w+\s(?:pas|plus)"
    r"|no\s(?:va|van|debe|deben|tiene|tienen|hará)\b)",
    _FLAGS,
)
_UNNEEDED = re.compile(
    r"\b(?:not|no\slonger)\s(?:needed|necessary|required)\b"
    r"|\bnicht\s(?:mehr\s)?(?:nötig|notwendig|erforderlich)\b|\bno\sneed\s(?:to|for)\b"
    r"|\bpas\s(?:la\speine|besoin|nécessaire)\b|\bno\shacen?\sfalta\b|\bno\ses\snecesari[oa]\b",
    _FLAGS,
)
_ASKED = re.compile(r"[^.!?]{1,160}\?\s*(?:\([^()]*\)|(?:[\w'’-]+[\s,]?){1,3})\W*$")
_ASIDE_ASKED = re.compile(r"[^\W\d_][^()?]{3,}\s\((?:[^()?\s]+\s){0,2}[^()?\s]+\?\)$")
# "no raffle this year", "we don't need cups", "Zelte brauchen wir nicht": said, not to be done.
_DENIED = re.compile(
    r"\W*(?:(?:no\s(?!olvid|perd|dej)|pas\s(?:de\s|d['’])|aucune?\s|ning[uú]n[oa]?\s|nobody\s"
    r"|(?:nothing|nichts|rien|nada|niemand|nadie)\s)(?=[a-zà-ÿ])"
    r"|kein(?:e[nmrs]?)?\s(?!.{0,200}[a-zäöü](?:en|ern|eln)\W*$)"
    r"|(?:[^\W\d_]+\s)?(?:we|you|they|he|she|it|wir|ihr|nous|on|ils?|elles?)\s.{0,60}?"
    r"(?:\bnot\b|n['’]t\b|\bnever\b|\bnicht\b|\bnie\b|\bkein|\bpas\b|\bjamais\b|\bplus\sbesoin|\bno\slonger\b)"
    r"|(?:[^\W\d_]+\s){1,3}?[a-zäöüß]+(?:en|s?t)\s(?:wir|ihr|sie|man|du)\s.{0,60}?\b(?:nicht|kein)"
    r"|no\s[a-zà-ÿ]+mos\b)",
    _FLAGS,
)
_CORRELATIVE = re.compile(
    r"\b(?:ni\b.{1,200}?\bni|weder\b.{1,200}?\bnoch|neither\b.{1,200}?\bnor)\b",
    _FLAGS | re.DOTALL,
)
_DOUBTED = re.compile(
    r"\b(?:hardly|scarcely|unlikely|kaum|unwahrscheinlich|bezweif\w+|zweif(?:le|elt|eln)|dudo"
    r"|dudamos|poco\sprobable|improbable)\b"
    r"|(?<!\bno\s)(?<!\bany\s)(?<!\bwithout\s)(?<!\ba\s)(?<!\bbeyond\s)\bdoubt(?:s|ed|ful)?\b"
    r"|(?<!\bsans\s)(?<!\baucun\s)(?<!\bnul\s)\bdout(?:e|es|ons|ent)\b",
    _FLAGS,
)
# "by 31 January of each year": a rule that stands, nobody's task.
_RECURRING = re.compile(
    r"\b(?:each|every|per)\s(?:year|month|week|quarter|season)\b|\bannually\b"
    r"|\bjede[ns]?\s(?:jahr|monat|quartal|woche)(?:e?s)?\b|\b(?:all)?jährlich\b"
    r"|\b(?:chaque|tous\sles|toutes\sles)\s(?:année|ans?|mois|semaines?)\b"
    r"|\bcada\s(?:año|mes|semana|trimestre)\b|\btodos\slos\s(?:años|meses)\b",
    _FLAGS,
)
# "die Führung der Geschäfte", "la tenue des registres": what an office is for.
_CHARGE = re.compile(
    r"\W*(?:(?:the|die|der|das|la|le|les|el|los|las)\s|l['’])(?:[^\W\d_]+\s)?[^\W\d_]+(?:ung|ungen|heit"
    r"|keit|schaft|tion|tions|ing|ment|ance|ence|age|enue|pflege|aufsicht|ción|sión|miento|dia"
    r"|tro)\s(?:of|over|der|des|von|über|du|de|del)\b|\W*(?:the|die)\s(?:upkeep|care|aufsicht|pflege)\b",
    _FLAGS,
)
_NOTHING = re.compile(
    r"(?:none|nothing|kein(?:e[nrs]?)?|nichts|aucune?|rien|ningun[oa]?|ningún"
    r"|nada)(?:\s[\w'’]+){0,3}"
    r"|no\s(?:further|more|new|open)?\s?(?:actions?|items?|tasks?|action\sitems?)(?:\s\w+){0,2}"
)
_TELLING = re.compile(
    r"\W*(?:we|the|it|this|that|these|there|he|she|they|i|you|our|all|some|here|wir|der|die|das|es|dies(?:e[rs]?)?|er|sie"
    r"|ich|man|alle|hier|nous|on|il|elle|ils|elles|le|la|les|ce|cette|c['’]est|voici|tout|se|el|los|las|es"
    r"|esto|este|esta|hay|nosotros|todo)\b",
    _FLAGS,
)
_TWO_SENTENCES = re.compile(r"[^\W\d_]{3,}[.!]\s+[^\W\d_a-zà-ÿ][^\W\d_]*\s.*[.!]\s*$")
_CANCELLED_WORDS = (
    "cancelled", "canceled", "dropped", "obsolete", "won't do", "wont do", "won't fix",
    "not needed", "no longer needed", "abgesagt", "abgebrochen", "entfällt", "hinfällig",
    "gestrichen", "verworfen",
    "annulé", "annulée", "abandonné", "abandonnée", "cancelado", "cancelada", "descartado",
    "descartada", "anulado", "anulada",
)  # fmt: skip
_CANCELLED = re.compile(
    rf"[(\[]\s?(?:{alternatives(_CANCELLED_WORDS)})\b[^()\[\]]{{0,60}}[)\]]"
    rf"|(?:^|[–—:-]\s)(?:{alternatives(_CANCELLED_WORDS)})(?:[\s:.–—-]|$)",
    _FLAGS,
)
_DONE = re.compile(
    r"^\s*(?:✅|✔️?|☑️?|\[done\]|(?:done|erledigt|fait|hecho)(?:\s?:|\s[–—-]\s))|[(\[]\s?(?:done|erledigt|fertig"
    r"|fait|terminé|hecho"
    r"|completado|completed)\s?[)\]]|(?:✅|✔️?)\s*$",
    _FLAGS,
)


def is_question(text: str) -> bool:
    """Whether it asks."""
    plain = text.rstrip(" *_\"'”»")
    if plain.endswith("?)") and _ASIDE_ASKED.search(plain):
        return False  # "Book a room (Nov?)": only the day is asked
    return plain.rstrip(" *_)\"'”»").endswith("?")


def is_supposition(text: str) -> bool:
    """Whether any of it is said under a condition."""
    return bool(_SUPPOSED.search(text))


def is_negated(text: str) -> bool:
    """Whether a negation stands anywhere in it."""
    return bool(_NEGATED.search(text))


def denies_all(sentence: str) -> bool:
    """Whether every clause of the sentence is denied or doubted: `ni … ni`, `I doubt that`."""
    return bool(_CORRELATIVE.search(sentence) or _DOUBTED.search(sentence))


def is_standing_rule(sentence: str) -> bool:
    """Whether the sentence tells what is done again and again: `by 31 March of each year`."""
    return bool(_RECURRING.search(sentence))


def is_cancelled(text: str) -> bool:
    """Whether it says of itself that it is off."""
    return is_struck(text) or says_cancelled(text)


def says_cancelled(text: str) -> bool:
    """Whether a word in it says that it is off."""
    return bool(_CANCELLED.search(text))


def is_prose(text: str) -> bool:
    """Whether a line tells something in sentences instead of naming what is to be done."""
    sentence = text.rstrip().endswith((".", "!")) and bool(_TELLING.match(text))
    return sentence or bool(_TWO_SENTENCES.search(text))


def is_nothing(text: str) -> bool:
    """Whether a list's entry says that there is none."""
    plain = text.strip(" \t.*_()[]!").casefold()
    return plain in NOTHING or bool(_NOTHING.fullmatch(plain)) or not any(map(str.isalpha, plain))


def is_no_task(text: str) -> bool:
    """Whether an entry of a list of tasks is none.

    A question, a supposition, a refusal, a denial, an office's charge, or off.
    """
    return (
        is_nothing(text)
        or is_question(text)
        or bool(_ASKED.match(text))
        or is_cancelled(text)
        or bool(_SUPPOSED_START.match(text))
        or bool(_REFUSED.match(text))
        or bool(_UNNEEDED.search(text))
        or bool(_DENIED.match(text))
        or (bool(_CHARGE.match(text)) and not any(map(str.isdecimal, text)))
        or status_of(text) is not None
    )


def without_done_mark(text: str) -> tuple[str, bool]:
    """The text without a mark that it is done, and whether there was one."""
    left = _DONE.sub(" ", text).strip()
    return left, left != text.strip()
