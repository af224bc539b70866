"""What can go wrong for the headless device; the CLI turns each class into an exit code."""

from __future__ import annotations

from noond.errors import NoondError


class DeviceError(NoondError):
    """The device could not do this."""

    code = "device"


class CannotConnect(DeviceError):
    """The daemon can't be reached."""

    code = "cannot_connect"
    retryable = True


class ConnectionRefused(DeviceError):
    """The daemon refuses the connection, and will again."""

    code = "connection_refused"


class CodeRefused(DeviceError):
    """The daemon refused the pairing code: it is wrong, was used, or is older than 5 minutes."""

    code = "code_refused"


class TokenRefused(DeviceError):
    """The daemon refused the device's token; pair the device again: `noond pair`."""

    code = "token_refused"


class TokenFileError(DeviceError):
    """The token file can't be used."""

    code = "token_file"


class Replaced(DeviceError):
    """Another program connected as this device; this one stays away."""

    code = "replaced"


class ProtocolViolated(DeviceError):
    """The daemon does not accept what this device sends; use the same version of both."""

    code = "protocol_violated"


class FolderRefused(DeviceError):
    """The path is outside the folders this device may read."""

    code = "folder_refused"


class StoreLocked(DeviceError):
    """Another device process uses this store; stop it, or give this one another `--store`."""

    code = "store_locked"


class StoreMissing(DeviceError):
    """There is no device store at this path."""

    code = "store_missing"


class RecordRefused(DeviceError):
    """The record does not fit the table, or the person's decision stands against the change."""

    code = "record_refused"
