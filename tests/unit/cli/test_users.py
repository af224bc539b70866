from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.exits import ExitCode
from noond.models.account import Role, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Noond, ScriptedDaemon


def user(name: str, role: Role = Role.USER) -> dict[str, Any]:
    return {
        "id": f"id-of-{name}",
        "name": name,
        "role": role.value,
        "timezone": "Europe/Berlin",
        "has_password": True,
        "created_at": "2026-11-20T08:00:00.000Z",
    }


def be(daemon: ScriptedDaemon, who: dict[str, Any], *scopes: Scope) -> None:
    credential = {"kind": "api_key", "id": "k1", "name": "cli", "scopes": list(scopes)}
    daemon.on("GET", "/auth/me", (200, {"user": who, "credential": credential}))


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes before the next command."""

    def put(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def test_users_are_listed_one_a_line(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/users", user("Ana\tSchmidt"), user("ines", Role.OWNER))
    rows = noond("users").rows
    assert [row[:3] for row in rows] == [["Ana Schmidt", "user", "yes"], ["ines", "owner", "yes"]]
    assert noond("users", "--json").document == noond("users", "list", "--json").document


@pytest.mark.parametrize("word", ["ANA", " ana ", "id-of-Ana"])
def test_a_user_is_found_by_name_in_whatever_case(
    word: str, noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.items("/users", user("Anabel"), user("Ana"))
    daemon.on("DELETE", "/users/id-of-Ana", (204, None))
    assert noond("users", "rm", word, "--yes").code == ExitCode.OK
    assert len(daemon.sent("DELETE", "/users/id-of-Ana")) == 1


def test_an_unknown_user_is_said_so(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/users", user("Anabel"))
    outcome = noond("users", "edit", "Ana", "--role", "admin")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "noond users" in outcome.err


def test_without_a_terminal_nobody_is_removed_unasked(
    noond: Noond, daemon: ScriptedDaemon, stdin: Callable[[bytes], None]
) -> None:
    daemon.items("/users", user("Ana"))
    stdin(b"Ana\n")
    outcome = noond("users", "rm", "Ana")
    assert outcome.code == ExitCode.USAGE
    assert "--yes" in outcome.err
    assert all(request.method == "GET" for request in daemon.requests)


def test_a_password_comes_from_stdin_without_its_line_end(
    noond: Noond, daemon: ScriptedDaemon, stdin: Callable[[bytes], None]
) -> None:
    daemon.on("POST", "/users", (201, user("Ana")))
    stdin(" mit Leerzeichen ä \r\nnot this\n".encode())
    assert noond("users", "add", "Ana", "--password-stdin").code == ExitCode.OK
    assert daemon.requests[0].body == {
        "name": "Ana",
        "role": "user",
        "password": " mit Leerzeichen ä ",
    }


@pytest.mark.parametrize("content", [b"", b"\n", b"pa\xffssword\n"])
def test_what_is_no_password_is_refused(
    content: bytes, noond: Noond, daemon: ScriptedDaemon, stdin: Callable[[bytes], None]
) -> None:
    stdin(content)
    assert noond("users", "add", "Ana", "--password-stdin").code == ExitCode.USAGE
    assert daemon.requests == []


@pytest.mark.parametrize("options", [[], ["--password-stdin", "--no-password"]])
def test_it_must_be_clear_where_the_password_comes_from(
    options: list[str],
    noond: Noond,
    daemon: ScriptedDaemon,
    stdin: Callable[[bytes], None],
) -> None:
    stdin(b"a good password\n")
    outcome = noond("users", "add", "Ana", *options)
    assert outcome.code == ExitCode.USAGE
    assert "--password-stdin" in outcome.err
    assert daemon.requests == []


def test_full_rights_set_ones_own_password(
    noond: Noond, daemon: ScriptedDaemon, stdin: Callable[[bytes], None]
) -> None:
    be(daemon, user("ines", Role.OWNER), *Scope)
    daemon.on("POST", "/users/id-of-ines/password", (204, None))
    stdin(b"a good password\n")
    assert noond("users", "passwd", "--password-stdin").code == ExitCode.OK
    (sent,) = daemon.sent("POST", "/users/id-of-ines/password")
    assert sent.body == {"password": "a good password"}


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.USER, sorted(Role.USER.scopes)),
        (Role.OWNER, [Scope.USERS_READ, Scope.USERS_WRITE]),
        (Role.OWNER, sorted(set(Scope) - {Scope.USERS_WRITE})),
    ],
)
@pytest.mark.parametrize("word", [[], ["ANA"]])
def test_fewer_rights_take_the_present_password(
    role: Role,
    scopes: list[Scope],
    word: list[str],
    noond: Noond,
    daemon: ScriptedDaemon,
    stdin: Callable[[bytes], None],
) -> None:
    be(daemon, user("Ana", role), *scopes)
    daemon.on("POST", "/auth/password", (204, None))
    stdin(b"the present one\na good password\n")
    assert noond("users", "passwd", *word, "--password-stdin").code == ExitCode.OK
    (sent,) = daemon.sent("POST", "/auth/password")
    assert sent.body == {
        "current_password": "the present one",
        "new_password": "a good password",
    }


def test_nothing_to_change_is_a_mistake(noond: Noond, daemon: ScriptedDaemon) -> None:
    assert noond("users", "edit", "Ana").code == ExitCode.USAGE
    assert daemon.requests == []
