"""Which elements of a page a person can't see: text put there is meant for programs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import html

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Rules for other media than a screen do not hide; those for any screen do.
_OTHER_MEDIA = re.compile(
    r"@(?!media\s+(?:only\s+)?(?:screen|all)\s*\{)[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}"
)
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
_SIMPLE_SELECTOR = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][a-z_-][a-z0-9_-]*)?\Z", re.IGNORECASE)
_HIDING = re.compile(
    r"""(?:^|[;\s])(?:
        display\s*:\s*none
      | visibility\s*:\s*(?:hidden|collapse)
      | opacity\s*:\s*(?:0?\.0+|0)(?![\d.])
      | font-size\s*:\s*(?:0(?:\.0+)?[a-z%]*|1(?:px|pt))\s*(?:;|!|$)
      | mso-hide\s*:\s*all
      | color\s*:\s*transparent
      | (?:left|top|text-indent|margin-left)\s*:\s*-(?:999|\d{4,})
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SHOWING = re.compile(r"(?:^|[;\s])display\s*:\s*(?!none)[a-z]", re.IGNORECASE)
_WHITE = re.compile(
    r"(?:^|[;\s])color\s*:\s*(?:white|\#fff(?:fff)?|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(r"background|bgcolor|rel\s*=\s*[\"']?stylesheet", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSheet:
    """What a page's own style sheets hide; on a `plain_page` no background is set anywhere."""

    hidden: frozenset[str]
    plain_page: bool

    @classmethod
    def of(cls, tree: html.HtmlElement, markup: str) -> StyleSheet:
        """The rules in the `<style>` elements of a page."""
        hidden: set[str] = set()
        plain_page = not _BACKGROUND.search(markup)
        for element in tree.iter("style"):
            rules = _OTHER_MEDIA.sub("", _COMMENT.sub("", element.text_content()))
            for selectors, declarations in _RULE.findall(rules):
                names = {name.strip() for name in selectors.split(",")}
                simple = {_folded(name) for name in names if _SIMPLE_SELECTOR.match(name)}
                if _hides(declarations, plain_page=plain_page):
                    hidden |= simple
                elif _SHOWING.search(declarations):
                    hidden -= simple
        return cls(hidden=frozenset(hidden - {""}), plain_page=plain_page)

    def hides(self, element: html.HtmlElement) -> bool:
        """Whether a rule of the page hides the element."""
        if not self.hidden:
            return False
        tag = element.tag
        names = ["#" + element.get("id", ""), *("." + c for c in element.get("class", "").split())]
        return tag in self.hidden or any(
            name in self.hidden or tag + name in self.hidden for name in names
        )


def is_hidden(element: html.HtmlElement, style_sheet: StyleSheet) -> bool:
    """Whether a browser would not show the element; only its own attributes count."""
    if not isinstance(element.tag, str):
        return False
    attributes = element.attrib
    if "hidden" in attributes or (element.tag == "dialog" and "open" not in attributes):
        return True
    style = _COMMENT.sub("", attributes.get("style", ""))
    if _hides(style, plain_page=style_sheet.plain_page):
        return True
    return style_sheet.hides(element) and not _SHOWING.search(style)


def _hides(declarations: str, *, plain_page: bool) -> bool:
    return bool(_HIDING.search(declarations) or (plain_page and _WHITE.search(declarations)))


def _folded(selector: str) -> str:
    """Tag names are compared in lower case, classes and ids as written."""
    tag = re.match(r"[a-z0-9]*", selector, re.IGNORECASE)
    assert tag is not None
    return tag[0].lower() + selector[tag.end() :]
