"""Several people on one daemon, each with a command line of their own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripted_terminal import scripted_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Machine

PASSWORD = "a password of some length"
NEW = "New password for"
AGAIN = "Once more"


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a command line on another machine: a data directory without a daemon."""

    machine: Machine
    name: str

    @property
    def cli_file(self) -> Path:
        return self.machine.root / self.name / "cli.json"

    @property
    def environment(self) -> dict[str, str]:
        return {"NOOND__SERVER__DATA_DIR": str(self.cli_file.parent)}

    def noond(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return self.machine.noond(*arguments, typed=typed, **self.environment)

    def ask(self, *arguments: str, typed: str = "") -> Any:
        return self.machine.ask(*arguments, typed=typed, **self.environment)

    def login(self, *options: str, password: str = PASSWORD) -> Any:
        return self.ask(
            "login", self.name, "--url", self.machine.url, "--password-stdin", *options,
            typed=f"{password}\n",
        )  # fmt: skip


def join(house: Machine, name: str, *options: str) -> Person:
    """Add a user, who signs in."""
    house.ask("users", "add", name, "--password-stdin", *options, typed=f"{PASSWORD}\n")
    person = Person(machine=house, name=name)
    person.login()
    return person


def test_a_password_is_typed_twice_and_never_shown(house: Machine) -> None:
    settings = house.environment()
    with scripted_terminal("users", "add", "Typist", environment=settings) as owner:
        owner.answer(NEW, f"{PASSWORD}\r")
        owner.answer(AGAIN, "something else\r")
        owner.answer(NEW, f"{PASSWORD}\r")
        owner.answer(AGAIN, f"{PASSWORD}\r")
        assert owner.finish() == 0
    assert PASSWORD not in owner.shown
    assert "noond login Typist" in owner.shown
    assert Person(machine=house, name="typist").login()["user"]["name"] == "Typist"

    with scripted_terminal("users", "passwd", "typist", environment=settings) as owner:
        owner.answer(NEW, "another one, longer\r")
        owner.answer(AGAIN, "another one, longer\r")
        assert owner.finish() == 0
    refused = house.noond(
        "login", "typist", "--url", house.url, "--password-stdin", "--replace",
        typed=f"{PASSWORD}\n", NOOND__SERVER__DATA_DIR=str(house.root / "typist"),
    )  # fmt: skip
    assert refused.returncode == 5
    assert refused.stderr == "noond: The name or the password is wrong.\n"


def test_a_person_changes_their_password_at_a_terminal(house: Machine) -> None:
    ana = join(house, "changer")
    settings = house.environment(**ana.environment)
    with scripted_terminal("users", "passwd", environment=settings) as terminal:
        terminal.answer("Present password", f"{PASSWORD}\r")
        terminal.answer(NEW, "another one, longer\r")
        terminal.answer(AGAIN, "another one, longer\r")
        assert terminal.finish() == 0
    assert ana.ask("whoami")["user"]["name"] == "changer"  # keys stay
    ana.login("--replace", password="another one, longer")
    done = ana.noond("users", "passwd", "--password-stdin", typed=f"{PASSWORD}\nwhatever else\n")
    assert (done.returncode, done.stderr) == (5, "noond: the present password is wrong.\n")


def test_ctrl_c_at_a_prompt_adds_nobody(house: Machine) -> None:
    with scripted_terminal("users", "add", "nobody", environment=house.environment()) as owner:
        assert owner.interrupt(NEW) == 130
    assert "nobody" not in [user["name"] for user in house.ask("users")["items"]]


def test_each_sees_their_own_and_does_what_their_role_allows(house: Machine) -> None:
    ben = join(house, "ben", "--timezone", "Europe/Berlin")
    me = ben.ask("whoami")
    assert (me["user"]["role"], me["user"]["timezone"]) == ("user", "Europe/Berlin")
    assert ben.ask("agents") == {"items": []}
    assert len(ben.ask("keys")["items"]) == 1
    for refused in (["users"], ["users", "add", "x", "--no-password"], ["users", "rm", "owner"]):
        done = ben.noond(*refused)
        assert done.returncode == 5
        assert "noond whoami" in done.stderr
    house.ask("users", "edit", "BEN", "--role", "admin")
    ben.ask("users", "add", "bens-guest", "--no-password", "--role", "viewer")
    assert ben.noond("users", "edit", "bens-guest", "--role", "owner").returncode == 5
    assert ben.noond("users", "passwd", "owner", "--password-stdin", typed=PASSWORD).returncode == 5


def test_a_key_does_what_it_was_made_for(house: Machine) -> None:
    cleo = join(house, "cleo")
    made = cleo.noond("keys", "create", "reader", "--scope", "agents:read", "--days", "20")
    assert made.returncode == 0
    secret = made.stdout.removesuffix("\n")
    assert secret.startswith("nd_live_")
    assert secret not in made.stderr

    def as_reader(*arguments: str, key: str = secret) -> subprocess.CompletedProcess[str]:
        return house.noond(*arguments, NOOND_URL=house.url, NOOND_API_KEY=key)

    assert as_reader("agents").returncode == 0
    assert as_reader("devices").returncode == 5
    assert as_reader("keys", "create", "more", "--scope", "admin").returncode == 5
    assert "expires in 19 days" in as_reader("whoami").stderr

    new = cleo.noond("keys", "rotate", "reader").stdout.strip()
    assert as_reader("agents").returncode == 0  # until the new one is used
    assert as_reader("agents", key=new).returncode == 0
    assert as_reader("agents").returncode == 5
    assert cleo.noond("keys", "revoke", "reader").returncode == 0
    ended = as_reader("agents", key=new)
    assert ended.returncode == 5
    assert new not in ended.stderr
    assert cleo.noond("keys", "show", "reader").returncode == 4


def test_a_command_line_renews_its_own_key_and_signs_out(house: Machine) -> None:
    dora = join(house, "dora")
    before = json.loads(dora.cli_file.read_text())
    (key,) = dora.ask("keys")["items"]
    assert "api_key" not in dora.ask("keys", "rotate", key["id"])
    after = json.loads(dora.cli_file.read_text())
    assert after["api_key"] != before["api_key"]
    assert dora.cli_file.stat().st_mode & 0o777 == 0o600
    assert dora.noond("agents").returncode == 0
    old = house.noond("agents", NOOND_URL=house.url, NOOND_API_KEY=before["api_key"])
    assert old.returncode == 5

    kept = dora.noond("keys", "revoke", key["name"])
    assert kept.returncode == 6
    assert "noond login dora" in kept.stderr
    assert dora.noond("keys", "revoke", key["name"], "--yes").returncode == 0
    assert "noond login" in dora.noond("agents").stderr
    dora.login()
    assert dora.noond("agents").returncode == 0


def test_an_owner_with_a_password_gets_back_in(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    locked_out = machine.noond("keys", "revoke", "command line")
    assert locked_out.returncode == 6
    assert "noond users passwd" in locked_out.stderr
    machine.ask("users", "passwd", "--password-stdin", typed=f"{PASSWORD}\n")
    machine.ask("users", "edit", "owner", "--name", "Ines")
    machine.ask("keys", "revoke", "command line", "--yes")
    assert machine.noond("agents").returncode == 3
    machine.ask("login", "ines", "--password-stdin", typed=f"{PASSWORD}\n")
    assert machine.ask("whoami")["user"]["role"] == "owner"
    assert machine.noond("users", "rm", "ines", "--yes").returncode == 6


def test_removing_somebody_takes_their_name(house: Machine) -> None:
    eve = join(house, "Eve")
    assert house.noond("users", "rm", "eve").returncode == 2  # nobody there to ask
    settings = house.environment()
    with scripted_terminal("users", "rm", "eve", environment=settings) as owner:
        owner.answer("Type the name to go on", "eva\r")
        assert owner.finish() == 1
    assert "nothing was removed" in owner.shown
    assert eve.noond("agents").returncode == 0
    with scripted_terminal("users", "rm", "eve", environment=settings) as owner:
        told = owner.expect("Type the name to go on")
        owner.press("Eve\r")
        assert owner.finish() == 0
    assert "records" in told
    assert max(map(len, owner.lines)) <= 80
    shut_out = eve.noond("agents")
    assert shut_out.returncode == 5
    assert "noond login" in shut_out.stderr
    assert house.noond("users", "rm", "eve").returncode == 4


def test_tables_fit_a_terminal(house: Machine) -> None:
    join(house, "a person with a rather long name", "--timezone", "America/Argentina/Buenos_Aires")
    house.ask(
        "keys", "create", "a rather long name of a key",
        *("--scope", "devices:read", "--scope", "agents:execute", "--scope", "keys:write"),
    )  # fmt: skip
    for verb in (["users"], ["keys"], ["keys", "show", "command line"], ["whoami"]):
        with scripted_terminal(*verb, environment=house.environment()) as owner:
            assert owner.finish() == 0
        assert max(map(len, owner.lines)) <= 80, owner.shown
        piped = house.noond(*verb)
        assert "\x1b" not in piped.stdout
