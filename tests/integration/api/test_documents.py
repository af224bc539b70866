"""The document and the page as the daemon serves them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from noond.api.openapi.document import openapi_document
from noond.config import LimitSettings

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

SERVED = {
    "/openapi.json": "application/json",
    "/docs": "text/html; charset=utf-8",
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/docs/page.js": "text/javascript; charset=utf-8",
}
FILES = [path for path in SERVED if path.startswith("/docs/")]


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(reads_per_minute=1234)


async def test_the_document_is_that_of_this_daemon(
    world: World, limit_settings: LimitSettings
) -> None:
    reply = await world.send("GET", "/openapi.json", key=None)

    assert reply.status == 200
    assert reply.json == openapi_document(world.routes, limit_settings)
    assert reply.json["paths"]["/api/v1/agents"]["get"]["x-rate-limit"]["per_minute"] == 1234


@pytest.mark.parametrize(("path", "media_type"), SERVED.items())
async def test_each_file_is_served_to_anybody(world: World, path: str, media_type: str) -> None:
    reply = await world.send("GET", path, key=None)

    assert (reply.status, reply.headers["Content-Type"]) == (200, media_type)
    assert len(reply.text) > 100
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-RateLimit-Limit" not in reply.headers


async def test_the_page_names_only_files_that_are_there(world: World) -> None:
    page = (await world.send("GET", "/docs", key=None)).text
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    local = {f"/{name}" for name in named if not name.startswith("data:")}
    script = (await world.send("GET", "/docs/page.js", key=None)).text

    assert local == {*FILES, "/openapi.json"}
    assert 'url: "openapi.json"' in script


async def test_the_page_has_no_script_or_style_of_its_own(world: World) -> None:
    page = (await world.send("GET", "/docs", key=None)).text

    assert re.findall(r"<script[^>]*>[^<]+</script>|<style|\son\w+=|\sstyle=", page) == []
    assert "//" not in re.sub(r"data:[^\"]+", "", page)


@pytest.mark.parametrize("path", SERVED)
async def test_the_content_policy_allows_what_the_page_needs_and_no_more(
    world: World, path: str
) -> None:
    policy = (await world.send("GET", path, key=None)).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_other_replies_keep_the_strict_policy_and_are_not_kept(world: World) -> None:
    for path in ("/health/live", "/api/v1/agents", "/docs/nothing.js"):
        headers = (await world.send("GET", path)).headers
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", SERVED)
async def test_who_has_it_already_is_told_so(world: World, path: str) -> None:
    first = await world.send("GET", path, key=None)
    etag = first.headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await world.send("GET", path, key=None, headers={"If-None-Match": known})
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    other = await world.send("GET", path, key=None, headers={"If-None-Match": '"other"'})
    assert (other.status, other.text) == (200, first.text)


@pytest.mark.parametrize(
    "name",
    [
        "swagger-ui.js",
        "index.html",
        "..%2Fdocs.html",
        "%2E%2E%2Frouting.py",
        "..",
        "page.js%00",
        "PAGE.JS",
    ],
)
async def test_no_other_file_is_served(world: World, name: str) -> None:
    reply = await world.raw(f"GET /docs/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    assert reply.status == 404
