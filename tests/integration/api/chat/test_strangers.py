"""Two users and every route of chat agents: nobody sees or touches what is another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

HERS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/agents/tasks/{task}", None),
    ("GET", "/agents/tasks/{task}/events", None),
    ("GET", "/agents/tasks/{task}/result", None),
    ("POST", "/agents/tasks/{task}/cancel", None),
    ("GET", "/agents/batches/{batch}", None),
    ("GET", "/agents/batches/{batch}/result", None),
    ("GET", "/conversations/{conversation}", None),
    ("GET", "/conversations/{conversation}/messages", None),
    ("PATCH", "/conversations/{conversation}", {"title": "Mine"}),
    ("DELETE", "/conversations/{conversation}", None),
    ("GET", "/schedules/{schedule}", None),
    ("GET", "/schedules/{schedule}/fires", None),
    ("PATCH", "/schedules/{schedule}", {"name": "Mine"}),
    ("DELETE", "/schedules/{schedule}", None),
)
LISTS = ("/agents/tasks", "/conversations", "/schedules")


async def test_nobody_meets_what_is_anothers(chat: Chat, world: World) -> None:
    conversation = (await chat.post("/conversations", {})).json["id"]
    task = (await chat.invoke("Hello", session_id=conversation))["metadata"]["task_id"]
    several = {"invocations": [{"message": "one"}]}
    batch = (await chat.post("/agents/invoke-batch", several)).json["batch_id"]
    wanted = {"name": "x", "cron": "0 0 1 1 *", "message": "Hello"}
    schedule = (await chat.post("/schedules", wanted)).json["id"]
    ids = {"task": task, "batch": batch, "conversation": conversation, "schedule": schedule}

    for path in LISTS:
        assert (await chat.get(path))["items"] != []
        assert (await chat.get(path, key="ben"))["items"] == [], path
    for method, path, body in HERS:
        reply = await world.send(method, f"/api/v1{path.format(**ids)}", key="ben", json=body)
        assert reply.status == 404, (method, path)
        assert "Hello" not in reply.text
    for path in ("/agents/invoke", "/agents/assistant/invoke-async", "/agents/stream"):
        body = {"message": "Hi", "session_id": conversation}
        assert (await chat.post(path, body, key="ben")).status == 404
        again = await world.send(
            "POST", f"/api/v1{path}", key="ben", json={"message": "Hi"},
            headers={"Last-Event-ID": f"{task}:1"},
        )  # fmt: skip
        assert (again.status == 404) is path.endswith("stream")
        assert "Good day" not in again.text or task not in again.text
    for method, path, body in HERS:
        reply = await world.send(method, f"/api/v1{path.format(**ids)}", json=body)
        assert reply.status < 300, (method, path, reply.text)


async def test_a_key_that_may_only_read_changes_nothing(chat: Chat, world: World) -> None:
    await world.add_key("reader", "ana", "agents:read")
    conversation = (await chat.post("/conversations", {})).json["id"]
    task = (await chat.invoke("Hello"))["metadata"]["task_id"]
    wanted = {"name": "x", "cron": "0 0 1 1 *", "message": "Hello"}
    schedule = (await chat.post("/schedules", wanted)).json["id"]
    several = {"invocations": [{"message": "one"}]}
    batch = (await chat.post("/agents/invoke-batch", several)).json["batch_id"]
    ids = {"task": task, "batch": batch, "conversation": conversation, "schedule": schedule}
    for method, path, body in HERS:
        url = f"/api/v1{path.format(**ids)}"
        reply = await world.send(method, url, key="reader", json=body)
        assert reply.status == (200 if method == "GET" else 403), (method, path)
    message = {"message": "Hi"}
    requests: tuple[tuple[str, Any], ...] = (
        ("/agents/invoke", message),
        ("/agents/assistant/invoke", message),
        ("/agents/assistant/invoke-async", message),
        ("/agents/stream", message),
        ("/agents/assistant/stream", message),
        ("/agents/invoke-batch", several),
        ("/agents/invoke-chain", {"steps": [message, message]}),
        ("/conversations", {}),
        ("/schedules", {**wanted, "name": "y"}),
    )
    for path, body in requests:
        assert (await chat.post(path, body, key="reader")).status == 403, path
        assert (await world.send("POST", f"/api/v1{path}", key=None, json=body)).status == 401
    chat_reply = await world.send("POST", "/agent/chat", key="reader", json={"text": "Hi"})
    assert chat_reply.status == 403
