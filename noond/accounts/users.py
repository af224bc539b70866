"""Users: who they are and what they may do. Nobody gives away more than they have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from noond.accounts.devices import Devices
from noond.accounts.passwords import Passwords, check_new
from noond.accounts.sign_in import EndStreams, SignIns
from noond.clock import Clock, new_id
from noond.errors import Conflict, Forbidden, SignInRefused
from noond.models.account import Principal, Role, User
from noond.models.schedule import zone_named
from noond.store import users
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

EndWork = Callable[[str], Awaitable[None]]
"""Cancels the runs of this user that have not ended."""

_DEVICES_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What is asked for; the password as its hash."""

    name: str
    role: Role
    timezone: str
    password_hash: str | None


class Users:
    """Keeps the users table, and ends what their credentials opened."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sign_ins: SignIns,
        devices: Devices,
        *,
        clock: Clock,
        end_streams: EndStreams,
        end_work: EndWork,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sign_ins = sign_ins
        self._devices = devices
        self._clock = clock
        self._end_streams = end_streams
        self._end_work = end_work

    async def prepare(
        self, *, name: str, role: Role, timezone: str, password: str | None
    ) -> NewUser:
        """Check what is asked for, and hash the password; raises Invalid."""
        zone_named(timezone)
        hashed = None
        if password is not None:
            check_new(password, name=name)
            hashed = await self._passwords.hash(password)
        return NewUser(name=name, role=role, timezone=timezone, password_hash=hashed)

    def create(self, tx: Transaction, granter: Principal, new: NewUser) -> User:
        """Store a new user; raises Forbidden for a role that the granter can't give, Conflict."""
        if not granter.may_give_role(new.role):
            raise Forbidden(f"your credential can't make a user with the role `{new.role}`")
        _check_name(tx, new.name)
        user = User(
            id=new_id(),
            name=new.name,
            timezone=new.timezone,
            created_at=self._clock.now(),
            role=new.role,
            has_password=new.password_hash is not None,
        )
        users.insert(tx, user, password_hash=new.password_hash)
        return user

    async def list_page(self, *, limit: int, before_id: str | None = None) -> list[User]:
        """All users, newest first."""
        return await self._database.read(
            lambda c: users.list_page_all_users(c, limit=limit, before_id=before_id)
        )

    async def get(self, user_id: str) -> User:
        """The user; raises NotFound."""
        return await self._database.read(lambda c: users.get(c, user_id))

    async def change(
        self,
        granter: Principal,
        user_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        timezone: str | None = None,
    ) -> tuple[User, User]:
        """Change what is given; returns the user before and after.

        Raises NotFound, Forbidden, Conflict for a name that is taken or when no owner would
        remain, Invalid for an unknown zone.
        """
        if timezone is not None:
            zone_named(timezone)

        def store(tx: Transaction) -> tuple[User, User]:
            before = _of_lower_rank(tx, granter, user_id)
            after = replace(
                before,
                name=before.name if name is None else name,
                role=before.role if role is None else role,
                timezone=before.timezone if timezone is None else timezone,
            )
            if after.role is not before.role:
                if not granter.may_give_role(after.role):
                    raise Forbidden(f"your credential can't give the role `{after.role}`")
                _keep_an_owner(tx, before)
            if users.login_of(after.name) != users.login_of(before.name):
                _check_name(tx, after.name)
            users.update(tx, user_id, name=after.name, role=after.role, timezone=after.timezone)
            return before, after

        before, after = await self._database.write(store)
        if after.role is not before.role:
            self._end_streams(user_id, None)  # they were opened with the rights of before
        return before, after

    async def set_password(self, granter: Principal, user_id: str, password: str) -> None:
        """Give a user a password, which ends their sign-ins. Raises NotFound, Forbidden, Invalid.

        Whoever sets a password can sign in with it, so it takes all that the user may do.
        """
        user = await self._database.read(lambda c: _of_lower_rank(c, granter, user_id))
        check_new(password, name=user.name)
        hashed = await self._passwords.hash(password)

        def store(tx: Transaction) -> None:
            _of_lower_rank(tx, granter, user_id)
            users.set_password(tx, user_id, hashed)
            self._sign_ins.end_all(tx, user_id, reason="password")

        await self._database.write(store)
        self._end_streams(user_id, None)

    async def change_own_password(self, user: User, present: str, password: str) -> None:
        """Replace a password by its owner; raises SignInRefused when `present` is wrong, Invalid.

        Ends all their sign-ins, this one too.
        """
        known = await self._database.read(lambda c: users.password_hash(c, user.id))
        if not await self._passwords.verify(known, present):
            raise SignInRefused("the present password is wrong")
        check_new(password, name=user.name)
        hashed = await self._passwords.hash(password)

        def store(tx: Transaction) -> None:
            if users.password_hash(tx, user.id) != known:
                raise Conflict("the password was changed in the meantime")
            users.set_password(tx, user.id, hashed)
            self._sign_ins.end_all(tx, user.id, reason="password")

        await self._database.write(store)
        self._end_streams(user.id, None)

    async def remove(self, granter: Principal, user_id: str) -> None:
        """Shut a user out at once, end their work, and delete everything that was theirs.

        Raises NotFound, Forbidden, Conflict for oneself and the last owner.
        """
        now = self._clock.now()

        def shut_out(tx: Transaction) -> None:
            user = _of_lower_rank(tx, granter, user_id)
            if user_id == granter.user_id:
                raise Conflict("nobody removes themselves; ask another owner or administrator")
            _keep_an_owner(tx, user)
            self._sign_ins.end_all(tx, user_id, reason="removed")
            users.mark_removed(tx, user_id, at=now)

        await self._database.write(shut_out)
        self._end_streams(user_id, None)
        while found := await self._devices.list_page(user_id, limit=_DEVICES_AT_ONCE):
            for device in found:
                await self._devices.revoke(user_id, device.id)
        await self._end_work(user_id)
        await self.clear_up()

    async def clear_up(self) -> None:
        """Delete what belonged to removed users; what a run still holds waits for the next time."""
        for user_id in await self._database.read(users.list_removed_all_users):
            await self._database.write(partial(users.delete_removed, user_id=user_id))


def _of_lower_rank(connection: Connection, granter: Principal, user_id: str) -> User:
    """The user, if the granter may act on them; everybody may act on themselves with full rights.

    Raises NotFound and Forbidden.
    """
    user = users.get(connection, user_id)
    themselves = user_id == granter.user_id and granter.may_grant(user.role.scopes)
    if not themselves and not granter.may_give_role(user.role):
        raise Forbidden(f"your credential can't act on a user with the role `{user.role}`")
    return user


def _keep_an_owner(tx: Transaction, user: User) -> None:
    if user.role is Role.OWNER and users.count_owners_all_users(tx) == 1:
        raise Conflict("the last owner must stay one; make somebody else an owner first")


def _check_name(tx: Transaction, name: str) -> None:
    if users.find_by_name_all_users(tx, name) is not None:
        raise Conflict(f"there is a user called {name} already")
