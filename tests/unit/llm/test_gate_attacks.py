"""The gate's verdict on every record of the red-team corpus, and what holds for any text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redteam_corpus import TABLES, Attack, device_context, load_attacks, load_context
from redteam_oracle import violations

from noond.llm import source
from noond.llm.addresses import Addresses
from noond.llm.answer import AnswerError, parse_answer
from noond.llm.documents.html_text import html_text
from noond.llm.documents.worker import tidy
from noond.llm.embedded import source_text
from noond.llm.gate import check_candidates
from noond.llm.owners import Owners
from noond.llm.plain import lines, one_line
from noond.models.document import GateOutcome

ATTACKS = [attack for attack in load_attacks() if attack.answer is not None]
JUDGED = [attack for attack in ATTACKS if not attack.error]


def read(attack: Attack) -> str:
    """The source text, as the pipeline makes it."""
    if attack.path.endswith(".html"):
        return source.normalise(tidy(html_text(attack.text.encode())))
    return source.normalise(source_text(attack.path, source.normalise(attack.text)))


def verdict(attack: Attack) -> GateOutcome:
    """What the gate makes of the attacker's answer."""
    assert attack.answer is not None
    return check_candidates(
        parse_answer(attack.answer),
        document=attack.document(read(attack)),
        tables=TABLES,
        context=device_context(),
        default_project_id=None,
    )


@pytest.mark.parametrize("attack", JUDGED, ids=lambda attack: attack.name)
def test_the_verdict_is_the_corpus(attack: Attack) -> None:
    outcome = verdict(attack)
    assert outcome.dropped == attack.dropped
    assert [record.data for record in outcome.records] == attack.leaves


@pytest.mark.parametrize("attack", JUDGED, ids=lambda attack: attack.name)
def test_the_judge_has_nothing_against_what_passes(attack: Attack) -> None:
    context = load_context()
    for record in verdict(attack).records:
        flagged = {**record.data, "isAiSuggested": 1, "isApproved": 0}
        call = {
            "action": "insert",
            "table": record.table.value,
            "data": flagged,
            "source": {"quote": record.quote},
        }
        assert violations(attack, call, context) == []


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if a.error == "model_error"], ids=lambda attack: attack.name
)
def test_an_answer_that_is_no_answer_is_refused_whole(attack: Attack) -> None:
    with pytest.raises(AnswerError):
        parse_answer(attack.answer or "")


ACTIVE = st.characters(
    categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"]
) | st.sampled_from("\u034f\u115f\u3164\u2065\u2800\ufe0f\U000e0041\U000e0fff\x1b]\x07\r\n\x1f")


@given(st.text(ACTIVE | st.sampled_from("abc dé="), max_size=60))
def test_no_character_of_a_field_acts_or_hides(text: str) -> None:
    for made, may_break in ((one_line(text, 40), ""), (lines(text, 40), "\n\t")):
        assert len(made) <= 40
        categories = {unicodedata.category(c) for c in made if c not in may_break}
        assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert not {"\u034f", "\u2065", "\u2800", "\u3164", "\U000e0fff"} & {*made}
        assert "\n\n\n\n" not in made


LABEL = st.from_regex(r"[a-z][a-z0-9]{2,8}", fullmatch=True)
DISGUISES = (
    "https://{0}.{1}.com/x", "{0}.{1}.com", "HXXPS://{0}[.]{1}[.]com", "{0}(dot){1} (dot) com",
    "{0} dot {1} dot com", "{0} . {1} . com", "{0}. {1}. com", "{0} .{1} .com", "{0}。{1}。com",
    "{0}\u200b.{1}\u2060.c\u00adom", "{0}&#46;{1}&period;com", "{0}\\.{1}\\.com", "{0}**.**{1}.com",
    "{0}<b>.</b>{1}.c<i>o</i>m", "x@{0}.{1}.com", "x [at] {0}.{1}.com", "x @ {0} . {1} . com",
    "[y](mailto:x@{0}.{1}.com)", "//{0}.{1}/share", "\\\\{0}.{1}\\share", "h t t p s : / / {0}",
    "java\nscript:{0}({1})", "{0}.{1}.рф", "{0}\n.{1}\n.com", "https:\n//{0}\n.{1}.com",
)  # fmt: skip
PLAIN_SOURCE = "Ana sends the contract by Friday. See https://docs.acme.example/a."


@given(st.sampled_from(DISGUISES), LABEL, LABEL)
def test_no_disguise_helps_an_address(disguise: str, first: str, second: str) -> None:
    assert Addresses(PLAIN_SOURCE).foreign("Go to " + disguise.format(first, second)) is not None


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(DISGUISES).map(lambda disguise: disguise.format("shop", "acme"))
        | st.sampled_from(("Call +49 30 901820.", "Pay 1.234.567.890 EUR", "(see the site).", "x"))
        | st.text(max_size=12),
        max_size=8,
    )
)
def test_what_the_source_says_can_be_said_again(sentences: list[str]) -> None:
    said = [" ".join(sentence.split()) for sentence in sentences]
    told = Addresses("\n\n".join(said))
    assert [text for text in (*said, "\n\n".join(said)) if told.foreign(text)] == []


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("+49 30 901 820", None),
        ("030/901820", None),
        ("0049 30 901820", "number"),
        ("030 901 821", "number"),
        ("Invoice 2026-000-123-456", None),
        ("Invoice 2026-000-123-457", "number"),
        ("On 2026-11-27 12:00, or 27.11.2026, or 11/27/2026", None),
        ("From 2026-11-27 to 2026-11-28T09:00:00", None),
        ("Room 12, 3rd floor, 1,000,000 EUR", None),
        ("Version 1.2.3.4, 1 2 3", None),
    ],
)
def test_long_numbers_are_the_sources(text: str, foreign: str | None) -> None:
    told = Addresses("Call +49 30 901820 or 030 901820 about 2026000123456, host 1.2.3.4.")
    assert told.foreign(text) == foreign


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("Ana", True),
        ("ana müller", True),
        ("@bob_b", True),
        ("Анна", True),  # the source has the dative
        ("田中", True),
        ("Anton", False),
        ("Ana Crane", False),
        ("Stasia", False),
        ("鈴木", False),
        ("…", False),
    ],
)
def test_people_are_the_sources(name: str, named: bool) -> None:
    text = "Anas Auto: Ana Müller, bob_b@acme. Передать Анне. 田中さんが送る。 Anastasia was out."
    assert Owners(text).names(name) is named
