from __future__ import annotations

import pytest

from noond.llm.addresses import Addresses, has_address

SOURCE = (
    "See [the docs](https://docs.example.org/a/b_(c)), mail ana@acme.example, "
    "or visit shop.example.com. Server: 10.0.0.1:8080/x <http://Mixed.Example/Path/>"
)


@pytest.mark.parametrize(
    "text",
    [
        "Read https://docs.example.org/a/b_(c).",
        "Read (docs.example.org/a/b_(c)) today",
        "docs.example.org",
        "Write to ANA@acme.example!",
        "mailto:ana@acme.example",
        "https://shop.example.com/",
        "http://10.0.0.1:8080/x",
        "https://mixed.example/Path",
        "Version 1.2.3, e.g. at 10.30, ratio 3:4, Dr. Who, and so on...",
    ],
)
def test_addresses_of_the_source_pass(text: str) -> None:
    assert Addresses(SOURCE).foreign(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://evil.example/?q=secret", "url"),
        ("https://shop.example.co", "url"),
        ("https://shop.example.com.evil.example", "url"),
        ("https://shop.example.com@evil.example/", "url"),
        ("https://docs.example.org/a", "url"),
        ("[click](//evil.example/x)", "url"),
        ("evil.example/path", "url"),
        ("EVIL\u200b.EXAMPLE", "url"),
        ("ｅｖｉｌ．ｅｘａｍｐｌｅ", "url"),  # noqa: RUF001
        ("evil。example", "url"),
        ("javascript:alert(1)", "url"),
        ("data:text/html;base64,PHNjcmlwdD4=", "url"),
        ("tel:+491234567", "url"),
        ("http://[::1]:8080/", "url"),
        ("http://192.168.0.1", "url"),
        ("192.168.0.1/admin", "url"),
        ("mailto:ana@acme.example?body=x", "url"),
        ("ana@acme.example.evil.example", "email"),
        ("eve@evil.example", "email"),
        ("mailto:eve@evil.example", "email"),
        ("a" * 90 + "@evil.example", "url"),
        ("a.b.c.d.e.f.g.h.i.j.k.evil.example", "url"),
    ],
)
def test_addresses_the_source_lacks_are_named(text: str, kind: str) -> None:
    assert has_address(text)
    assert Addresses(SOURCE).foreign(text) == kind


def test_a_source_without_addresses_knows_none() -> None:
    assert Addresses("Ana sends the contract by Friday.").foreign("x.example.com") == "url"
