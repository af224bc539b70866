from __future__ import annotations

import json

import pytest

from noond.accounts.tokens import new_token
from noond.redaction import MASK, safe_headers, safe_json, safe_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "secret",
    [
        *(new_token(prefix).secret for prefix in ("nd_live_", "nd_refresh_", "noondd_", "noond_")),
        JWT,
    ],
    ids=["key", "refresh", "device", "old key", "jwt"],
)
@pytest.mark.parametrize("text", ["{}", "/agents/{}/runs", "a{} b", "x" * 290 + " {}"])
def test_secrets_do_not_get_through(secret: str, text: str) -> None:
    shown = safe_text(text.format(secret))
    assert secret[:20] not in shown
    assert len(shown) <= 300


def test_other_credentials_are_masked_by_their_place() -> None:
    assert safe_text("Bearer hunter2 x") == f"Bearer {MASK} x"
    assert safe_text("https://ana:hunter2@example.org/") == f"https://{MASK}@example.org/"


def test_texts_stay_on_one_line() -> None:
    attack = "a\r\nFAKE \x1b[31m\x1b]0;x\x07\u202e\u2028\x00\tb\u0085"
    assert safe_text(attack) == (
        "a\\x0d\\x0aFAKE \\x1b[31m\\x1b]0;x\\x07\\u202e\\u2028\\x00 b\\x85"
    )
    assert safe_json({attack: [attack]}) is not None
    assert "\n" not in str(safe_json({attack: [attack]}))
    assert len(safe_text("\x00" * 1000)) == 300


def test_values_are_masked_by_their_names() -> None:
    value = {
        "password": "hunter2",
        "inner": [{"refresh_token": "abc", "prompt_tokens": 12}],
        "code": "A1B2-C3D4",
        "error": {"code": "not_found"},
        "name": "ana",
    }
    assert json.loads(safe_json(value) or "") == {
        "password": MASK,
        "inner": [{"refresh_token": MASK, "prompt_tokens": 12}],
        "code": MASK,
        "error": {"code": "not_found"},
        "name": "ana",
    }


def test_large_and_deep_values_are_cut() -> None:
    large = {f"name-{number}": "x" * 300 for number in range(40)}
    assert list(json.loads(safe_json(large) or "")) == ["too_large"]
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    assert len(safe_json({"deep": deep}) or "") < 100
    assert safe_json({}) is None
    assert safe_json(None) is None


def test_only_harmless_headers_keep_their_values() -> None:
    headers = {"User-Agent": "curl", "Authorization": "Bearer x", "X-Own": "y", "Cookie": "z"}
    assert json.loads(safe_headers(headers)) == {
        "User-Agent": "curl",
        "Authorization": MASK,
        "X-Own": MASK,
        "Cookie": MASK,
    }
