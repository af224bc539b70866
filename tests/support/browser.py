"""A real Chromium, headless, that opens a page and stays until it is told to go."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str:
    """The program; without one the test is skipped, and fails in continuous integration."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    missing = "needs Chromium; on Debian and Ubuntu: apt install chromium"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@asynccontextmanager
async def browsing(url: str, home: Path, *flags: str) -> AsyncIterator[None]:
    """Show a page while the block runs."""
    with (home / "chromium.log").open("wb") as log:
        browser = await asyncio.create_subprocess_exec(
            find_browser(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            # What the browser itself would stop must not hide what noond would let in.
            "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            f"--user-data-dir={home / 'profile'}",
            *flags,
            url,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(home)},
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(browser.pid, 9)
            await browser.wait()
