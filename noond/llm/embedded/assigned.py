"""Items of running lists that give a task away: `-> Ana sends … by Friday`, `… @ana by 6 May`.

Outside lists of tasks the present tense also tells a state ("Ana is away until Friday"): it counts
behind an arrow, with a person, another verb than one of being, and a deadline.
"""

from __future__ import annotations

import re

from noond.llm.embedded.judgement import (
    denies_all,
    is_negated,
    is_question,
    is_standing_rule,
    is_supposition,
)
from noond.llm.embedded.namewords import NAMES
from noond.llm.embedded.outline import Line
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.tasktext import find_deadline

_ARROWS = frozenset({"->", "=>", "→"})
_DOES = re.compile(
    rf"[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s(?!(?:is|was|has|had|needs|works|stays|lives|seems|says|said|thinks|ist|war|hat"
    r"|hatte|arbeitet|bleibt|fehlt|wohnt|liegt|meint|sagt|fragt|wartet|est|a|avait|était|reste|travaille"
    r"|dit|pense|es|está|estaba|tiene|trabaja|dice|opina|queda|falta)\s)[a-zà-ÿ]{2,}[stea]n?\s"
)
_MENTIONED = re.compile(
    r"\S\s[*_]{0,2}@[^\W\d_][\w.-]{1,40}\s(?:by|until|due|bis|avant|d['’]ici|pour|antes|para)\b[^@]{3,40}$"
)


def is_assigned(line: Line, reading: Reading) -> bool:
    """Whether an item (without a box or marker) gives what it says to a person, with a deadline."""
    text = line.masked
    mentioned = "@" in text and _MENTIONED.search(text)
    does = _DOES.match(text) if line.bullet in _ARROWS else None
    if not mentioned and not (does and reading.people.listed(does[1])):
        return False
    if is_question(text) or is_supposition(text) or is_negated(text):
        return False
    if denies_all(text) or is_standing_rule(text):
        return False
    return find_deadline(text, reading.dates.find(text)) is not None
