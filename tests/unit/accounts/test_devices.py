from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.accounts.activities import ACTIVITY_LOGGED, Activities
from noond.accounts.devices import Devices
from noond.accounts.tokens import Token
from noond.errors import NotFound
from noond.events import EventBus
from noond.store import devices as table
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.tasks import Supervisor

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


Closed = list[tuple[str, str]]


@pytest.fixture
def closed() -> Closed:
    return []


@pytest.fixture
def bus(clock: ManualClock) -> EventBus:
    return EventBus(clock=clock)


@pytest.fixture
def activities(database: Database, clock: ManualClock, bus: EventBus) -> Activities:
    return Activities(database, bus, clock=clock, keep_days=90)


@pytest.fixture
async def devices(
    database: Database, clock: ManualClock, bus: EventBus, activities: Activities, closed: Closed
) -> AsyncIterator[Devices]:
    async with Supervisor() as tasks:
        yield Devices(
            database,
            bus,
            activities,
            tasks,
            clock=clock,
            close_socket=lambda user, device: closed.append((user, device)),
        )


async def pair(database: Database, devices: Devices, user: str, device: str) -> Token:
    return await database.write(lambda tx: devices.pair(tx, user, device, name="N"))


async def rotate(database: Database, devices: Devices) -> Token:
    return await database.write(lambda tx: devices.rotate_token(tx, "ana", "laptop"))


async def opens(devices: Devices, token: Token) -> bool:
    return await devices.authenticate(token.secret) is not None


async def test_a_token_names_its_device(database: Database, devices: Devices) -> None:
    token = await pair(database, devices, "ana", "laptop")
    await pair(database, devices, "ben", "laptop")

    device = await devices.authenticate(token.secret)

    assert device is not None
    assert (device.user_id, device.id) == ("ana", "laptop")


async def test_a_rotated_token_works_until_the_new_one_was_used(
    database: Database, devices: Devices
) -> None:
    old = await pair(database, devices, "ana", "laptop")
    new = await rotate(database, devices)

    assert await opens(devices, old)
    assert await opens(devices, old)
    assert await opens(devices, new)
    assert not await opens(devices, old)
    assert await opens(devices, new)


async def test_a_new_token_that_got_lost_does_not_lock_the_device_out(
    database: Database, devices: Devices
) -> None:
    used = await pair(database, devices, "ana", "laptop")
    lost = await rotate(database, devices)
    new = await rotate(database, devices)

    assert await opens(devices, used)
    assert not await opens(devices, lost)
    assert await opens(devices, new)
    assert not await opens(devices, used)


async def test_revoking_ends_both_tokens_and_tells(
    database: Database, devices: Devices, closed: Closed
) -> None:
    old = await pair(database, devices, "ana", "laptop")
    new = await rotate(database, devices)

    await devices.revoke("ana", "laptop")

    assert closed == [("ana", "laptop")]
    assert not await opens(devices, old)
    assert not await opens(devices, new)
    assert await devices.list_page("ana", limit=10) == []


async def test_another_users_device_is_not_found(
    database: Database, devices: Devices, closed: Closed
) -> None:
    token = await pair(database, devices, "ana", "laptop")

    with pytest.raises(NotFound):
        await devices.revoke("ben", "laptop")
    with pytest.raises(NotFound):
        await database.write(lambda tx: devices.rotate_token(tx, "ben", "laptop"))

    assert await opens(devices, token)
    assert closed == []


async def test_a_revoked_device_can_be_paired_again(database: Database, devices: Devices) -> None:
    old = await pair(database, devices, "ana", "laptop")
    await devices.revoke("ana", "laptop")

    new = await pair(database, devices, "ana", "laptop")

    assert await opens(devices, new)
    assert not await opens(devices, old)


async def test_hello_after_a_revocation_is_refused(
    database: Database, devices: Devices, clock: ManualClock
) -> None:
    def hello(tx: Transaction) -> bool:
        return table.greet(
            tx,
            "ana",
            "laptop",
            name=None,
            platform="linux",
            app_version="1",
            capabilities=frozenset({"manifest"}),
            now=clock.now(),
        )

    await pair(database, devices, "ana", "laptop")
    assert await database.write(hello)
    [device] = await devices.list_page("ana", limit=10)
    assert (device.name, device.platform, device.capabilities) == (
        "N",
        "linux",
        frozenset({"manifest"}),
    )
    assert device.last_seen_at == clock.now()

    await devices.revoke("ana", "laptop")
    assert not await database.write(hello)


async def test_pages_follow_each_other_without_gap_or_repetition(
    database: Database, devices: Devices, clock: ManualClock
) -> None:
    for number in range(7):
        await pair(database, devices, "ana", f"d{number}")
        if number % 2:
            clock.advance(timedelta(seconds=1))
    seen: list[str] = []
    before = None
    while page := await devices.list_page("ana", limit=2, before=before):
        seen += [device.id for device in page]
        before = (page[-1].created_at, page[-1].id)

    assert seen == ["d6", "d5", "d4", "d3", "d2", "d1", "d0"]


async def test_a_device_that_comes_and_goes_is_logged_once_an_hour(
    devices: Devices, activities: Activities, bus: EventBus, clock: ManualClock
) -> None:
    with bus.subscribe("ana", topics=frozenset({ACTIVITY_LOGGED})) as events:
        for _ in range(3):
            devices.came_online("ana", "laptop")
            devices.went_offline("ana", "laptop")
        devices.came_online("ana", "phone")
        heard = {(await events.next()).data["metadata"]["device_id"] for _ in range(2)}
        clock.advance(timedelta(hours=1))
        devices.came_online("ana", "laptop")
        await events.next()

    assert heard == {"laptop", "phone"}
    found = await activities.list("ana", limit=10)
    assert [each.metadata["device_id"] for each in found].count("laptop") == 2
    assert len(found) == 3
