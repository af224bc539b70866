"""The HTTP client of the commands.

On the standard library, because it loads in a fifth of the time that aiohttp takes.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from noond.cli.endpoint import Endpoint
from noond.cli.event_lines import SentEvent, read_events
from noond.cli.exits import CommandFailed, ExitCode

_REPLY_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 60.0
"""Longest silence of an event stream; the daemon writes at least every 15 s."""

_EXITS: Final = {
    400: ExitCode.USAGE,
    401: ExitCode.REFUSED,
    403: ExitCode.REFUSED,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
    429: ExitCode.LATER,
    503: ExitCode.LATER,
    507: ExitCode.LATER,
}
_OPTIONS: Final = {
    "name": "NAME",
    "device_id": "--device",
    "directory_paths": "--path",
    "file_extensions": "--ext",
    "data_types": "--type",
    "prompt_template": "--prompt",
    "schedule_cron": "--cron",
    "timezone": "--timezone",
    "missed": "--missed",
    "max_age_hours": "--max-age-hours",
    "quiet_hours": "--quiet-hours",
    "default_project_id": "--default-project",
    "role": "--role",
    "scopes": "--scope",
    "expires_in_days": "--days",
    "agent_id": "--agent",
    "session_id": "--conversation",
    "cron": "--cron",
    "most": "--most",
    "new_password": "password",
    "current_password": "present password",
}


class Problem(CommandFailed):
    """The daemon refused; `members` is its problem document (RFC 9457)."""

    def __init__(self, message: str, *, status: int, members: dict[str, Any]) -> None:
        super().__init__(message, _EXITS.get(status, ExitCode.FAILED))
        self.status = status
        self.members = members


class StreamBroken(Exception):
    """An event stream ended early; ask for the state instead, or for what comes after."""


class Client:
    """Speaks to one daemon. Every method raises CommandFailed with what to do next."""

    def __init__(self, endpoint: Endpoint) -> None:
        parts = urlsplit(endpoint.url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise CommandFailed(
                f"{endpoint.url!r} (from {endpoint.origin}) is not an address such as "
                "http://127.0.0.1:8737.",
                ExitCode.USAGE,
            )
        self.url = endpoint.url
        self.endpoint = endpoint
        self._secure = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname, port, parts.path

    def get(self, path: str, **query: str | int | None) -> Any:
        """The JSON reply to a GET below /api/v1; query values of None are left out."""
        return self._exchange("GET", _with_query(path, query))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON reply to a POST."""
        return self._exchange("POST", path, body if body is not None else {})

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON reply to a PATCH."""
        return self._exchange("PATCH", path, body)

    def delete(self, path: str, **query: str | int | None) -> Any:
        """The JSON reply to a DELETE, or None; query values of None are left out."""
        return self._exchange("DELETE", _with_query(path, query))

    def items(
        self, path: str, *, at_most: int | None = None, **query: str | int | None
    ) -> list[dict[str, Any]]:
        """The items of a list, from as many pages as it takes."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while at_most is None or len(found) < at_most:
            size = 200 if at_most is None else min(200, at_most - len(found))
            page = self.get(path, limit=size, cursor=cursor, **query)
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                break
        return found

    def text(self, path: str, **query: str | int | None) -> str:
        """The reply to a GET as it was sent, in UTF-8."""
        connection = self._connect(_REPLY_SECONDS)
        try:
            reply = self._send(connection, "GET", _with_query(path, query), accept="*/*")
            if reply.status >= 300:
                raise self._refusal(reply)
            return reply.read().decode("utf-8")
        except (OSError, http.client.HTTPException) as error:
            raise self.unreachable(error) from None
        except ValueError:
            raise self._stranger() from None
        finally:
            connection.close()

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The data of a stream's events, until the daemon ends it. Raises StreamBroken."""
        for event in self.sent_events("GET", path):
            yield event.data

    def sent_events(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        opened: Callable[[http.client.HTTPMessage], None] = lambda _headers: None,
    ) -> Iterator[SentEvent]:
        """A stream's events, until the daemon ends it; `opened` is told the reply's headers.

        Raises StreamBroken, and Problem when there is no stream.
        """
        connection = self._connect(_SILENCE_SECONDS)
        try:
            reply = self._send(
                connection, method, path, body, accept="text/event-stream", more=headers
            )
            if reply.status >= 300:
                raise self._refusal(reply)
            opened(reply.headers)
            yield from read_events(reply)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StreamBroken from error
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = self._connect(_REPLY_SECONDS)
        try:
            reply = self._send(connection, method, path, body)
            if reply.status >= 300:
                raise self._refusal(reply)
            content = reply.read()
            return json.loads(content) if content else None
        except (OSError, http.client.HTTPException) as error:
            raise self.unreachable(error) from None
        except ValueError:
            raise self._stranger() from None
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept: str = "application/json",
        more: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": accept, **(more or {})}
        if self.endpoint.api_key:
            headers["Authorization"] = f"Bearer {self.endpoint.api_key}"
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body)
        connection.request(method, f"{self._prefix}/api/v1{path}", content, headers)
        return connection.getresponse()

    def _refusal(self, reply: http.client.HTTPResponse) -> CommandFailed:
        try:
            members = json.loads(reply.read())
            code = members["code"]
        except (ValueError, KeyError, TypeError):
            return self._stranger()
        message = _explain(members)
        if code == "unauthenticated":
            message += f" It came from {self.endpoint.key_origin}; `noond login` gets another."
        if code == "forbidden":
            message += " `noond whoami` shows what your key may do."
        if code == "rate_limited" and (wait := reply.getheader("Retry-After")):
            message += f" Try again in {wait} s."
        return Problem(message, status=reply.status, members=members)

    def unreachable(self, error: BaseException | None) -> CommandFailed:
        """What to say when the daemon could not be asked because of this error, if any is known."""
        if isinstance(error, ValueError):
            # Its text may be what was sent or received, the key included.
            return self._stranger()
        reason = "the connection ended" if error is None else _reason(error)
        return CommandFailed(
            f"The daemon at {self.url} can't be reached ({reason}). Start it with `noond serve`.",
            ExitCode.UNREACHABLE,
        )

    def _stranger(self) -> CommandFailed:
        return CommandFailed(
            f"What answers at {self.url} (from {self.endpoint.origin}) is not noond.",
            ExitCode.UNREACHABLE,
        )


def _with_query(path: str, query: Mapping[str, str | int | None]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return path + ("?" + urlencode(given) if given else "")


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def segment(text: str) -> str:
    """The text as one segment of a path."""
    return quote(text, safe="")


def _explain(members: dict[str, Any]) -> str:
    """A problem document in words; fields are named by their option too."""
    fields = []
    for error in members.get("errors") or ():
        field = str(error.get("field", ""))
        option = _OPTIONS.get(field.partition(".")[0])
        fields.append((f"{option}: " if option else f"{field}: ") + str(error.get("message", "")))
    text = "; ".join(fields) or str(members.get("detail") or members.get("title") or "Refused")
    return text if text.endswith((".", "!", "?")) else text + "."
