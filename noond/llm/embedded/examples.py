"""What stands in a text as an example, or tells what an earlier version brought."""

from __future__ import annotations

import re

from noond.llm.embedded.outline import Section

_EXAMPLE_LABEL = re.compile(
    r"(?:.*\b)?(?:(?:for\s)?(?:example|instance)|e\.\s?g\.?|looks?\slike(?:\sthis)?|like\sthis"
    r"|zum\sbeispiel|z\.\s?b\.?|beispiel(?:e|sweise)?|so\saus|(?:etwa|zum\sbeispiel)\sso"
    r"|(?:par\s)?exemple|p\.\s?ex\.?|comme\s(?:ça|ceci|cela|suit)|ressemble\sà|(?:por\s)?ejemplo"
    r"|p\.\s?ej\.?|como\s(?:esto|esta|este)|(?:writ|format|schreib|notier|écri|escrib|apunt|anot)"
    r"\w*\s(?:.{1,30}\s)?(?:so|ainsi|así|follows|folgendermaßen))(?:\s[^\W_]+){0,2}\s?:",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\[?(?:version\s|release\s)?v?\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?:[-+.][\w.]{1,20})?\]?"
    r"(?:\s?[(–—-].{0,40}|\s\d.{0,20})?|\[?unreleased\]?",
    re.IGNORECASE,
)
_LABEL_LIMIT = 120


def is_example_label(body: str) -> bool:
    """Whether a line announces an example: `For example:`, `Das sieht so aus:`."""
    return len(body) <= _LABEL_LIMIT and bool(_EXAMPLE_LABEL.fullmatch(body.rstrip(" *_")))


def is_version_history(section: Section | None) -> bool:
    """Whether a section tells what a version of something brought: `## 2.1.0 – 2026-03-01`."""
    around = section.path() if section else ()
    return any(_VERSION.fullmatch(one.title.strip(" *_")) for one in around)
