from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from noond.api.network import NetworkPolicy, check_bind, parse_address, throttle_group
from noond.config import ServerSettings, Settings
from noond.errors import ConfigError

PORT = 8737


def policy(**settings: Any) -> NetworkPolicy:
    return NetworkPolicy(ServerSettings(**settings))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    check_bind(Settings(server=ServerSettings(host=host)))


OPEN = ["0.0.0.0", "::", "192.168.1.5", "fe80::1", "example.org", "", "localhost.evil.org"]


@pytest.mark.parametrize("host", OPEN)
def test_other_addresses_need_tls_or_a_proxy(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tls_cert"):
        check_bind(Settings(server=ServerSettings(host=host)))

    pem = tmp_path / "a.pem"
    check_bind(Settings(server=ServerSettings(host=host, tls_cert=pem, tls_key=pem)))
    check_bind(Settings(server=ServerSettings(host=host, trusted_proxies=("10.0.0.1",))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"trusted_proxies": ("proxy.example.org",)},
        {"trusted_proxies": ("10.0.0.0/33",)},
        {"allowed_hosts": ("*",)},
        {"allowed_hosts": ("https://noond.example.org",)},
        {"allowed_hosts": ("",)},
        {"allowed_origins": ("*",)},
        {"allowed_origins": ("null",)},
        {"allowed_origins": ("noond.example.org",)},
        {"allowed_origins": ("https://noond.example.org/path",)},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        check_bind(Settings(server=ServerSettings(**wrong)))


HOSTS_OF_OUR_OWN = [
    "localhost",
    "LOCALHOST:8737",
    "127.0.0.1",
    "127.0.0.1:8737",
    "[::1]",
    "[::1]:8737",
]
FOREIGN_HOSTS = [
    "",
    "evil.org",
    "evil.org:8737",
    "localhost.",
    "localhost.evil.org",
    "evillocalhost",
    "127.0.0.1:80",
    "127.0.0.1:",
    "127.0.0.1:8737:8737",
    "127.1",
    "2130706433",
    "0.0.0.0:8737",
    "::1",
    "user@localhost",
    "localhost/",
    "localhost, evil.org",
    "localhost:8737 ",
    "ⓛocalhost",
]


@pytest.mark.parametrize("host", HOSTS_OF_OUR_OWN)
def test_loopback_hosts_are_ours(host: str) -> None:
    assert policy().host_allowed(host, port=PORT)


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_other_hosts_are_foreign(host: str) -> None:
    assert not policy().host_allowed(host, port=PORT)
    assert not policy(host="0.0.0.0").host_allowed(host, port=PORT)


def test_configured_hosts_are_ours() -> None:
    ours = policy(host="192.168.1.5", allowed_hosts=("Noond.Example.org", "other.org:8443"))

    for host in ("192.168.1.5:8737", "noond.example.org", "noond.example.org:8737"):
        assert ours.host_allowed(host, port=PORT), host
    assert ours.host_allowed("other.org:8443", port=PORT)
    for host in ("other.org", "other.org:8737", "noond.example.org:443", "example.org"):
        assert not ours.host_allowed(host, port=PORT), host


def own(origin: str, ours: NetworkPolicy, **changes: Any) -> bool:
    facts = {"host": "127.0.0.1:8737", "port": PORT, "secure": False, "proxied": False}
    return ours.origin_own(origin, **{**facts, **changes})


def test_own_origins() -> None:
    ours = policy(allowed_hosts=("noond.example.org",))

    for origin in ("http://127.0.0.1:8737", "http://localhost:8737", "http://[::1]:8737"):
        assert own(origin, ours), origin
        assert not own(origin, ours, secure=True), origin
    assert own("https://localhost:8737", ours, secure=True)
    assert own("http://localhost", ours, port=80)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "*",
        "http://localhost",
        "http://localhost:3000",
        "http://evil.org",
        "http://evil.org:8737",
        "http://localhost:8737.evil.org",
        "http://localhost:8737/path",
        "http://localhost:8737@evil.org",
        "http://evil.org#localhost:8737",
        "file://localhost:8737",
        "chrome-extension://localhost:8737",
        "http://127.0.0.1:8737, http://evil.org",
    ],
)
def test_foreign_origins(origin: str) -> None:
    ours = policy(allowed_hosts=("other.org:8443",))

    assert not own(origin, ours)
    assert not own(origin, ours, proxied=True, secure=True, host="noond.example.org")
    assert not ours.origin_listed(origin)


def test_behind_a_proxy_the_host_asked_for_is_ours() -> None:
    ours = policy(allowed_hosts=("noond.example.org",), trusted_proxies=("10.0.0.1",))
    facts = {"host": "noond.example.org", "secure": True}

    assert own("https://noond.example.org", ours, proxied=True, **facts)
    assert not own("https://noond.example.org", ours, proxied=False, **facts)
    assert not own("http://noond.example.org", ours, proxied=True, **facts)


def test_listed_origins_are_exact() -> None:
    ours = policy(allowed_origins=("https://App.example.org", "http://localhost:3000"))

    assert ours.origin_listed("https://app.example.org")
    assert ours.origin_listed("https://app.example.org:443")
    assert ours.origin_listed("http://localhost:3000")
    for origin in ("http://app.example.org", "https://app.example.org:444", "https://example.org"):
        assert not ours.origin_listed(origin), origin


def test_forwarded_headers_count_from_trusted_proxies_only() -> None:
    ours = policy(trusted_proxies=("10.0.0.0/8", "::1"))
    forwarded = {"forwarded_for": ["1.1.1.1, 2.2.2.2"], "forwarded_proto": "https"}

    def client(peer: str, **changes: Any) -> tuple[str, bool]:
        found = ours.client(peer, **{"secure": False, **forwarded, **changes})
        return found.address, found.secure

    assert client("9.9.9.9") == ("9.9.9.9", False)
    assert client("10.1.1.1") == ("2.2.2.2", True)
    assert client("::ffff:10.1.1.1") == ("2.2.2.2", True)
    assert client("10.1.1.1", forwarded_for=["1.1.1.1", "2.2.2.2, 10.2.2.2"]) == ("2.2.2.2", True)
    assert client("10.1.1.1", forwarded_for=["1.1.1.1, nonsense"]) == ("10.1.1.1", True)
    assert client("10.1.1.1", forwarded_for=[]) == ("10.1.1.1", True)
    assert client("10.1.1.1", forwarded_proto=None) == ("2.2.2.2", False)


def test_a_proxy_may_be_given_as_a_mapped_address() -> None:
    assert policy(trusted_proxies=("::ffff:10.0.0.1",)).is_proxy("10.0.0.1")
    assert not policy(trusted_proxies=("::ffff:10.0.0.1",)).is_proxy("10.0.0.2")


def test_failures_are_counted_per_ipv4_address_and_ipv6_network() -> None:
    assert throttle_group("192.0.2.1") == throttle_group("::ffff:192.0.2.1")
    assert throttle_group("192.0.2.1") != throttle_group("192.0.2.2")
    assert throttle_group("2001:db8::1") == throttle_group("2001:db8::ffff:2")
    assert throttle_group("2001:db8::1") != throttle_group("2001:db8:0:1::1")
    assert throttle_group("fe80::1%eth0") == throttle_group("fe80::2%eth1")


def test_what_is_no_address_is_none() -> None:
    assert parse_address("") is None
    assert parse_address("example.org") is None
