"""Writes the generated pages, or checks that they are what the code says (`--check`)."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from reference_cli import cli_page
from reference_openapi import openapi_file
from reference_protocol import protocol_page
from reference_settings import settings_page, settings_toml

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "noond.toml": settings_toml,
    "docs/settings.md": settings_page,
    "docs/cli.md": cli_page,
    "docs/openapi.json": openapi_file,
    "docs/protocol.md": protocol_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` print what differs; the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: script/docs [--check]\n")
        return 2
    stale = []
    for name, page in PAGES.items():
        file, wanted = ROOT / name, page()
        present = file.read_text("utf-8") if file.exists() else ""
        if present == wanted:
            continue
        stale.append(name)
        if arguments:
            sys.stdout.writelines(
                difflib.unified_diff(
                    present.splitlines(keepends=True),
                    wanted.splitlines(keepends=True),
                    f"{name} (in the repository)",
                    f"{name} (from the code)",
                )
            )
        else:
            file.write_text(wanted, "utf-8")
    if stale and arguments:
        sys.stderr.write(f"noond: out of date: {', '.join(stale)}; run script/docs\n")
        return 1
    if stale:
        sys.stderr.write(f"noond: wrote {', '.join(stale)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
