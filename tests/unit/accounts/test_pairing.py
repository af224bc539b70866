from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.accounts.pairing import NewCode, Pairing
from noond.accounts.vault import Vault
from noond.errors import Conflict
from noond.store import devices
from noond.store.database import Database
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


@pytest.fixture
def pairing(clock: ManualClock) -> Pairing:
    return Pairing(Vault(bytes(32)), clock=clock)


async def new_code(database: Database, pairing: Pairing, device_id: str | None = None) -> NewCode:
    return await database.write(lambda tx: pairing.create(tx, "ana", device_id))


async def try_code(database: Database, pairing: Pairing, text: str, device_id: str) -> bool:
    def attempt(tx: Transaction) -> bool:
        code = pairing.find(tx, text)
        return code is not None and pairing.accept(tx, code, device_id)

    return await database.write(attempt)


def with_wrong_end(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


async def test_a_code_is_short_and_readable(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing)

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code.text)


async def test_a_code_pairs_once(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing)

    assert await try_code(database, pairing, code.text, "laptop")
    assert not await try_code(database, pairing, code.text, "laptop")


async def test_a_code_may_be_typed_as_people_type(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing)
    typed = code.text.lower().replace("-", "  ").replace("0", "o").replace("1", "l")

    assert await try_code(database, pairing, f" {typed} ", "laptop")


async def test_a_code_lasts_five_minutes(
    database: Database, pairing: Pairing, clock: ManualClock
) -> None:
    code = await new_code(database, pairing)
    late = await new_code(database, pairing)
    assert code.expires_at == clock.now() + timedelta(minutes=5)

    clock.advance(timedelta(minutes=5) - timedelta(milliseconds=1))
    assert await try_code(database, pairing, code.text, "laptop")
    clock.advance(timedelta(milliseconds=1))
    assert not await try_code(database, pairing, late.text, "phone")


async def test_five_near_misses_end_a_code(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing)

    for _ in range(5):
        assert not await try_code(database, pairing, with_wrong_end(code.text), "laptop")

    assert not await try_code(database, pairing, code.text, "laptop")


async def test_four_near_misses_leave_one_try(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing)

    for _ in range(4):
        await try_code(database, pairing, with_wrong_end(code.text), "laptop")

    assert await try_code(database, pairing, code.text, "laptop")


async def test_guesses_at_random_do_not_end_other_codes(
    database: Database, pairing: Pairing
) -> None:
    code = await new_code(database, pairing)
    elsewhere = ("0" if code.text[0] != "0" else "1") + code.text[1:]

    for _ in range(20):
        assert not await try_code(database, pairing, elsewhere, "laptop")

    assert await try_code(database, pairing, code.text, "laptop")


async def test_a_code_for_one_device_lets_no_other_in(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing, "laptop")

    for _ in range(4):
        assert not await try_code(database, pairing, code.text, "phone")

    assert await try_code(database, pairing, code.text, "laptop")


async def test_five_wrong_devices_end_a_code(database: Database, pairing: Pairing) -> None:
    code = await new_code(database, pairing, "laptop")

    for _ in range(5):
        await try_code(database, pairing, code.text, "phone")

    assert not await try_code(database, pairing, code.text, "laptop")


async def test_a_code_for_anybody_claims_no_device_that_exists(
    database: Database, pairing: Pairing, clock: ManualClock
) -> None:
    await database.write(
        lambda tx: devices.pair(
            tx, "ana", "laptop", name="L", token_hash=b"1" * 32, now=clock.now()
        )
    )
    code = await new_code(database, pairing)

    with pytest.raises(Conflict, match="laptop"):
        await try_code(database, pairing, code.text, "laptop")

    assert await try_code(database, pairing, code.text, "phone")


async def test_another_key_does_not_recognise_the_code(
    database: Database, pairing: Pairing, clock: ManualClock
) -> None:
    code = await new_code(database, pairing)
    stranger = Pairing(Vault(b"x" * 32), clock=clock)

    assert not await try_code(database, stranger, code.text, "laptop")


@pytest.mark.parametrize("text", ["", "-", "ABC", "ABCD-EFGHJ", "ABCD-EFGU", "ÀBCD-EFGH", "\0" * 8])
async def test_what_can_be_no_code_is_none(database: Database, pairing: Pairing, text: str) -> None:
    assert not await try_code(database, pairing, text, "laptop")
