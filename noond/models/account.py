"""Users, what they may do, and the credentials that speak for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from noond.errors import Invalid


class Scope(StrEnum):
    """One thing that a credential may do: `resource:action`."""

    AGENTS_READ = "agents:read"
    """See agents, their runs, records and figures."""
    AGENTS_WRITE = "agents:write"
    """Make, change and delete agents."""
    AGENTS_EXECUTE = "agents:execute"
    """Start, cancel, apply and revert runs."""
    DEVICES_READ = "devices:read"
    """See the paired devices."""
    DEVICES_WRITE = "devices:write"
    """Pair devices, give them new tokens, remove them."""
    EVENTS_READ = "events:read"
    """Be told what happens, as it happens."""
    KEYS_READ = "keys:read"
    """See one's API keys; never their secrets."""
    KEYS_WRITE = "keys:write"
    """Make, rotate and revoke one's API keys."""
    USERS_READ = "users:read"
    """See who has an account."""
    USERS_WRITE = "users:write"
    """Add and remove users, change their roles and passwords."""
    JOBS_READ = "jobs:read"
    """See one's background jobs."""
    JOBS_WRITE = "jobs:write"
    """Cancel, retry and delete them."""
    JOBS_ADMIN = "jobs:admin"
    """See the whole engine, start clean-ups, pause queues, delete jobs of all users."""
    USAGE_READ = "usage:read"
    """See what one's calls to models came to, and the limits."""
    AUDIT_READ = "audit:read"
    """Read and verify the audit log, of all users."""
    METRICS_READ = "metrics:read"
    """Read the daemon's figures, of all users together."""


_READ: Final = frozenset(
    {
        Scope.AGENTS_READ,
        Scope.DEVICES_READ,
        Scope.EVENTS_READ,
        Scope.JOBS_READ,
        Scope.USAGE_READ,
    }
)

SCOPE_BUNDLES: Final[Mapping[str, frozenset[Scope]]] = MappingProxyType(
    {
        "read": _READ,
        "write": _READ | {Scope.AGENTS_WRITE, Scope.AGENTS_EXECUTE, Scope.JOBS_WRITE},
        "admin": frozenset(Scope),
    }
)
"""Names that stand for several scopes, also for those that later versions add to them."""

_SCOPES: Final = frozenset(scope.value for scope in Scope)


def expand_scopes(granted: Iterable[str]) -> frozenset[Scope]:
    """The scopes that names of scopes and bundles stand for; raises Invalid for another name."""
    found: set[Scope] = set()
    for name in granted:
        if name in SCOPE_BUNDLES:
            found |= SCOPE_BUNDLES[name]
        elif name in _SCOPES:
            found.add(Scope(name))
        else:
            known = ", ".join([*SCOPE_BUNDLES, *Scope])
            raise Invalid.field("scopes", f"{name[:50]!r} is none of {known}")
    return frozenset(found)


class Role(StrEnum):
    """What a user may do at most; each role may do what those before it may."""

    VIEWER = "viewer"
    """Sees what is theirs, and makes keys that do."""
    USER = "user"
    """Works with it."""
    ADMIN = "admin"
    """Also adds users and viewers, reads the audit log, and minds the job engine."""
    OWNER = "owner"
    """Also makes admins and owners. There is always one."""

    @property
    def rank(self) -> int:
        """The place among the roles, from 0."""
        return list(Role).index(self)

    @property
    def scopes(self) -> frozenset[Scope]:
        """What a user of this role may do at most."""
        return _ROLE_SCOPES[self]


_VIEWER = _READ | {Scope.KEYS_READ, Scope.KEYS_WRITE}
_USER = _VIEWER | {
    Scope.AGENTS_WRITE,
    Scope.AGENTS_EXECUTE,
    Scope.DEVICES_WRITE,
    Scope.JOBS_WRITE,
}
_ROLE_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.USER: _USER,
        Role.ADMIN: frozenset(Scope),
        Role.OWNER: frozenset(Scope),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person whose things noond keeps apart from everybody else's."""

    id: str
    name: str
    timezone: str
    created_at: datetime
    role: Role = Role.USER
    has_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class APIKey:
    """A key of the HTTP API; only its SHA-256 is stored. `scopes` may hold bundles."""

    id: str
    user_id: str
    name: str
    prefix: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class CredentialKind(StrEnum):
    """What a request was let in by."""

    API_KEY = "api_key"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a request speaks for, and what it may do."""

    user: User
    kind: CredentialKind
    credential_id: str
    """The API key's id, or that of the sign-in."""
    credential_name: str
    scopes: frozenset[Scope]
    """What credential and role both allow."""
    expires_at: datetime
    token_id: str | None = None
    """An access token's `jti`."""

    @property
    def user_id(self) -> str:
        """The user's id."""
        return self.user.id

    def may_grant(self, scopes: frozenset[Scope]) -> bool:
        """Whether nobody would get more than this principal has."""
        return scopes <= self.scopes

    def may_give_role(self, role: Role) -> bool:
        """Whether it may make somebody this, or act on somebody who is.

        Nobody gives more than they have, and below the owner nobody gives their own role.
        """
        own = self.user.role
        return self.may_grant(role.scopes) and (own is Role.OWNER or role.rank < own.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """A code that pairs one device: one use, a few minutes, a few tries."""

    id: str
    user_id: str
    device_id: str | None
    expires_at: datetime
    tries_left: int
    used_at: datetime | None
