"""The documentation page in a real browser, under the content policy that the daemon sends."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from browser import find_browser
from declared_routes import declared_routes
from running_daemon import new_daemon

from noond.api.openapi.operations import operation_id

SECONDS = 60


async def rendered(url: str, home: Path) -> tuple[str, str]:
    """The page as it stands once its scripts are done, and what the browser logged."""
    browser = await asyncio.create_subprocess_exec(
        find_browser(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *(f"--user-data-dir={home / 'profile'}", "--enable-logging=stderr"),
        *("--virtual-time-budget=20000", "--dump-dom", url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(home)},
    )
    async with asyncio.timeout(SECONDS):
        page, log = await browser.communicate()
    return page.decode(), log.decode(errors="replace")


async def test_the_page_shows_every_route_and_the_browser_has_no_complaint(tmp_path: Path) -> None:
    async with new_daemon(tmp_path).started() as api:
        page, log = await rendered(f"{api.url}/docs", tmp_path)

    for route in declared_routes():
        assert f'id="operations-{route.tag.replace(" ", "_")}-{operation_id(route)}"' in page
    assert "Authorize" in page
    assert "Content Security Policy" not in log
    assert ":CONSOLE" not in log
