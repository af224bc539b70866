"""The archive of the audit log: nothing is lost on the way, and what is done to it is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audit_rows import EVENT, ROWS, problems, write

from noond.accounts import audit as audit_module
from noond.accounts.audit import AuditLog
from noond.accounts.audit_files import ArchiveFiles
from noond.models.audit import AuditFilter
from noond.store import audit as rows_of_audit
from noond.store.database import Database

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


@pytest.fixture
async def archived(audit: AuditLog, clock: ManualClock, archive: Path) -> Path:
    """Six rows of August and four of September are archived, two of December are not."""
    clock.advance(timedelta(days=-100))
    await write(audit)
    clock.advance(timedelta(days=30))
    await write(audit, 4)
    clock.advance(timedelta(days=91))
    await write(audit, 2)
    assert await audit.archive_old(audit.oldest_kept()) == 10
    return archive


async def test_old_rows_are_moved_to_a_file_a_month(archived: Path, audit: AuditLog) -> None:
    files = sorted(archived.iterdir())
    assert [file.name for file in files] == ["audit-2026-08.jsonl", "audit-2026-09.jsonl"]
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 11))
    assert lines[0]["resource_id"] == "a1"
    assert archived.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}

    found = await audit.verify()
    assert (found.ok, found.rows, found.archived_rows) == (True, 2, 10)
    assert (found.first_seq, found.last_seq) == (1, 12)
    assert [entry.seq for entry in await audit.list(AuditFilter(), limit=9)] == [12, 11]
    assert await audit.archive_old(audit.oldest_kept()) == 0


def edit(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    file.write_text("".join(change(file.read_text().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda t: [*t[:1], t[1].replace('"status":201', '"status":200'), *t[2:]], "line 2 was"),
        (lambda t: [*t[:1], t[1].replace(",", ", ", 1), *t[2:]], "line 2 was changed"),
        (lambda t: [*t[:1], t[1].replace("}", ',"x":1}'), *t[2:]], "line 2 was changed"),
        (lambda t: [*t[:1], "nonsense\n", *t[2:]], "line 2 was changed"),
        (lambda t: [*t[:1], "[]\n", *t[2:]], "line 2 was changed"),
        (lambda t: [*t[:1], *t[2:]], "row 2 is missing before audit-2026-08.jsonl line 2"),
        (lambda t: t[1:], "row 1 is missing before audit-2026-08.jsonl line 1"),
        (lambda t: [*t[:2], *t[1:]], "audit-2026-08.jsonl line 3 stands where row 3 should"),
        (lambda t: [t[1], t[0], *t[2:]], "line 2 stands where row 3 should"),
    ],
)
async def test_an_edited_archive_is_found(
    archived: Path, audit: AuditLog, change: Callable[[list[str]], list[str]], found: str
) -> None:
    edit(archived / "audit-2026-08.jsonl", change)

    assert any(found in problem for problem in await problems(audit))


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        (lambda d: (d / "audit-2026-08.jsonl").unlink(), "rows 1 to 6 are missing before audit-"),
        (lambda d: (d / "audit-2026-09.jsonl").unlink(), "rows 7 to 10 are missing in the archive"),
        (
            lambda d: edit(d / "audit-2026-09.jsonl", lambda t: t[:-1]),
            "row 10 is missing in the archive",
        ),
    ],
)
async def test_what_is_gone_from_the_archive_is_found(
    archived: Path, audit: AuditLog, deed: Callable[[Path], None], found: str
) -> None:
    deed(archived)

    (problem,) = await problems(audit)
    assert found in problem


async def test_a_clock_that_was_set_back_keeps_the_order(
    audit: AuditLog, clock: ManualClock, archive: Path
) -> None:
    await write(audit, 1)
    clock.advance(timedelta(days=-20_000))
    await write(audit, 1)
    clock.advance(timedelta(days=20_001))
    await write(audit, 1)
    assert await audit.archive_old(audit.oldest_kept()) == 0
    clock.advance(timedelta(days=91))

    assert await audit.archive_old(audit.oldest_kept()) == 3
    assert [file.name for file in archive.iterdir()] == ["audit-2026-11.jsonl"]
    assert (await audit.verify()).ok


async def test_many_rows_go_in_steps(
    audit: AuditLog, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "_AT_ONCE", 4)
    await write(audit, 11)
    clock.advance(timedelta(days=91))

    assert await audit.archive_old(audit.oldest_kept()) == 11
    found = await audit.verify()
    assert (found.ok, found.rows, found.archived_rows) == (True, 0, 11)
    await write(audit, 1)
    assert [entry.seq for entry in await audit.list(AuditFilter(), limit=2)] == [12]
    assert (await audit.verify()).ok


async def test_a_line_that_is_not_of_the_log_takes_no_row_with_it(
    audit: AuditLog, clock: ManualClock, archived: Path, database: Database
) -> None:
    """A forged last line that claims later rows must not pass for them."""
    file = archived / "audit-2026-09.jsonl"
    forged = json.loads(file.read_text().splitlines()[-1]) | {"seq": 12}
    with file.open("a") as lines:
        lines.write(json.dumps(forged, separators=(",", ":")) + "\n")
    clock.advance(timedelta(days=91))

    await audit.archive_old(audit.oldest_kept())

    content = (archived / "audit-2026-12.jsonl").read_text()
    told = [json.loads(line) for line in content.splitlines()]
    assert [line["seq"] for line in told] == [11, 12]
    assert not (await audit.verify()).ok


async def test_a_half_line_and_a_whole_one_from_a_kill_are_completed(
    audit: AuditLog, clock: ManualClock, archive: Path, database: Database
) -> None:
    await write(audit)
    clock.advance(timedelta(days=91))
    files = ArchiveFiles(archive)
    rows = await database.read(partial(rows_of_audit.chunk, after=0, through=ROWS, limit=ROWS))
    await audit.record(EVENT)
    files.append(rows[:4])
    (file,) = archive.iterdir()
    with file.open("r+b") as content:
        content.truncate(file.stat().st_size - 20)

    assert await audit.archive_old(audit.oldest_kept()) == ROWS
    assert [json.loads(line)["seq"] for line in file.read_text().split("\n") if line] == [
        1, 2, 3, 4, 5, 6,
    ]  # fmt: skip
    assert (await audit.verify()).ok
