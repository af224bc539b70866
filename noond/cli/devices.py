"""The verbs for devices: `pair` lets one in, `devices` lists, removes and rotates."""

from __future__ import annotations

import shlex
from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_device, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.output import (
    local_time,
    note,
    on_terminal,
    print_facts,
    print_json,
    print_line,
    print_rows,
)


@click.command()
@click.option("--device", "device_id", metavar="ID", help="Let in only a device with this id.")
@json_option
@connected
def pair(client: Client, device_id: str | None, as_json: bool) -> None:
    """Make a pairing code: one use, five minutes.

    \b
    Example:
      noond pair --device laptop
    """
    made = client.post("/devices/pairings", {"device_id": device_id} if device_id else {})
    command = ["noond", "device", "--url", client.url, "--code", made["code"]]
    if device_id:
        command += ["--id", device_id]
    command += ["--store", "device.db", "--allow"]
    run_this = f"{shlex.join(command)} ~/Notes"
    if as_json:
        print_json({**made, "command": run_this})
        return
    print_facts({"code": made["code"], "expires": local_time(made["expires_at"])})
    if on_terminal():
        note("On the device, run this with the folders it may read:")
    # Not wrapped: it is copied from here.
    click.echo(run_this)


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def devices() -> None:
    """List the devices, remove one, or change its token.

    `noond devices` alone lists them.

    \b
    Example:
      noond devices
      noond devices rm laptop
    """


@devices.command("list")
@json_option
@connected
def list_devices(client: Client, as_json: bool) -> None:
    """List the paired devices.

    \b
    Example:
      noond devices list --json
    """
    found = client.items("/devices")
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("DEVICE", "NAME", "STATUS", "PLATFORM", "VERSION", "LAST SEEN"),
        [
            (
                device["device_id"],
                device["name"],
                "online" if device["online"] else "away",
                device["platform"],
                device["app_version"],
                local_time(device["last_seen_at"]),
            )
            for device in found
        ],
    )
    if not found:
        note("No devices yet; let one in with `noond pair`.")


@devices.command("rm")
@click.argument("device")
@json_option
@connected
def remove(client: Client, device: str, as_json: bool) -> None:
    """Revoke a device's token, close its connection and pause its agents.

    \b
    Example:
      noond devices rm laptop
    """
    found = find_device(client, device)
    client.delete(f"/devices/{segment(found['device_id'])}")
    if as_json:
        print_json({"device_id": found["device_id"], "removed": True})
    else:
        print_line(f"{found['device_id']} is removed; its agents are paused.")


@devices.command("rotate")
@click.argument("device")
@json_option
@connected
def rotate(client: Client, device: str, as_json: bool) -> None:
    """Make a new token for a device; shown once.

    The old token works until the new one was used.

    \b
    Example:
      noond devices rotate laptop --json
    """
    found = find_device(client, device)
    made: dict[str, Any] = client.post(f"/devices/{segment(found['device_id'])}/token")
    if as_json:
        print_json(made)
    else:
        print_facts(made)
