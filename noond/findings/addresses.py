"""Addresses that the daemon may send to: looked up once, checked, and then used as they are."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from noond.config import names_this_machine

_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """The name leads to an address that nothing is sent to."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it belongs to a host in the internet, also when it wraps an IPv4 address."""
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def check_host(host: str, *, allow_private: bool) -> None:
    """Raise AddressRefused for a host that is written as an address nothing is sent to.

    This machine itself may be written: whoever writes the settings knows what listens on it.
    """
    if allow_private or names_this_machine(host):
        return
    try:
        address = ip_address(host)
    except ValueError:
        return  # a name: its addresses are checked when they are known
    if not is_public(address):
        raise AddressRefused(f"{host} is not an address in the internet")


class CheckedResolver(AbstractResolver):
    """Gives aiohttp the addresses it then connects to; private ones are refused.

    All addresses of a name must be fit, or a name with two could be used to try one of them.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See AbstractResolver; raises AddressRefused."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            address = ip_address(each["host"].partition("%")[0])
            fit = address.is_loopback if names_this_machine(host) else is_public(address)
            if not (fit or self._allow_private):
                raise AddressRefused(f"{host} leads to {address}, which is not in the internet")
        return found

    async def close(self) -> None:
        """See AbstractResolver."""
        await self._resolver.close()
