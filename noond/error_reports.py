"""Reports of unexpected errors to a Sentry server, if the settings name one.

A report says where in the code it happened and of what type the error was. It does not say what
anybody wrote: no error's message, no variables, no request, no names of files outside the code, no
host name. The library is imported only when it is needed.
"""

from __future__ import annotations

import importlib
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final

from noond import __version__
from noond.errors import ConfigError, NoondError

_FLUSH_SECONDS: Final = 2.0
_EXPECTED: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


class ErrorReports:
    """Sends reports from a thread of the library's own. Raises ConfigError without the library."""

    def __init__(self, dsn: str) -> None:
        try:
            sentry_sdk = importlib.import_module("sentry_sdk")
        except ModuleNotFoundError:
            raise ConfigError(
                "log.sentry_dsn is set, but sentry-sdk is not installed; "
                "install it with: pip install 'noond[sentry]'"
            ) from None
        try:
            # A client of our own: nothing is hooked into the process.
            self._client: Any = sentry_sdk.Client(
                dsn=dsn,
                release=f"noond@{__version__}",
                server_name="",
                default_integrations=False,
                auto_enabling_integrations=False,
                auto_session_tracking=False,
                send_client_reports=False,
                include_local_variables=False,
                include_source_context=False,
                max_request_body_size="never",
                max_breadcrumbs=0,
                shutdown_timeout=_FLUSH_SECONDS,
                before_send=_stripped,
            )
        except sentry_sdk.utils.BadDsn:
            # Its message has the key in it.
            raise ConfigError("log.sentry_dsn is not a DSN: https://KEY@HOST/PROJECT") from None
        self._event_from = sentry_sdk.utils.event_from_exception

    def report(self, error: BaseException, event: str) -> None:
        """Report the error unless noond expects it; `event` is what the log calls it.

        An expected one is a NoondError with a code of its own: it was told to whom it concerns.
        """
        if isinstance(error, _EXPECTED) or (
            isinstance(error, NoondError) and error.code != NoondError.code
        ):
            return
        found, hint = self._event_from(
            (type(error), error, error.__traceback__), client_options=self._client.options
        )
        self._client.capture_event({**found, "level": "error", "logger": event}, hint)

    def close(self) -> None:
        """Send what waits, for two seconds at most."""
        self._client.close(timeout=_FLUSH_SECONDS)

    def __enter__(self) -> ErrorReports:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _stripped(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """What is sent of an event: types and places in the code."""
    values = event.get("exception", {}).get("values", [])
    return {
        **{name: event[name] for name in _SENT if name in event},
        "server_name": "",
        "exception": {
            "values": [
                {
                    "type": value.get("type"),
                    "module": value.get("module"),
                    "stacktrace": {"frames": [_place(each) for each in _frames(value)]},
                }
                for value in values
            ]
        },
    }


_SENT: Final = ("event_id", "timestamp", "level", "logger", "release", "platform", "sdk")


def _frames(value: dict[str, Any]) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = (value.get("stacktrace") or {}).get("frames", [])
    return frames


def _place(frame: dict[str, Any]) -> dict[str, Any]:
    # A path may begin with somebody's name.
    return {
        "filename": PurePath(frame.get("filename") or "").name,
        "module": frame.get("module"),
        "function": frame.get("function"),
        "lineno": frame.get("lineno"),
        "in_app": str(frame.get("module") or "").startswith("noond"),
    }
