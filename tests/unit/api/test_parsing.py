from __future__ import annotations

import pytest
from pydantic import Field

from noond.api.parsing import canonical_json, parse_body
from noond.api.routing import Body
from noond.errors import Invalid


class Sample(Body):
    name: str = Field(max_length=5)
    count: int = 0
    flag: bool = False


def test_equal_content_is_equal_whatever_its_form() -> None:
    first = canonical_json(b'{"b": [1, 2], "a": "\\u00e9"}')
    second = canonical_json('{ "a":"é","b":[1,2] }'.encode())

    assert first == second


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}"])
def test_nothing_is_an_empty_object(body: bytes) -> None:
    assert canonical_json(body) == b"{}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1} {"a": 2}', "not JSON"),
        (b'{"a": NaN}', "not a number"),
        (b'{"a": -Infinity}', "not a number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "too long"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": "b"}'.encode("utf-16"), "UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b"[" * 100_000, "nested"),
        (b"[" * 100_000 + b"]" * 100_000, "nested"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
    ],
)
def test_what_readers_may_understand_differently_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        canonical_json(body)


def test_a_key_twice_is_refused_at_any_depth() -> None:
    with pytest.raises(Invalid) as caught:
        canonical_json(b'{"x": [{"role": "user", "role": "admin"}]}')

    assert [error.field for error in caught.value.fields] == ["role"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "name"),
        (b'{"name": 1}', "name"),
        (b'{"name": null}', "name"),
        (b'{"name": "longer"}', "name"),
        (b'{"name": "a", "count": "1"}', "count"),
        (b'{"name": "a", "count": 1.0}', "count"),
        (b'{"name": "a", "count": true}', "count"),
        (b'{"name": "a", "flag": 1}', "flag"),
        (b'{"name": "a", "flag": "true"}', "flag"),
        (b'{"name": "a", "admin": true}', "admin"),
    ],
)
def test_types_are_strict_and_the_field_is_named(body: bytes, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_body(Sample, canonical_json(body))

    assert [error.field for error in caught.value.fields] == [field]


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null"])
def test_only_an_object_is_a_body(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse_body(Sample, canonical_json(body))


def test_many_errors_make_a_short_reply_without_the_values() -> None:
    body = b'{"name": "topsecret", ' + b",".join(b'"f%d": 1' % n for n in range(5000)) + b"}"

    with pytest.raises(Invalid) as caught:
        parse_body(Sample, canonical_json(body))

    assert len(caught.value.fields) == 20
    assert "topsecret" not in caught.value.message


def test_a_long_field_name_is_cut() -> None:
    with pytest.raises(Invalid) as caught:
        parse_body(Sample, canonical_json(b'{"name": "a", "' + b"x" * 100_000 + b'": 1}'))

    assert len(caught.value.message) < 300
