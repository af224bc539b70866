"""Access tokens: JWTs (RFC 7519, profile of RFC 9068) of fifteen minutes, signed with the key file.

They carry no rights: those are looked up at each request, so that a change counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt

from noond.accounts.vault import Vault
from noond.clock import Clock, new_id

LIFETIME: Final = timedelta(minutes=15)

_ISSUER: Final = "noond"
_AUDIENCE: Final = "noond-api"
_TYPE: Final = "at+jwt"
_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What an authentic access token says."""

    id: str
    user_id: str
    sign_in_id: str
    expires_at: datetime


class AccessTokens:
    """Makes and reads access tokens."""

    def __init__(self, vault: Vault, *, clock: Clock) -> None:
        self._key = vault.subkey("access tokens")
        self._clock = clock

    def issue(self, user_id: str, sign_in_id: str) -> tuple[str, datetime]:
        """A new token and when it expires."""
        now = self._clock.now().replace(microsecond=0)
        expires_at = now + LIFETIME
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": user_id,
            "sid": sign_in_id,
            "jti": new_id(),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"typ": _TYPE})
        return token, expires_at

    def read(self, text: str) -> AccessToken | None:
        """What the token says; None unless it was issued here, for this, unchanged.

        It may have expired: look at `expires_at`.
        """
        if len(text) > _LONGEST:
            return None
        try:
            if jwt.get_unverified_header(text).get("typ") != _TYPE:
                return None
            claims = jwt.decode(
                text,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                # Times are compared by the daemon's clock, by whoever asked.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            if not all(isinstance(claims[name], str) for name in ("jti", "sub", "sid")):
                return None
            return AccessToken(
                id=claims["jti"],
                user_id=claims["sub"],
                sign_in_id=claims["sid"],
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        except (jwt.InvalidTokenError, UnicodeError, ValueError, OverflowError):
            return None

    def expired(self, token: AccessToken) -> bool:
        """Whether the token's time is over."""
        return token.expires_at <= self._clock.now()
