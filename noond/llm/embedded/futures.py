"""The future tense of French and Spanish (`Marie enverra …`, `Lucía enviará …`), as infinitives."""

from __future__ import annotations

FUTURE = r"[a-zà-ÿ]{2,20}(?:ra|ront|rá|rán)"
"""A pattern for a verb in the third person; it matches other words too, `infinitive` decides."""

_IDLE = frozenset(
    "sera seront aura auront pourra pourront saura faudra restera devra devront será serán estará"
    " estarán habrá habrán podrá podrán querrá sabrá deberá deberán para ahora".split()
)
_IRREGULAR = {
    "fera": "faire", "ira": "aller", "enverra": "envoyer", "renverra": "renvoyer", "verra": "voir",
    "viendra": "venir", "reviendra": "revenir", "tiendra": "tenir", "obtiendra": "obtenir",
    "hará": "hacer", "dirá": "decir", "vendrá": "venir", "saldrá": "salir",
}  # fmt: skip
_SPANISH_ENDINGS = (
    ("endrá", "ener"), ("ondrá", "oner"), ("aldrá", "aler"), ("ará", "ar"), ("erá", "er"),
    ("irá", "ir"),
)  # fmt: skip


def infinitive(verb: str) -> str | None:
    """The infinitive of a verb in the future; None for other words, and for being and having."""
    verb = verb.lower()
    if verb in _IDLE:
        return None
    if verb.endswith("rán"):
        verb = verb[:-1]
    elif verb.endswith("ront"):
        verb = verb[:-3] + "a"
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("rá"):
        ending = next(((e, i) for e, i in _SPANISH_ENDINGS if verb.endswith(e)), None)
        return verb.removesuffix(ending[0]) + ending[1] if ending else None
    if verb.endswith("cevra"):
        return verb.removesuffix("vra") + "voir"
    if verb.endswith(("era", "ira")) and len(verb) > 4:
        return verb[:-1]
    if verb.endswith(("dra", "tra")) and len(verb) > 4:
        return verb[:-1] + "e"
    return None
