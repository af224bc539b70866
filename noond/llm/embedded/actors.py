"""Who a task's text names as the one who does it: `Ana: …`, `Ana to …`, `… (Ana)`, `… – Ana`.

A known person counts anywhere. In a list of tasks or behind a task's marker the frame of the line
asks for a person, so that any name counts that is no common noun; a checkbox alone asks less.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from noond.llm.embedded.futures import FUTURE, infinitive
from noond.llm.embedded.instructions import is_instruction, is_verb_after_to
from noond.llm.embedded.namewords import NAMES
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.roles import ARTICLE, ROLE
from noond.llm.embedded.scratch import Scratch
from noond.llm.embedded.taskfields import OWNER_KEY, TaskText
from noond.llm.embedded.topics import is_plural

_FLAGS = re.IGNORECASE
_MISTER = r"(?:(?:[Ee]l|[Ll]a)\s(?=S(?:ra?\b|eñor)))?"
_AND_ME = r"(?:\s(?:and|und|et|y)\s(?:I|me|ich|moi|yo)(?!\w))?"
_STARRED = rf"\s*[*_\[]{{0,3}}{_MISTER}({NAMES})[*_\]]{{0,3}}{_AND_ME}"
_IN_PARENTHESES = re.compile(
    rf"(?<!\[)[(\[](?:(?:{OWNER_KEY})[:\s]\s?)?\s*([^()\[\]\n]{{1,100}}?)\s*[)\]](?![(\]])", _FLAGS
)
_LEADING = re.compile(rf"{_STARRED}\s?(:|–|—|→|->|-\s)[*_]{{0,2}}\s*")
_LEADING_ROLE = re.compile(
    rf"\s*[*_]{{0,2}}(?:{ARTICLE})?{ROLE}[*_]{{0,2}}\s?(?::|–|—|→|->|-\s)[*_]{{0,2}}\s*", _FLAGS
)
_TRAILING = re.compile(
    rf"(?P<sign>\s(?:[–—|-]|--)|→|->|=>|,|\s?:)\s?({NAMES})(?P<end>[\s\x00.,;)|–—-]*)$"
)
_TRAILING_SMALL = re.compile(r"\s[–—-]\s([^\W\d_]{2,20})\s?[–—-]?[\s]*\x00[\s\x00.,;)]*$")
_NO_NAME_BEFORE = re.compile(r"^[^,]*(?<![\w'’-])[a-zà-ÿ][\w'’-]*\s?$")
_NAME_ALONE = re.compile(rf"\s*{NAMES}[\s,;.()–—-]*")
_ADDRESSED = re.compile(rf"{_STARRED},\s(?=[a-zà-ÿ])")
_MODAL = (
    r"(?:(?P<to>to)|will|shall|must|should|needs?\sto|has\sto|have\sto|is\sto|are\sto|is\sgoing\sto|muss"
    r"|müssen|soll|sollen|wird|werden|doit|doivent|va\sa|van\sa|va|vont|devra|debe|deben|deberá"
    r"|tiene\sque|tienen\sque|(?P<known>à|a))"
)
_NAME_MODAL = re.compile(rf"\s*[*_]{{0,2}}{_MISTER}({NAMES})[*_]{{0,2}}\s{_MODAL}\s(?=\S)")
_NAME_FUTURE = re.compile(rf"\s*[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s({FUTURE})\s(?=\S)")
_IDLE = r"(?!be\b|être\b|ser\b|estar\b|.{0,200}\b(?:werden|sein)\W*$)(?=\S)"
_ACTIVE = re.compile(_IDLE)
_STRANGER_WILL = re.compile(
    r"\s*[*_]{0,2}((?!(?:This|That|It|We|You|They|There|Wir|Es|Das|Man|On|Il|Elle|Se"
    r"|Todo)\b)[^\W\d_a-zà-ÿ][a-zà-ÿ]+)"
    r"[*_]{0,2}\s(?:will|must|needs\sto|has\sto|doit|devra|debe|deberá|va\sa|tiene\sque|muss"
    rf"|soll)\s{_IDLE}"
)
_ROLE_TO = re.compile(rf"\s*[*_]{{0,2}}(?:{ARTICLE})?{ROLE}[*_]{{0,2}}\s{_MODAL}\s{_IDLE}", _FLAGS)
_ROLE_WILL = re.compile(
    r"\s*(?:the|der|die|das|le|la|les|el|los|las)\s(?:[^\W\d_]+\s){1,3}?(?:will|must|needs\sto|has\sto|muss"
    r"|müssen|soll|sollen|doit|doivent|devra|debe|deben|deberá|tiene\sque|tienen\sque)\s"
    rf"{_IDLE}",
    _FLAGS,
)
_NAME_DOES = re.compile(
    rf"\s*[*_]{{0,2}}(?!(?:Mark|Bill|Will|Chase|Sue|Max|Rob|Pat|Jack|Grace|Rose|May|Grant"
    rf"|Frank)\b)({NAMES})[*_]{{0,2}}"
    r"\s(?=(?!(?:the|a|at|as|et|de|la|le|est|is|was|has|a|fait|hat|ist"
    r"|ha)\s)(?:s['’])?[a-zà-ÿ]{2,}[stea]\s)"
)
_STRANGER_DOES = re.compile(
    rf"\s*[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s(?=(?!(?:needs|wants|has|costs|braucht|hat|kostet|fehlt"
    r"|steht|liegt|geht|ist|is|was|looks|seems)\s)[a-zà-ÿ]{2,}[st]\s"
    r"(?:the|an?|all|our|his|her|das|die|den|eine?n?|alle|seine?n?|ihre?n?|unsere?n?)\s)"
)
_ANY_MODAL = re.compile(rf"\s{_MODAL}\s")
_INTRODUCED = re.compile(
    r"(?:(?:\s[–—-]|[,;(])\s?)(?i:verantw\.|verantwortlich|zust\.|zuständig|resp\.|responsable|encarg\.|encargad[oa]"
    rf"|owner|lead|assigned\sto|a\scargo\sde)\s?:?\s({NAMES})(?=[\s\x00]*(?:$|[,;.)–—-]))"
)
_JOINED = re.compile(r"\s?(?:&|/|\+)\s?|\s(?:and|und|et|y)\s")
_SIGN = re.compile(r"[:–—→]|-[\s>]")
_BEFORE_NAME = " \t*_["
_WINDOW = 120


class Frame(Enum):
    """How much the place of a text asks for a person."""

    NONE = auto()
    BOX = auto()
    LIST = auto()


class Actors:
    """Takes the people that a task's text names over into the task and cuts them from the text."""

    def __init__(self, task: TaskText, scratch: Scratch, reading: Reading, *, frame: Frame) -> None:
        self._task = task
        self._scratch = scratch
        self._people = reading.people
        self._framed = frame is not Frame.NONE
        self._listed = frame is Frame.LIST
        self.verb = ""
        self._tried = ""

    def _take(self, names: list[str], start: int, end: int) -> None:
        self._task.people += names
        self._scratch.cut(start, end)

    def _any(self, words: str) -> list[str]:
        return self._people.listed(words, framed=self._framed)

    def in_front(self) -> None:
        """The subject of the text's verb: `Ana to send …`, `The treasurer will …`."""
        left = self._scratch.left.replace("\x00", " ")
        if left == self._tried:
            return
        self._tried = left
        capital = not left.lstrip(_BEFORE_NAME)[:1].islower()
        match, names = self._subject(left) if capital else (None, [])
        if match and names:
            self._take(names, *match.span())
        elif not _ANY_MODAL.search(left[:_WINDOW]):
            return
        elif match := _ROLE_TO.match(left) or _ROLE_WILL.match(left):
            self._scratch.cut(*match.span())

    def _subject(self, left: str) -> tuple[re.Match[str] | None, list[str]]:
        people = self._people
        match = _NAME_MODAL.match(left)
        if match:
            names = people.listed(match[1])
            told = match["to"] is None or is_verb_after_to(left[match.end() :])
            told = told and bool(_ACTIVE.match(left, match.end()))
            if not names and told and not match["known"]:
                names = self._any(match[1])
            if names:
                return match, names
        match = _NAME_FUTURE.match(left)
        if match and (verb := infinitive(match[2])) and (names := self._any(match[1])):
            self.verb = verb + " "
            return match, names
        match = _NAME_DOES.match(left)
        if match and (names := people.listed(match[1])):
            return match, names
        match = _STRANGER_DOES.match(left) if self._listed else None
        if match and (names := self._any(match[1])):
            return match, names
        match = _STRANGER_WILL.match(left)
        return match, people.listed(match[1], framed=True) if match else []

    def introduced(self) -> None:
        """`…, verantw. Svetlana`: a word behind a mark that asks for a person."""
        match = _INTRODUCED.search(self._scratch.left)
        if match and (names := self._people.listed(match[1], framed=True)):
            self._take(names, match.start(), match.end())

    def in_parentheses(self) -> None:
        """`Sign the lease (Tevita, by 24 July)`: a day in there, or an end, shows the person."""
        for match in _IN_PARENTHESES.finditer(self._scratch.left):
            words = match[1].replace("\x00", " ").strip(" ,;:–—-")
            names = self._people.listed(words)
            first = self._listed and match[0][0] == "[" and not match.start()
            if not names and self._framed and self._people.small(words, framed=first):
                names = [words]
            if not names and not self._scratch.after(match.end()).strip(" .*_"):
                names = self._any(words) if "\x00" in match[1] or self._shown() else []
            if names:
                self._take(names, *match.span())

    def _shown(self) -> bool:
        """Whether a list names people, in a language where few other words look like names."""
        return self._listed and self._people.shown and not self._people.german

    def at_the_ends(self) -> None:
        """`Ana: …`, `Ana – … – 3 May`, `treasurer — …` in front, `… – Ana` behind."""
        self._leading()
        window = max(0, len(self._scratch.left) - _WINDOW)
        match = _TRAILING.search(self._scratch.left[window:])
        if not match:
            self._trailing_small(window)
            return
        names = self._people.listed(match[2]) if self._is_parted(match, window) else []
        shown = "\x00" in match["end"] or match["sign"] in ("→", "->", "=>")
        if not names and shown and not self._task.people and match["sign"][-1:] != ":":
            names = self._any(match[2])
        if names:
            self._take(names, match.start() + window, match.end() + window)

    def _is_parted(self, match: re.Match[str], window: int) -> bool:
        """Whether the sign before names at the end parts them from what is to be done."""
        before = self._scratch.left[: window + match.start()]
        if match["sign"].endswith(":"):
            # "keys: Ana" in a list of who does what, but not "Call: Ana".
            return self._listed and not self._task.people and not is_instruction(before)
        if match["sign"] != "," or "\x00" in match["end"]:
            return True
        # "new match balls, Dinesh", but not "invite Tom, Anna".
        asked = self._listed and not self._task.people
        return asked and _NO_NAME_BEFORE.search(before) is not None

    def _trailing_small(self, window: int) -> None:
        match = _TRAILING_SMALL.search(self._scratch.left[window:]) if self._framed else None
        if match and not self._task.people and self._people.small(match[1]):
            self._take([match[1]], match.start() + window, match.end() + window)

    def _leading(self) -> None:
        left = self._scratch.left.replace("\x00", " ")
        if self._listed and (match := _ADDRESSED.match(left)):
            # "Jean-Guy, call the plumber", "Brisa, list of titles, 26/10"
            rest = left[match.end() :]
            dated = self._scratch.left.rstrip(" .)").endswith("\x00")
            if (dated or is_instruction(rest)) and (names := self._people.listed(match[1])):
                self._take(names, *match.span())
                return
        if not _SIGN.search(left[:_WINDOW]):
            return
        match = _LEADING.match(left)
        if match and any(map(str.isalpha, left[match.end() :])):
            names = self._people.listed(match[1])
            if not names and _JOINED.search(match[1]):
                # "Harpreet & Joost: …": one of them is known.
                known = any(map(self._people.is_person, _JOINED.split(match[1])))
                names = self._any(match[1]) if known else []
            if not names and self._shows_person(match, left[match.end() :]):
                names = self._any(match[1])
            if names:
                self._take(names, *match.span())
                return
        role = _LEADING_ROLE.match(left) if self._framed else None
        if role and any(map(str.isalpha, left[role.end() :])):
            self._scratch.cut(*role.span())

    def _shows_person(self, match: re.Match[str], rest: str) -> bool:
        """Whether what follows is told to someone, or stands between a name and a day."""
        if match[2] in ("→", "->"):
            return not _NAME_ALONE.fullmatch(rest)  # "Awning -> Ottokar, 20 May"
        if self._listed and is_instruction(rest):
            return not is_plural(match[1])
        dated = self._scratch.left.rstrip(" .)").endswith("\x00")
        parted = re.search(r"\s[–—-]\s*$", rest)
        if not (dated and parted) or match[2] == ":" or is_plural(match[1]):
            return False
        return not self._people.listed(rest[: parted.start()])
