from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon


def me(*, days: float, kind: str = "api_key", scopes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "user": {
            "id": "u1",
            "name": "ana",
            "role": "user",
            "timezone": "Europe/Berlin",
            "has_password": True,
        },
        "credential": {
            "kind": kind,
            "id": "k1",
            "name": "Ana's laptop",
            "scopes": ["agents:read", *scopes],
            "expires_at": (datetime.now(UTC) + timedelta(days=days)).isoformat(),
        },
    }


def test_it_says_who_and_what(noond: Noond, daemon: ScriptedDaemon) -> None:
    known = me(days=300)
    daemon.on("GET", "/auth/me", (200, known))
    outcome = noond("whoami")
    facts = dict(row for row in outcome.rows)
    assert (facts["user"], facts["role"], facts["may"]) == ("ana", "user", "agents:read")
    assert (facts["key"], facts["from"]) == ("Ana's laptop", "NOOND_API_KEY")
    assert outcome.err == ""
    assert noond("whoami", "--json").document == known


@pytest.mark.parametrize(
    ("scopes", "advice"),
    [
        (("keys:read", "keys:write"), "noond keys rotate 'Ana'\"'\"'s laptop'"),
        ((), "make another"),
    ],
)
def test_it_warns_of_an_end_that_is_near(
    scopes: tuple[str, ...], advice: str, noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.on("GET", "/auth/me", (200, me(days=29.5, scopes=scopes)))
    for options in ([], ["--json"]):
        outcome = noond("whoami", *options)
        assert "in 29 days" in outcome.err
        assert advice in outcome.err


def test_an_access_token_is_expected_to_end(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/auth/me", (200, me(days=0.01, kind="access_token")))
    assert noond("whoami").err == ""
