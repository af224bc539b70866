"""Patterns for names as they are written: `Ana`, `Dr. Weber`, `J. M.`, `Mary Ann van der Berg`."""

from __future__ import annotations

PART = r"[^\W\d_a-zà-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*"
TITLE = (
    r"(?:(?:(?:Dr|Prof|Mr|Mrs|Ms|Mx|Mme|Mlle|Sra?|Srta|Dra|Dre|Hr|Fr|Me|Rev|Cllr|M|Ing|Arq|Lic|Mag"
    r"|Pfr|Bgm|Capt|Sgt|Lt|Col)\.?|Herr|Frau|Miss|Sir"
    r"|Dame|Lord|Lady|Pfarrer(?:in)?|Don|Doña|Madame|Monsieur|Señora?)\s)"
)
PARTICLES = (
    r"(?:van\s(?:de[rn]?\s)?|von\s(?:der\s|zu\s)?|de\s(?:la\s|las\s|los\s)?|del\s|da\s|dos\s|di\s"
    r"|du\s|ap\s|bin\s|d['’])?"
)
_WORDS = rf"{PART}(?:\s{PARTICLES}{PART}){{0,2}}(?:\s[^\W\d_]\.)?"
INITIALS = rf"(?:[^\W\d_a-zà-öø-ÿ]\.\s?){{1,2}}{PART}"
LETTERS = r"[^\W\d_a-zà-öø-ÿ]\.\s?[^\W\d_a-zà-öø-ÿ]\."
COMPANY = rf"(?:Fa\.|Firma)\s{PART}(?:\s(?:&|und)\s{PART}|\s{PART}){{0,2}}"
"""A pattern for a firm that is named as one (case-sensitive)."""

NAME = (
    rf"(?:{COMPANY}|{TITLE}{{1,2}}{PARTICLES}{PART}(?:\s{PARTICLES}{PART}){{0,2}}|{INITIALS}|{LETTERS}"
    rf"|{_WORDS})"
)
"""A pattern for a name: one to three capitalised words, perhaps with a title (case-sensitive)."""

JOINT = r"\s?(?:,|&|/|\+|\b(?:and|und|et|y|e)\b)\s?"
NAMES = rf"{NAME}(?:{JOINT}{NAME}){{0,4}}"
"""A pattern for up to five names."""
