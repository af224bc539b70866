"""Who may talk to the daemon over the network: bind addresses, Host, Origin, proxies.

A web page in the user's browser can send requests to localhost, and by DNS rebinding even under
a name of its own. So the Host must be one of ours, and an Origin, when one is sent, too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from noond.config import ServerSettings, Settings
from noond.errors import ConfigError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/@?#]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from; `secure` says whether it came through TLS."""

    address: str
    secure: bool


def check_bind(settings: Settings) -> None:
    """Raise ConfigError when the daemon would listen where others can read along.

    A non-loopback address needs TLS files, or reverse proxies (which end TLS) that are named.
    """
    server = settings.server
    NetworkPolicy(server)
    if is_loopback(server.host) or server.tls_cert is not None or server.trusted_proxies:
        return
    raise ConfigError(
        f"server.host = {server.host!r} can be reached from other machines, and without TLS they "
        "could read keys and documents. Do one of these:\n"
        '  - listen on this machine only: server.host = "127.0.0.1"\n'
        "  - give a certificate: server.tls_cert and server.tls_key\n"
        '  - name the reverse proxy that ends TLS: server.trusted_proxies = ["10.0.0.2"]'
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address to listen on."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class NetworkPolicy:
    """The server settings, understood. Raises ConfigError naming what is not."""

    def __init__(self, server: ServerSettings) -> None:
        self._proxies = tuple(_network(text) for text in server.trusted_proxies)
        self._names = {*_LOOPBACK_NAMES, *_own_name(server.host)}
        self._named = {_host(text) for text in server.allowed_hosts}
        self._origins = {_origin(text) for text in server.allowed_origins}

    def host_allowed(self, host: str, *, port: int) -> bool:
        """Whether the daemon, listening on `port`, answers under this Host header."""
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return False
        name, given = match["name"], match["port"]
        if host.lower() in self._named:
            return True
        return (name in self._names or name in self._named) and given in (None, str(port))

    def origin_listed(self, origin: str) -> bool:
        """Whether the origin is one of `server.allowed_origins`."""
        return _canonical(origin) in self._origins

    def origin_own(self, origin: str, *, host: str, port: int, secure: bool, proxied: bool) -> bool:
        """Whether the origin is the daemon's own.

        That is its names with the port it listens on or, through a trusted proxy, the very host
        (one that is allowed) that was asked for.
        """
        scheme = "https" if secure else "http"
        canonical = _canonical(origin)
        if canonical is None:
            return False
        if proxied and canonical == _canonical(f"{scheme}://{host}"):
            return True
        names = {*self._names, *self._named}
        return canonical in {_canonical(f"{scheme}://{name}:{port}") for name in names}

    def is_proxy(self, peer: str) -> bool:
        """Whether this address is a trusted proxy's."""
        address = parse_address(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self._proxies
        )

    def client(
        self, peer: str, *, secure: bool, forwarded_for: Sequence[str], forwarded_proto: str | None
    ) -> Client:
        """The client behind trusted proxies: the last forwarded address that is not one of them.

        Forwarded headers from anybody else mean nothing.
        """
        if not self.is_proxy(peer):
            return Client(address=peer, secure=secure)
        hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
        client = peer
        for hop in reversed(hops):
            if parse_address(hop) is None:
                break
            client = hop
            if not self.is_proxy(hop):
                break
        return Client(address=client, secure=forwarded_proto == "https")


def parse_address(text: str) -> Address | None:
    """An address without port or zone; IPv4 inside IPv6 (RFC 4291, 2.5.5.2) is IPv4."""
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def throttle_group(text: str) -> str:
    """Whom a failed credential is counted against: an IPv4 address, or an IPv6 /64 network.

    Whoever has one address of a /64 has them all.
    """
    address = parse_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address or text)


def _own_name(host: str) -> tuple[str, ...]:
    address = parse_address(host)
    if address is None:
        return (host.lower(),)
    if address.is_unspecified:
        return ()
    return (f"[{address}]" if address.version == 6 else str(address),)


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(
            f"server.trusted_proxies: {text!r} is neither an address nor a network"
        ) from None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


def _host(text: str) -> str:
    if _HOST.fullmatch(text.lower()) is None:
        raise ConfigError(
            f"server.allowed_hosts: {text!r} is not a host name such as noond.example.org "
            "(there are no wildcards)"
        )
    return text.lower()


def _origin(text: str) -> str:
    canonical = _canonical(text)
    if canonical is None:
        raise ConfigError(
            f"server.allowed_origins: {text!r} is not an origin such as "
            "https://noond.example.org (there are no wildcards)"
        )
    return canonical


def _canonical(origin: str) -> str | None:
    """The origin in lower case without the scheme's default port; None if it is none."""
    match = _ORIGIN.fullmatch(origin.lower())
    host = _HOST.fullmatch(match["host"]) if match else None
    if match is None or host is None:
        return None
    port = int(host["port"] or _DEFAULT_PORTS[match["scheme"]])
    return f"{match['scheme']}://{host['name']}:{port}"
