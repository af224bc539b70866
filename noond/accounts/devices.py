"""The devices of a user: who they are, how they are let in and shut out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from noond.accounts.activities import Activities
from noond.accounts.tokens import DEVICE_TOKEN_PREFIX, Token, new_token, token_hash
from noond.clock import Clock
from noond.errors import NotFound, StorageError
from noond.events import EventBus
from noond.models.activity import ActivityKind
from noond.models.device import Device
from noond.store import agents, devices, journal
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

DEVICE_PAIRED: Final = "device.paired"
DEVICE_REMOVED: Final = "device.removed"
DEVICE_ONLINE: Final = "device.online"
DEVICE_OFFLINE: Final = "device.offline"

_LOGGED_EVERY: Final = timedelta(hours=1)

CloseSocket = Callable[[str, str], None]
"""Closes the socket of the device of this user and id, if it has one; must not wait."""


class Devices:
    """Keeps the devices table, closes the sockets of devices whose tokens have ended, and tells
    listeners what has become of a device.
    """

    def __init__(
        self,
        database: Database,
        bus: EventBus,
        activities: Activities,
        tasks: Supervisor,
        *,
        clock: Clock,
        close_socket: CloseSocket,
    ) -> None:
        self._database = database
        self._bus = bus
        self._activities = activities
        self._tasks = tasks
        self._clock = clock
        self._close_socket = close_socket
        self._logged_at: dict[tuple[str, str], datetime] = {}

    async def authenticate(self, secret: str) -> Device | None:
        """The device that this token lets in; the first use of a new token ends the old one."""
        hashed = token_hash(secret, DEVICE_TOKEN_PREFIX)
        if hashed is None:
            return None
        found = await self._database.read(lambda c: devices.find_by_token_all_users(c, hashed))
        if found is None:
            return None
        device, replaces = found
        if replaces:
            await self._database.write(
                lambda tx: devices.end_previous_token(
                    tx, device.user_id, device.id, token_hash=hashed
                )
            )
        return device

    async def list_page(
        self, user_id: str, *, limit: int, before: tuple[datetime, str] | None = None
    ) -> list[Device]:
        """The devices that are let in, newest first, paired before this time and id."""
        return await self._database.read(
            lambda c: devices.list_page(c, user_id, limit=limit, before=before)
        )

    def pair(self, tx: Transaction, user_id: str, device_id: str, *, name: str) -> Token:
        """Let a device in, within the transaction that uses its code up.

        Call `paired` after the commit.
        """
        token = new_token(DEVICE_TOKEN_PREFIX)
        devices.pair(
            tx, user_id, device_id, name=name, token_hash=token.hash, now=self._clock.now()
        )
        return token

    def paired(self, user_id: str, device_id: str) -> None:
        """The device is let in by a new token: what an older one had opened is closed."""
        self._close_socket(user_id, device_id)
        self._tell(DEVICE_PAIRED, user_id, device_id)

    def came_online(self, user_id: str, device_id: str) -> None:
        """The device has said hello: an activity, for each device once an hour at most."""
        self._tell(DEVICE_ONLINE, user_id, device_id)
        now, last = self._clock.now(), self._logged_at.get((user_id, device_id))
        if last is None or now - last >= _LOGGED_EVERY:
            self._logged_at[user_id, device_id] = now
            self._tasks.start(
                self._log_connection(user_id, device_id), name=f"log-connection-{device_id}"
            )

    def went_offline(self, user_id: str, device_id: str) -> None:
        """The device has no socket any more."""
        self._tell(DEVICE_OFFLINE, user_id, device_id)

    def rotate_token(self, tx: Transaction, user_id: str, device_id: str) -> Token:
        """A new token; the old one works until the new one was used. Raises NotFound."""
        token = new_token(DEVICE_TOKEN_PREFIX)
        if not devices.rotate_token(tx, user_id, device_id, token_hash=token.hash):
            raise NotFound("there is no such device")
        return token

    async def revoke(self, user_id: str, device_id: str) -> None:
        """Shut the device out: its tokens end, its socket is closed, its agents are paused, what
        it was still to get has failed as `device_revoked`. Raises NotFound.
        """
        now = self._clock.now()

        def shut_out(tx: Transaction) -> None:
            if not devices.revoke(tx, user_id, device_id, now=now):
                raise NotFound("there is no such device")
            agents.pause_of_device(tx, user_id, device_id, now=now)
            journal.fail_of_device(
                tx,
                user_id,
                device_id,
                code="device_revoked",
                error="the device was removed",
                now=now,
            )

        await self._database.write(shut_out)
        self._close_socket(user_id, device_id)
        self._tell(DEVICE_REMOVED, user_id, device_id)

    async def _log_connection(self, user_id: str, device_id: str) -> None:
        try:
            activity = await self._database.write(
                lambda tx: self._activities.log(
                    tx,
                    user_id,
                    ActivityKind.CONNECTION_ESTABLISHED,
                    description=f"the device {device_id} has connected",
                    metadata={"device_id": device_id},
                )
            )
        except StorageError as error:
            log.warning("connection_not_logged", device=device_id, error=error.message)
        else:
            self._activities.told(activity)

    def _tell(self, topic: str, user_id: str, device_id: str) -> None:
        self._bus.publish(user_id, topic, device_id, {"device_id": device_id})
