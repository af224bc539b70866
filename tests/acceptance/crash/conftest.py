"""A place where daemons are killed. Tests of a module share it: each kill has files of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crash_site import CrashSite, Notebook


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """A site whose device keeps the ids it applied, as the bundled one does."""
    site = CrashSite(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashSite]:
    """A site whose device keeps no ids: the negative control."""
    site = CrashSite(tmp_path_factory.mktemp("forgetful"), Notebook(keeps_ids=False))
    yield site
    site.close()
