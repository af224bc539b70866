from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.client import Client, Problem, StreamBroken
from noond.cli.endpoint import Endpoint
from noond.cli.exits import CommandFailed, ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import ScriptedDaemon


def client_of(url: str) -> Client:
    return Client(Endpoint(url=url, api_key="secret-key", origin="NOOND_URL"))


@pytest.fixture
def client(daemon: ScriptedDaemon) -> Client:
    return client_of(daemon.url)


def test_the_key_travels_in_the_header(client: Client, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/agents/a", (200, {"id": "a"}))
    assert client.get("/agents/a") == {"id": "a"}
    assert daemon.requests[0].authorization == "Bearer secret-key"


def test_a_list_is_read_to_its_end(client: Client, daemon: ScriptedDaemon) -> None:
    daemon.on(
        "GET",
        "/runs",
        (200, {"items": [{"id": 1}, {"id": 2}], "next": "c1"}),
        (200, {"items": [{"id": 3}], "next": None}),
    )
    assert [run["id"] for run in client.items("/runs", status="error")] == [1, 2, 3]
    first, second = daemon.requests
    assert (first.query.get("cursor"), second.query["cursor"]) == (None, ["c1"])
    assert first.query["status"] == second.query["status"] == ["error"]


def test_a_list_is_cut_where_asked(client: Client, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/runs", (200, {"items": [{"id": 1}, {"id": 2}], "next": "c1"}))
    assert len(client.items("/runs", at_most=2)) == 2
    assert [request.query["limit"] for request in daemon.requests] == [["2"]]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.USAGE),
        (401, ExitCode.REFUSED),
        (403, ExitCode.REFUSED),
        (404, ExitCode.NOT_FOUND),
        (409, ExitCode.CONFLICT),
        (429, ExitCode.LATER),
        (500, ExitCode.FAILED),
        (503, ExitCode.LATER),
        (507, ExitCode.LATER),
    ],
)
def test_a_problem_has_its_exit_code(
    status: int, code: ExitCode, client: Client, daemon: ScriptedDaemon
) -> None:
    daemon.on(
        "POST", "/agents", (status, {"code": "x", "title": "Refused", "detail": "No, thanks"})
    )
    with pytest.raises(Problem, match=r"No, thanks\.") as raised:
        client.post("/agents", {})
    assert raised.value.exit_code == code
    assert "secret-key" not in raised.value.message


def test_a_problem_names_the_option_of_each_field(client: Client, daemon: ScriptedDaemon) -> None:
    problem = {
        "code": "invalid",
        "title": "Invalid",
        "errors": [
            {"field": "schedule_cron", "message": "'x' has 1 fields"},
            {"field": "directory_paths.0", "message": "is empty"},
            {"field": "colour", "message": "no such field"},
        ],
    }
    daemon.on("POST", "/agents", (400, problem))
    with pytest.raises(Problem) as raised:
        client.post("/agents", {})
    assert (
        raised.value.message == "--cron: 'x' has 1 fields; --path: is empty; colour: no such field."
    )


def test_a_limit_says_when_to_try_again(client: Client, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/runs", (429, {"code": "rate_limited", "title": "Too many requests"}))
    with pytest.raises(Problem, match="Try again in 7 s"):
        client.get("/runs")


@pytest.mark.parametrize("reply", [(200, b"<html>"), (404, b"<html>"), (302, None), (500, [])])
def test_another_program_is_recognised(
    reply: tuple[int, Any], client: Client, daemon: ScriptedDaemon
) -> None:
    daemon.on("GET", "/runs", reply)
    with pytest.raises(CommandFailed, match="is not noond") as raised:
        client.get("/runs")
    assert raised.value.exit_code == ExitCode.UNREACHABLE


def test_a_daemon_that_is_away_is_said_so(unused_tcp_port: int) -> None:
    with pytest.raises(CommandFailed, match="noond serve") as raised:
        client_of(f"http://127.0.0.1:{unused_tcp_port}").get("/runs")
    assert raised.value.exit_code == ExitCode.UNREACHABLE


@pytest.mark.parametrize("url", ["", "localhost:8737", "ftp://h", "http://", "http://h:99999"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CommandFailed, match="is not an address") as raised:
        client_of(url)
    assert raised.value.exit_code == ExitCode.USAGE


def test_events_are_read_one_by_one(client: Client, daemon: ScriptedDaemon) -> None:
    stream = (
        b': ping\r\n\r\nevent: run.progress\r\ndata: {"n":\r\ndata: 1}\r\n\r\ndata:{"n": 2}\n\n'
    )
    daemon.on("GET", "/runs/r/events", (200, stream))
    assert [event["n"] for event in client.events("/runs/r/events")] == [1, 2]


def test_a_stream_of_something_else_is_broken(client: Client, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/runs/r/events", (200, b"data: {\n\n"))
    with pytest.raises(StreamBroken):
        list(client.events("/runs/r/events"))


def test_a_refused_stream_is_a_problem(client: Client, daemon: ScriptedDaemon) -> None:
    with pytest.raises(Problem, match="no such thing"):
        list(client.events("/runs/none/events"))
