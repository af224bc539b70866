"""`python -m noond` and the `noond` command."""

from __future__ import annotations

from noond.cli.main import main

if __name__ == "__main__":
    main()
