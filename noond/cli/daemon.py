"""The verbs of the daemon itself: `init`, `serve`, `check-config`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from noond.cli.connected import data_dir_option, json_option
from noond.cli.endpoint import data_directory
from noond.cli.output import print_facts, print_json

if TYPE_CHECKING:
    import asyncio

    from noond.config import Settings

_M_TOP_PAD: Final = -2
"""glibc's malloc.h."""
_HEAP_PAD_BYTES: Final = 4_194_304
"""Enough for a frame of the largest size and its copies."""

_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Settings file in TOML; noond.toml shows all settings.",
)


@click.command()
@data_dir_option
@json_option
def init(data_dir: Path | None, as_json: bool) -> None:
    """Make the data directory, its key file and the first user.

    The API key is printed here and never again; for commands on this machine it is also kept
    in cli.json in the data directory.

    \b
    Example:
      noond init --data-dir ~/noond
    """
    from noond.accounts.setup import init_data_dir
    from noond.log import configure_logging

    configure_logging(level="warning", style="console")
    made = init_data_dir(data_directory(data_dir))
    result = {
        "data_dir": str(made.data_dir),
        "user_id": made.user_id,
        "api_key": made.api_key,
    }
    if as_json:
        print_json(result)
    else:
        print_facts(result)


@click.command()
@_config_option
@data_dir_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0: a free one.")
@json_option
def serve(
    config: Path | None, data_dir: Path | None, host: str | None, port: int | None, as_json: bool
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C.

    Prints one line on stdout when it is ready; the log goes to stderr. Settings come from
    the options, then NOOND__SECTION__KEY in the environment, then --config.

    \b
    Example:
      noond serve --config noond.toml --port 8737
    """
    settings = _settings(config, data_dir=data_dir, host=host, port=port)

    import asyncio
    import gc

    # Nothing that is loaded from here on goes away again; collections begin when it is ready.
    gc.disable()
    from noond.app import serve as run_daemon

    def tell(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"noond is ready at {url}")

    keep_freed_memory()
    with _logging(settings), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        _say_what_celery_set()
        runner.run(run_daemon(settings, on_ready=tell))


@click.command("check-config")
@_config_option
@data_dir_option
@json_option
def check_config(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Say whether the settings are valid, and what they come to.

    Every wrong key is named on a line of its own, with where it was set. Secrets are not shown.

    \b
    Example:
      noond check-config --config noond.toml
    """
    settings = _settings(config, data_dir=data_dir).model_dump(mode="json")
    if as_json:
        print_json(settings)
    else:
        print_facts(
            {
                f"{section}.{key}": value if isinstance(value, (str, bool)) else json.dumps(value)
                for section, keys in settings.items()
                for key, value in keys.items()
            }
        )


@contextmanager
def _logging(settings: Settings) -> Iterator[None]:
    """The daemon's log, and reports of what it did not expect."""
    from noond.log import configure_logging

    told = settings.log
    if told.sentry_dsn is None:
        configure_logging(level=told.level, style=told.style)
        yield
        return
    from noond.error_reports import ErrorReports

    with ErrorReports(told.sentry_dsn.get_secret_value()) as reports:
        configure_logging(level=told.level, style=told.style, report=reports.report)
        yield


def _say_what_celery_set() -> None:
    import structlog

    from noond.config import taken_from_celery

    for variable, setting in taken_from_celery().items():
        structlog.get_logger(__name__).info("setting_taken", variable=variable, setting=setting)


def _settings(config: Path | None, **server: Any) -> Settings:
    from noond.config import load_settings

    return load_settings(config, flags={"server": server})


def keep_freed_memory() -> None:
    """Let a little freed memory stay with the process (Linux with glibc; nothing elsewhere).

    The largest messages lie at the top of the heap. Given back to the kernel after each of them,
    their memory is faulted in again for the next: about a hundred page faults for each MB that a
    device streams.
    """
    import ctypes

    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TOP_PAD, _HEAP_PAD_BYTES)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
