"""Users: add, list, look at, change, remove."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from noond.accounts.passwords import LONGEST, SHORTEST
from noond.accounts.users import Users
from noond.api.fields import Line, Moment, Name
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.errors import Conflict, Forbidden, IdempotencyConflict, NotFound
from noond.models.account import Role, Scope, User
from noond.models.audit import Action
from noond.store.rows import Transaction

NewPassword = Annotated[
    SecretStr,
    Field(max_length=LONGEST, description=f"At least {SHORTEST} characters, of any kind."),
]
Zone = Annotated[Line, Field(min_length=1, max_length=100, description="An IANA name.")]


class NewUser(Body):
    """A new user. Without a password they can't sign in until they are given one."""

    name: Name
    password: NewPassword | None = None
    role: Role = Role.USER
    timezone: Zone | None = Field(None, description="By default yours.")


class UserChanges(Body):
    """What is to change; what is left out stays."""

    # Only the fields that were sent are looked at. The factories keep the others from having a
    # default in the API's description.
    name: Name = Field(default_factory=str)
    role: Role = Field(default_factory=lambda: Role.USER)
    timezone: Zone = Field(default_factory=str)


class SetPassword(Body):
    """A new password."""

    password: NewPassword


class UserReply(Reply):
    """A user."""

    id: str
    name: str
    role: Role
    timezone: str
    has_password: bool
    created_at: Moment


def show_user(user: User) -> UserReply:
    """The user as the API shows them."""
    return UserReply.model_validate(user)


def routes(users: Users, idempotency: Idempotency) -> tuple[Route, ...]:
    """The routes of users."""

    async def create(call: Call) -> Answer:
        body = call.body(NewUser)
        new = await users.prepare(
            name=body.name,
            role=body.role,
            timezone=body.timezone or call.principal.user.timezone,
            password=body.password.get_secret_value() if body.password else None,
        )

        def work(tx: Transaction) -> Made:
            user = users.create(tx, call.principal, new)
            return Made(status=201, reply=show_user(user), object_id=user.id)

        return await idempotency.run(call, work)

    async def list_users(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await users.list_page(limit=query.limit + 1, before_id=query.after())
        return page_of(
            Page[UserReply],
            found,
            limit=query.limit,
            show=show_user,
            place=lambda user: user.id,
        )

    async def get(call: Call) -> Answer:
        return show_user(await users.get(call.path["user_id"]))

    async def change(call: Call) -> Answer:
        body = call.body(UserChanges)
        changes = body.model_dump(exclude_unset=True)
        before, after = await users.change(call.principal, call.path["user_id"], **changes)
        call.audit.changed(show_user(before).model_dump(), show_user(after).model_dump())
        return show_user(after)

    async def set_password(call: Call) -> Answer:
        password = call.body(SetPassword).password.get_secret_value()
        await users.set_password(call.principal, call.path["user_id"], password)
        return None

    async def remove(call: Call) -> Answer:
        await users.remove(call.principal, call.path["user_id"])
        return None

    path = "/api/v1/users"
    return (
        Route(
            method="POST",
            path=path,
            tag="Users",
            summary="Add a user",
            description="Nobody gives a role that can do more than their own credential.",
            access=Scope.USERS_WRITE,
            rate=Rate.WRITE,
            handler=create,
            body=NewUser,
            reply=UserReply,
            status=201,
            errors=(Forbidden, Conflict, IdempotencyConflict),
            idempotent=True,
        ),
        Route(
            method="GET",
            path=path,
            tag="Users",
            summary="List the users",
            description="Newest first.",
            access=Scope.USERS_READ,
            rate=Rate.READ,
            handler=list_users,
            query=PageQuery,
            reply=Page[UserReply],
        ),
        Route(
            method="GET",
            path=f"{path}/{{user_id}}",
            tag="Users",
            summary="Look at a user",
            description="Without what is theirs, which nobody else sees.",
            access=Scope.USERS_READ,
            rate=Rate.READ,
            handler=get,
            reply=UserReply,
            errors=(NotFound,),
        ),
        Route(
            method="PATCH",
            path=f"{path}/{{user_id}}",
            tag="Users",
            summary="Change a user",
            description="A new role counts at once, for their keys and sign-ins too. The last "
            "owner stays one.",
            access=Scope.USERS_WRITE,
            rate=Rate.WRITE,
            handler=change,
            body=UserChanges,
            reply=UserReply,
            errors=(NotFound, Forbidden, Conflict),
        ),
        Route(
            method="POST",
            path=f"{path}/{{user_id}}/password",
            tag="Users",
            summary="Give a user a password",
            description="Ends their sign-ins. It takes a credential that may do all they may.",
            access=Scope.USERS_WRITE,
            rate=Rate.WRITE,
            handler=set_password,
            operation_id="set_user_password",
            action=Action.UPDATE,
            body=SetPassword,
            status=204,
            errors=(NotFound, Forbidden),
        ),
        Route(
            method="DELETE",
            path=f"{path}/{{user_id}}",
            tag="Users",
            summary="Remove a user",
            description="Shuts them and their devices out at once, ends their runs, and deletes "
            "everything that was theirs. There is no way back.",
            access=Scope.USERS_WRITE,
            rate=Rate.WRITE,
            handler=remove,
            status=204,
            errors=(NotFound, Forbidden, Conflict),
        ),
    )
