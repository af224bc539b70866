"""A model's server for tests of whole programs: it says what the test has it say, when it may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Piece: TypeAlias = str | dict[str, Any] | threading.Event
"""A piece of text, a call of a tool, or what is waited for before the next piece."""

_PATIENCE_SECONDS = 60


class SpeakingModel:
    """Streams one utterance after the other; the last one again and again."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Any] = []
        """What the daemon sent: one document for each question."""
        self._utterances: list[Sequence[Piece]] = [["I have nothing to say."]]

    def says(self, *utterances: Sequence[Piece]) -> None:
        """From now on it says these."""
        self._utterances = list(utterances)

    @property
    def settings(self) -> str:
        """The daemon's settings for this model, in TOML."""
        return (
            f'[llm]\nprovider = "openai"\nbase_url = "{self.url}"\napi_key = "k"\n'
            'model = "speaker"\n[llm.prices]\nspeaker = [1.0, 2.0]\n'
        )

    def next_utterance(self, question: Any) -> Sequence[Piece]:
        """What it says to this question."""
        self.asked.append(question)
        return self._utterances.pop(0) if len(self._utterances) > 1 else self._utterances[0]


@contextmanager
def speaking_model() -> Iterator[SpeakingModel]:
    """Serve one on a free loopback port."""
    model = SpeakingModel()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(model: SpeakingModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            with suppress(ConnectionError):  # the daemon was killed, or the task cancelled
                self._say(model.next_utterance(question))

        def _say(self, pieces: Sequence[Piece]) -> None:
            called = False
            for piece in pieces:
                if isinstance(piece, threading.Event):
                    assert piece.wait(_PATIENCE_SECONDS), "the test never let it go on"
                elif isinstance(piece, str):
                    self._send(choices=[{"index": 0, "delta": {"content": piece}}])
                else:
                    called = True
                    self._send(choices=[{"index": 0, "delta": {"tool_calls": [_call(piece)]}}])
            reason = "tool_calls" if called else "stop"
            self._send(choices=[{"index": 0, "delta": {}, "finish_reason": reason}])
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            self._send(choices=[], usage=usage)
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, **content: Any) -> None:
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "speaker"}
            self.wfile.write(f"data: {json.dumps({**chunk, **content})}\n\n".encode())
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    return Handler


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": json.dumps(call.get("arguments", {}))}
    return {"index": 0, "id": "call-1", "type": "function", "function": function}
