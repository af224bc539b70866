"""Offices and trades that act like a person: `the treasurer will …`, `Die Hausmeisterin muss …`.

A closed class as far as grammar goes: what has an office can be given a task, an institution or a
thing ("the council will …", "the printer will …") is only told about.
"""

from __future__ import annotations

import re

_ENGLISH = (
    r"(?:vice[\s-]|deputy\s|assistant\s|head\s|team\s|project\s|site\s|office\s|shop\s)?"
    r"(?:treasurer|secretary|chair(?:man|woman|person)?|president|director|manager|leader|lead"
    r"|captain|coach|trainer|teacher|headteacher|tutor|librarian|archivist|caretaker|janitor"
    r"|warden|steward|verger|vicar|priest|pastor|mayor|clerk|registrar|landlord|landlady|tenant"
    r"|surveyor|architect|builder|plumber|electrician|carpenter|roofer|painter|gardener|joiner"
    r"|contractor|engineer|developer|designer|editor|photographer|accountant|bookkeeper|auditor"
    r"|lawyer|solicitor|notary|nurse|dentist|vet|pharmacist|cook|chef|baker|caterer"
    r"|organi[sz]er|coordinator|co-ordinator|convenor|administrator|receptionist|apprentice"
    r"|intern|trainee|assistant|volunteer|webmaster|maintainer|foreman|conductor|choirmaster"
    r"|principal|dean|supervisor|consultant|inspector|minute[\s-]taker)"
)
_GERMAN = (
    r"(?:[^\W\d_]*(?:wart(?:in)?|führer(?:in)?|leiter(?:in)?|leitung|meister(?:in)?|verwalter(?:in)?"
    r"|prüfer(?:in)?|sprecher(?:in)?|pfleger(?:in)?|lehrer(?:in)?|trainer(?:in)?|chef(?:in)?"
    r"|beauftragte[rn]?|vorsitzende[rn]?|vorständin|präsident(?:in)?|direktor(?:in)?|rektor(?:in)?"
    r"|sekretär(?:in)?|assistent(?:in)?|praktikant(?:in)?|architekt(?:in)?|ingenieur(?:in)?"
    r"|techniker(?:in)?|elektriker(?:in)?|installateur(?:in)?|schreiner(?:in)?|tischler(?:in)?"
    r"|maler(?:in)?|gärtner(?:in)?|dachdecker(?:in)?|klempner(?:in)?|köch(?:in)?|bäcker(?:in)?"
    r"|anwält(?:in)?|anwalt|notar(?:in)?|berater(?:in)?|ärztin|arzt|pfarrer(?:in)?|küster(?:in)?"
    r"|kassier(?:er)?(?:in)?|bürgermeister(?:in)?|vermieter(?:in)?|mieter(?:in)?|azubi"
    r"|koordinator(?:in)?|organisator(?:in)?|gutachter(?:in)?|fotograf(?:in)?|betreuer(?:in)?))"
)
_FRENCH = (
    r"(?:trésori(?:er|ère)|secrétaire|président(?:e)?|direct(?:eur|rice)|responsable|gérant(?:e)?"
    r"|gestionnaire|gardien(?:ne)?|concierge|maire|adjoint(?:e)?|syndic|bailleur|propriétaire"
    r"|locataire|architecte|ingénieur(?:e)?|plombier|électricien(?:ne)?|menuisier|couvreur|peintre"
    r"|jardinier|comptable|avocat(?:e)?|notaire|infirmi(?:er|ère)|médecin|pharmacien(?:ne)?|curé"
    r"|bibliothécaire|archiviste|enseignant(?:e)?|professeure?|ma[iî]tresse|entraîneu(?:r|se)"
    r"|anima(?:teur|trice)|coordina(?:teur|trice)|organisa(?:teur|trice)|anima(?:teur|trice)"
    r"|chef(?:fe)?(?:\sde\s(?:projet|chantier|service))?|stagiaire|apprenti(?:e)?|assistant(?:e)?"
    r"|cuisini(?:er|ère)|boulang(?:er|ère)|traiteur|régisseu(?:r|se))"
)
_SPANISH = (
    r"(?:tesorer[oa]|secretari[oa]|president[ea]|director(?:a)?|responsable|encargad[oa]|gerente"
    r"|administrador(?:a)?|coordinador(?:a)?|organizador(?:a)?|conserje|porter[oa]|alcalde(?:sa)?"
    r"|concejal(?:a)?|casero|casera|propietari[oa]|inquilin[oa]|arquitect[oa]|ingenier[oa]"
    r"|fontaner[oa]|electricista|carpinter[oa]|pintor(?:a)?|jardiner[oa]|albañil|gestor(?:a)?"
    r"|contable|abogad[oa]|notari[oa]|enfermer[oa]|médic[oa]|farmacéutic[oa]|cura|párroco"
    r"|bibliotecari[oa]|maestr[oa]|profesor(?:a)?|entrenador(?:a)?|jefe|jefa|vocal|becari[oa]"
    r"|aprendiz|ayudante|cociner[oa]|panader[oa]|delegad[oa]|capitán|capitana)"
)
ROLE = rf"(?:{_ENGLISH}|{_GERMAN}|{_FRENCH}|{_SPANISH})(?!\w)"
"""A pattern for the name of an office or a trade in the singular (for `re.IGNORECASE`)."""

ARTICLE = r"(?:(?:the|our|my|der|die|unser(?:e)?|mein(?:e)?|le|la|notre|el|nuestr[oa])\s|l['’])"
"""A pattern for what stands before a role in the nominative (for `re.IGNORECASE`)."""

_BODY = (
    r"(?:committee|board|council|association|society|club|office|department|commission|ministry"
    r"|authority|court|government|police|\w*behörde|\w*gericht(?:e?s)?|regierung|polizei"
    r"|gouvernement|tribunal|autorité|gobierno|autoridad"
    r"|\w*vorstand(?:e?s)?|\w*ausschuss(?:es)?|\w*beirat(?:e?s)?|\w*rat(?:e?s)?|\w*kommission"
    r"|\w*versammlung|\w*verein(?:e?s)?|\w*verband(?:e?s)?|geschäftsführung|geschäftsstelle"
    r"|verwaltung|\w*amt(?:e?s)?|bureau|comité|conseil|commission|association|assemblée"
    r"|secrétariat|trésorerie|junta|comité|comisión|asociación|asamblea|consejo|secretaría"
    r"|tesorería|presidencia|mesa)(?!\w)"
)
OFFICE = rf"(?:{ROLE}|{_BODY}|(?:{_GERMAN})(?:n|s|es|en|innen)(?!\w))"
"""A pattern for what has duties by statute: an office or a body (for `re.IGNORECASE`)."""

_ROLE_ONLY = re.compile(rf"(?:{ARTICLE})?{ROLE}", re.IGNORECASE)


def is_role(text: str) -> bool:
    """Whether the text is an office or a trade, perhaps with its article, and nothing else."""
    return bool(_ROLE_ONLY.fullmatch(text.strip()))
