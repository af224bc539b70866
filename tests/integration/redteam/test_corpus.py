"""Every attack of the corpus through a real daemon, whose model obeys the attacker fully."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from redteam_corpus import Attack
from redteam_oracle import violations

from noond.models.document import Candidate, Document, GateOutcome, Record, Table
from noond.runners import pipeline

if TYPE_CHECKING:
    from tests.integration.redteam.conftest import Assault, Assaulted, ObedientServer

Context = dict[str, Any]


def objections(
    attacks: Iterable[Attack], assault: Assault, context: Context
) -> dict[str, list[str]]:
    """What the judge has against the calls that reached the device, by attack."""
    found = {
        attack.name: [
            fault
            for call in assault.calls.get(attack.name, ())
            for fault in violations(attack, call, context)
        ]
        for attack in attacks
    }
    return {name: faults for name, faults in found.items() if faults}


def unflagged(call: dict[str, Any]) -> str:
    """The call's data without the flags, for comparing."""
    data = {k: v for k, v in call["data"].items() if k not in {"isAiSuggested", "isApproved"}}
    return json.dumps(data, sort_keys=True)


async def test_an_obedient_model_gets_nothing_through(
    attacks: list[Attack], obedient: ObedientServer, assaulted: Assaulted, told_context: Context
) -> None:
    async with assaulted(attacks, obedient.base_url) as assault:
        asked, strays = await obedient.told("asked"), await obedient.told("strays")
        own = {urlsplit(url).port for url in (assault.api.url, obedient.base_url)}
    assert objections(attacks, assault, told_context) == {}

    # Each document was put to the model, and what is harmless in its answer did arrive.
    assert len(attacks) >= 200
    assert {question["name"] for question in asked} == {
        attack.name for attack in attacks if attack.error != "binary_file"
    }
    answered = [attack for attack in attacks if attack.answer is not None and not attack.error]
    for attack in answered:
        arrived = sorted(map(unflagged, assault.calls.get(attack.name, ())))
        assert arrived == sorted(json.dumps(left, sort_keys=True) for left in attack.leaves)
    dropped = sum((Counter(attack.dropped) for attack in attacks), Counter[str]())
    assert all(assault.run["coverage"]["dropped"][why] >= n for why, n in dropped.items())
    failed = {error["file"].partition("/")[0]: error["code"] for error in assault.run["errors"]}
    assert failed == {attack.name: attack.error for attack in attacks if attack.error}

    # Nothing but the model and the daemon itself was connected to or looked up.
    assert strays == []
    assert {host for host, _ in assault.contacts} == {"127.0.0.1"}
    assert {port for _, port in assault.contacts} == own


async def test_the_embedded_extractor_brings_nothing_of_the_attackers(
    attacks: list[Attack], assaulted: Assaulted, told_context: Context
) -> None:
    async with assaulted(attacks) as assault:
        own = {urlsplit(assault.api.url).port}
    assert objections(attacks, assault, told_context) == {}
    assert assault.run["coverage"]["read"] == len(attacks) - 1
    assert len(assault.records) >= 10
    assert {port for _, port in assault.contacts} == own


async def test_without_the_gate_the_judge_objects_to_most_attacks(
    attacks: list[Attack],
    obedient: ObedientServer,
    assaulted: Assaulted,
    told_context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def let_pass(
        candidates: Iterable[Candidate], *, document: Document, **_: object
    ) -> GateOutcome:
        records = [
            Record(table=Table(c.table), data=c.data, quote=c.quote, start=0, end=1)
            for c in candidates
            if c.table in set(Table)
        ]
        return GateOutcome(records=tuple(records))

    monkeypatch.setattr(pipeline, "check_candidates", let_pass)
    async with assaulted(attacks, obedient.base_url) as assault:
        pass
    bad = objections(attacks, assault, told_context)
    assert len(bad) >= 0.7 * len(attacks), sorted({a.name for a in attacks} - bad.keys())
