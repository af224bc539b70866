"""The chain of the audit log: whatever is done to its rows is found and named."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from audit_rows import EVENT, ROWS, problems, sql, write

from noond.accounts.audit import AuditLog
from noond.accounts.audit_chain import canonical
from noond.accounts.vault import Vault
from noond.models.audit import COLUMNS, Action, AuditEvent
from noond.store import meta
from noond.store.database import Database

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


async def test_a_log_is_whole_as_it_grows(audit: AuditLog) -> None:
    empty = await audit.verify()
    assert (empty.ok, empty.rows, empty.first_seq, empty.last_seq) == (True, 0, None, None)

    await write(audit)

    found = await audit.verify()
    assert (found.ok, found.rows, found.first_seq, found.last_seq) == (True, ROWS, 1, ROWS)


@pytest.mark.parametrize("column", [*(c for c in COLUMNS if c != "seq"), "mac"])
@pytest.mark.parametrize("seq", [1, 3, ROWS])
async def test_an_edited_value_is_found(
    audit: AuditLog, database: Database, column: str, seq: int
) -> None:
    await write(audit)
    value = {"at": "at + 1", "status": "200", "mac": "zeroblob(32)"}.get(column, "'other'")
    await sql(database, f"UPDATE audit_log SET {column} = {value} WHERE seq = {seq}")

    assert f"row {seq} was changed" in await problems(audit)


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        ("DELETE FROM audit_log WHERE seq = 1", ["row 1 is missing before row 2"]),
        ("DELETE FROM audit_log WHERE seq IN (3, 4)", ["rows 3 to 4 are missing before row 5"]),
        (f"DELETE FROM audit_log WHERE seq = {ROWS}", [f"row {ROWS} is missing at the end"]),
        ("DELETE FROM audit_log", [f"rows 1 to {ROWS} are missing at the end"]),
        ("UPDATE audit_log SET mac = 'text' WHERE seq = 2", ["row 2 was changed", "row 3 was"]),
        ("UPDATE audit_log SET status = x'00' WHERE seq = 2", ["row 2 was changed"]),
    ],
)
async def test_what_was_done_is_named(
    audit: AuditLog, database: Database, deed: str, found: list[str]
) -> None:
    await write(audit)
    await sql(database, deed)

    told = await problems(audit)

    assert len(told) == len(found)
    for problem, expected in zip(told, found, strict=True):
        assert problem.startswith(expected)


async def test_swapped_rows_are_found(audit: AuditLog, database: Database) -> None:
    for number in range(ROWS):
        await audit.record(AuditEvent(actor=EVENT.actor, action=Action.READ, resource=f"r{number}"))
    await sql(
        database,
        "UPDATE audit_log SET seq = -1 WHERE seq = 2",
        "UPDATE audit_log SET seq = 2 WHERE seq = 3",
        "UPDATE audit_log SET seq = 3 WHERE seq = -1",
    )

    told = await problems(audit)

    assert "row 2 was changed" in told
    assert "row 3 was changed" in told


async def test_the_last_rows_can_not_go_unseen_when_the_end_is_set_back(
    audit: AuditLog, database: Database
) -> None:
    """Not even as it stood after an earlier row, whose signature everybody can read."""
    await write(audit)
    mac = await database.read(
        lambda c: c.execute("SELECT hex(mac) FROM audit_log WHERE seq = 4").fetchone()[0]
    )
    seal = (await database.read(lambda c: meta.find(c, "audit_head")) or "").split()[2]
    await sql(
        database,
        "DELETE FROM audit_log WHERE seq > 4",
        f"UPDATE meta SET value = '4 {mac.lower()} {seal}' WHERE name = 'audit_head'",
    )
    assert "the sealed end of the log was changed" in await problems(audit)

    await write(audit, 1)  # the log goes on, and does not heal

    assert await problems(audit) == ("row 5 was added when the end of the log had been changed",)


async def test_an_end_that_was_taken_away_is_found(audit: AuditLog, database: Database) -> None:
    await write(audit)
    await sql(database, "DELETE FROM meta WHERE name = 'audit_head'")
    assert await problems(audit) == (f"rows 1 to {ROWS} are not of the log",)

    await write(audit, 2)

    assert await problems(audit) == (
        f"row {ROWS + 1} was added when the end of the log had been changed",
    )


async def test_rows_put_in_behind_the_end_do_not_stop_the_log(
    audit: AuditLog, database: Database
) -> None:
    await write(audit)
    columns = ", ".join(c for c in (*COLUMNS, "mac") if c != "seq")
    await sql(
        database,
        f"INSERT INTO audit_log (seq, {columns}) SELECT 7, {columns} FROM audit_log WHERE seq = 6",
    )
    assert await problems(audit) == ("row 7 was changed", "row 7 is not of the log")

    await write(audit, 1)

    assert await problems(audit) == (
        "row 7 was changed",
        "row 8 was added when the end of the log had been changed",
    )


async def test_another_key_recognises_nothing(
    audit: AuditLog, database: Database, clock: ManualClock, archive: Path
) -> None:
    await write(audit, 2)
    stranger = AuditLog(database, Vault(b"\1" * 32), clock=clock, archive=archive, keep_days=90)
    assert not (await stranger.verify()).ok


def test_the_signed_form_does_not_change() -> None:
    """Rows that were signed by an earlier version must stay verifiable."""
    row: dict[str, Any] = {name: f"{name} ü" for name in COLUMNS} | {"seq": 1, "at": 2, "ip": None}
    assert canonical(row).startswith(b'[1,2,"actor_id \\u00fc","actor_name \\u00fc",')
    assert hashlib.sha256(canonical(row)).hexdigest() == SIGNED_FORM


SIGNED_FORM = "b6e2d0797dd01dd47d30f4e68aceb1fd56119ec77c58c7198bd12cb87103c750"
