"""The verb that runs the bundled device on this machine: `noond device`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from noond.cli.connected import json_option
from noond.cli.output import one_line
from noond.cli.review import review

if TYPE_CHECKING:
    from noond.device.notices import Notice
    from noond.device.options import DeviceOptions

DEFAULT_STORE = Path("device.db")


@click.group(invoke_without_command=True)
@click.option("--url", help="The daemon's address, such as http://127.0.0.1:8737.")
@click.option("--code", help="Pairing code of `noond pair`; needed once.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the device's token is kept.  [default: STORE.token]",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_STORE,
    show_default=True,
    help="The device's database; made when missing.",
)
@click.option(
    "--allow",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder the daemon may ask for; nothing else is read.  [repeat for more]",
)
@click.option("--name", help="What people call this device.  [default: the host's name]")
@click.option("--id", "device_id", metavar="ID", help="This device's id.  [default: the store's]")
@json_option
@click.pass_context
def device(
    context: click.Context,
    url: str | None,
    code: str | None,
    token_file: Path | None,
    store: Path,
    allow: tuple[Path, ...],
    name: str | None,
    device_id: str | None,
    as_json: bool,
) -> None:
    """Be a device: read folders, keep the records.

    Runs until SIGTERM or Ctrl-C and reconnects by itself. Its states are printed one a line,
    with --json as JSON Lines. The token got for --code is kept in --token-file.

    \b
    Example:
      noond device --url http://127.0.0.1:8737 --code ABCD-EFGH --allow ~/Notes
      noond device --url http://127.0.0.1:8737 --allow ~/Notes
    """
    if context.invoked_subcommand is not None:
        return
    if url is None:
        raise click.UsageError("Missing --url, the daemon's address.", context)
    if not allow:
        raise click.UsageError("Missing --allow, a folder that the daemon may ask for.", context)
    for folder in allow:
        if not folder.expanduser().is_dir():
            raise click.UsageError(f"--allow {folder} is not a folder.", context)
    _run(
        url=url,
        code=code,
        token_file=token_file,
        store=store,
        allow=tuple(str(folder.expanduser().absolute()) for folder in allow),
        name=name,
        device_id=device_id,
        as_json=as_json,
    )


device.add_command(review)


def _run(
    *,
    url: str,
    code: str | None,
    token_file: Path | None,
    store: Path,
    allow: tuple[str, ...],
    name: str | None,
    device_id: str | None,
    as_json: bool,
) -> None:
    import asyncio
    import socket

    from noond.clock import SystemClock
    from noond.device.options import DeviceOptions
    from noond.device.pairing import default_token_file, load_token, pair_and_save
    from noond.device.store import open_store
    from noond.log import configure_logging

    configure_logging(level="warning", style="console")
    token_file = token_file or default_token_file(store)
    name = name or socket.gethostname()

    async def be_device() -> None:
        if code is not None:
            async with open_store(store, clock=SystemClock()) as opened:
                own_id = await opened.settle_device_id(device_id)
            await pair_and_save(
                url=url, code=code, device_id=own_id, name=name, token_file=token_file
            )
        options = DeviceOptions(
            url=url,
            token=load_token(token_file),
            store=store,
            allow=allow,
            name=name,
            device_id=device_id,
        )
        await _serve(options, as_json)

    asyncio.run(be_device())


async def _serve(options: DeviceOptions, as_json: bool) -> None:
    import asyncio
    import signal

    from noond.device.program import run_device

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def tell_state(state: str) -> None:
        click.echo(json.dumps({"state": state}) if as_json else one_line(state))

    def tell_notice(notice: Notice) -> None:
        if as_json:
            texts = {"title": notice.title, "body": notice.body, "url": notice.url}
            click.echo(json.dumps({"notice": texts}))
        else:
            click.echo(one_line(f"{notice.title}: {notice.body} {notice.url or ''}"))

    await run_device(options, stop=stop, on_state=tell_state, on_notice=tell_notice)
