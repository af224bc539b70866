"""What the daemon may send to: hosts in the internet, and what the settings let it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from noond.findings.addresses import AddressRefused, CheckedResolver, check_host, is_public


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.251", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        "2001:0:53aa:64c:0:0:0:0",
    ],
)  # fmt: skip
def test_what_is_not_in_the_internet_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    if ip_address(address).is_loopback:
        check_host(address, allow_private=False)
    else:
        with pytest.raises(AddressRefused):
            check_host(address, allow_private=False)
    check_host(address, allow_private=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::", "64:ff9b::5db8:d822"])
def test_what_is_in_the_internet_is_let(address: str) -> None:
    assert is_public(ip_address(address))
    check_host(address, allow_private=False)


async def test_a_name_that_leads_here_must_say_so() -> None:
    here = CheckedResolver(allow_private=False)
    assert {each["host"] for each in await here.resolve("localhost", 80)} == {"127.0.0.1"}


async def test_a_name_that_leads_elsewhere_is_refused_by_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name service is not the test's to ask: what it says is put in its place."""
    resolver = CheckedResolver(allow_private=False)
    answers = {"rebinding.example": ["93.184.216.34", "127.0.0.1"], "localhost": ["10.0.0.1"]}

    async def resolve(host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [{"hostname": host, "host": each, "port": port} for each in answers[host]]

    monkeypatch.setattr(resolver._resolver, "resolve", resolve)
    for host in answers:
        with pytest.raises(AddressRefused):
            await resolver.resolve(host, 443)
