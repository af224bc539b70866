"""Whether words tell to do something: an imperative or an infinitive, in four languages."""

from __future__ import annotations

import re

_ENGLISH = frozenset(
    """
    accept add adjust advertise agree align announce answer apply appoint approve archive arrange
    ask assemble assess assign attach attend audit bake begin bid block book borrow bring brief
    build buy calculate call cancel carry cast change charge chase check choose circulate claim
    clarify clean clear close collect compare compile complete compose confirm connect consider
    consult contact convert cook coordinate copy correct count cover create cut dance date decide
    declare decorate define delete deliver demo deploy describe design determine develop dig
    discuss dispose distribute document double-check download draft draw drive drop dry edit email
    e-mail empty encourage ensure enter establish estimate evaluate examine explain explore export
    extend feed fetch file fill finalise finalize find finish fit fix follow forward gather get
    give go grease hand handle hang help hire hold identify implement import improve include
    inform insert inspect install introduce investigate invite invoice issue join keep label lay
    lead lend let liaise lift list load locate lock look mail make manage map mark measure meet
    mend merge message migrate monitor mount move mow negotiate nominate note notify obtain offer
    oil open order organise organize outline overhaul pack paint pair pass pay phone photograph
    pick place plan plant play polish post practise prepare present press price print process
    produce proofread propose prove provide prune publish pull purchase push put query raise reach
    read rebook rebuild recheck recommend record recruit redo reduce refill refund register
    rehearse remind remove renew rent repair repaint replace reply report request research reserve
    resolve respond restock return revamp review revise rewrite ring rotate run save scan schedule
    scrub search seek select sell send serve set set-up sew share shift ship shop show sign sort
    source speak split spray start stick stock stop store strip submit suggest supply support
    survey sweep swap switch take talk tell test text thank throw tidy tighten trace track train
    transfer translate transport trim try tune turn type uninstall unlock unpack update upgrade
    upload use verify vet visit volunteer wait walk wash watch water weed weigh wire work wrap
    write
    """.split()
)
_DETERMINED = re.compile(
    r"[a-z]{2,}(?:\s(?:up|out|off|back|down|in))?\s(?:the|a|an|our|my|his|her|their|your|its|this"
    r"|that|these|those|all|some|any|every|each|two|three|\d+)\s"
)
_ROMANCE = re.compile(
    r"(?:(?:se|s['’]|ne\spas|no|lui|leur|y|en)\s?)?[a-zà-ÿ]{2,}(?:[aeií]r|oir|[^\W\d_]re)(?:se|l[aeo]s?|nos)?(?![\w'’-])"
)
_ROMANCE_NOUNS = frozenset(
    "papier cahier dossier courrier calendrier panier fichier chantier atelier janvier février "
    "dernier premier mujer lugar hogar taller alquiler ayer placer poder plaisir avenir loisir "
    "autre notre votre livre titre lettre centre cadre théâtre ordre octobre septembre novembre "
    "décembre contre entre être offre chambre paper order poster letter water cover number "
    "corner her per later over after under never other either another".split()
)
_GERMAN = re.compile(
    r"(?:^|[\s/])(?:zu\s)?[a-zäöüß]*[a-zäöüß]{2,}(?:en|ern|eln)(?=\s*(?:$|[,;(.!\x00]|[–—-]\s"
    r"|(?:bis|vor|am|und|oder|beim?|bei|für|zum|zur|mit|im|in|an|nach|von)\s))"
)
_GERMAN_OTHERS = frozenset(
    "morgen offen oben unten gegen neben zwischen wegen neuen alten den einen meinen seinen ihren "
    "allen diesen jeden keinen unseren euren ihnen denen wenigen vielen gern übrigen hinten vorn "
    "außen innen daneben extern intern modern".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


def is_instruction(text: str) -> bool:
    """Whether the text begins with an imperative or infinitive, or (German) ends in one."""
    first = _WORD.match(text)
    if first and first.group().lower() in _ENGLISH:
        return True
    if _DETERMINED.match(text):
        return True
    romance = _ROMANCE.match(text)
    if romance and romance.group().split()[-1] not in _ROMANCE_NOUNS:
        return True
    return any(
        match.group().strip(" /") not in _GERMAN_OTHERS for match in _GERMAN.finditer(text[:300])
    )


def is_verb_after_to(text: str) -> bool:
    """Whether what follows "to" is a verb: `to call the bank`, not `to parents`."""
    first = _WORD.match(text)
    return bool(first and first.group() in _ENGLISH) or bool(_DETERMINED.match(text))


def is_english_verb(word: str) -> bool:
    """Whether an English sentence can begin with the word as an imperative."""
    return word.lower() in _ENGLISH
