"""The one place that knows the client library. Importing it takes a second: do it in a thread."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, Protocol, cast

import openai
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from langsmith import tracing_context
from pydantic import SecretStr

from noond.clock import new_id
from noond.config import LLMSettings
from noond.llm.completion import CallFailed, Reply
from noond.llm.plain import one_line
from noond.llm.prompts import Message
from noond.llm.streamed import StreamedReply, read_arguments
from noond.models.dialogue import DialogueMessage, ToolCall, ToolSpec

# The library advises other methods of its own when a server refuses a response format.
warnings.filterwarnings("ignore", message=".*structured output", module=r"langchain_openai\.")

_MESSAGE_LIMIT = 300
_OPENAI_ORIGIN = "https://api.openai.com/"
_OPENAI_URL = _OPENAI_ORIGIN + "v1"
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
_NO_KEY = "none"
"""Sent when no key is set, so that the library does not look for one in the environment."""


class Hear(Protocol):
    """Told every piece of a streamed answer, empty ones too; `spoken`: it is text."""

    def __call__(self, piece: str, *, spoken: bool) -> None: ...


class _Lenient(BaseChatOpenAI):
    """Takes whatever a model writes as the arguments of a tool call."""

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: Any = None
    ) -> ChatResult:
        # The library fails on a whole answer for the sake of one list.
        if isinstance(response, openai.BaseModel):
            response = response.model_dump(warnings=False)
        if isinstance(response, dict):
            for choice in response.get("choices") or ():
                for call in choice["message"].get("tool_calls") or ():
                    call["function"]["arguments"] = _as_text(call["function"]["arguments"])
        return super()._create_chat_result(response, generation_info)


class _OpenAI(_Lenient, ChatOpenAI):
    """OpenAI's own server."""


class Chat:
    """A connection pool to one server and model."""

    def __init__(self, settings: LLMSettings) -> None:
        secret = settings.api_key.get_secret_value() if settings.api_key else None
        self._secret = secret
        # OpenAI itself wants `max_completion_tokens`, which other servers ignore or refuse; the
        # base class sends the `max_tokens` that they know.
        url = settings.base_url or _OPENAI_URL
        kind = _OpenAI if url.startswith(_OPENAI_ORIGIN) else _Lenient
        # Its own limit of a stream's silence would hold beside the settings'.
        unlimited = {name: None for name in ("stream_chunk_timeout",) if name in kind.model_fields}
        self._model = kind(
            model=settings.model or "",
            base_url=url,
            api_key=SecretStr(secret or _NO_KEY),
            timeout=settings.timeout_seconds,
            max_tokens=settings.max_tokens,
            max_retries=0,
            use_responses_api=False,
            http_async_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
            **unlimited,
        )

    async def send(
        self, messages: Sequence[Message], response_format: dict[str, Any] | None
    ) -> Reply:
        """Ask once. Raises CallFailed; cancelling closes the request at once."""
        # As an extra field of the body: given its own argument, the library would parse the
        # answer itself and raise before the tokens of a truncated one could be counted.
        body = {} if response_format is None else {"response_format": response_format}
        with self._as_calls_that_failed():
            return _reply(await self._model.ainvoke(list(messages), extra_body=body))

    async def converse(
        self, messages: Sequence[DialogueMessage], tools: Sequence[ToolSpec]
    ) -> Reply:
        """As `send`, with tools that the model may call."""
        with self._as_calls_that_failed():
            return _reply(await self._model.ainvoke(_spoken(messages), **_offered(tools)))

    async def stream(
        self,
        messages: Sequence[DialogueMessage],
        tools: Sequence[ToolSpec],
        *,
        hear: Hear,
        count: bool,
    ) -> Reply:
        """As `converse`; `hear` is told every piece. `count`: the server is asked for tokens."""
        joined = StreamedReply()
        answer = self._model.astream(_spoken(messages), stream_usage=count, **_offered(tools))
        async with aclosing(cast("AsyncGenerator[AIMessageChunk]", answer)) as chunks:
            while True:
                with self._as_calls_that_failed():
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return joined.reply()
                text, wanted = str(chunk.text), chunk.tool_call_chunks
                hear(text, spoken=True)
                hear("".join(part["args"] or "" for part in wanted), spoken=False)
                joined.add(
                    text,
                    wanted,
                    finish_reason=chunk.response_metadata.get("finish_reason"),
                    usage=cast("dict[str, Any] | None", chunk.usage_metadata),
                )

    @contextmanager
    def _as_calls_that_failed(self) -> Iterator[None]:
        try:
            # No copy of a document goes to a tracing service because of a variable that was
            # set in the environment for another program.
            with tracing_context(enabled=False):
                yield
        except openai.APIStatusError as error:
            raise CallFailed(
                f"the model's server answered {error.status_code}: {self._readable(error)}",
                status=error.status_code,
                retry_after=error.response.headers.get("retry-after"),
                out_of_credit=error.code == "insufficient_quota",
            ) from error
        except openai.APITimeoutError as error:
            raise CallFailed(
                "the model's server did not answer in time", sent=_was_sent(error)
            ) from error
        except openai.APIConnectionError as error:
            sent = _was_sent(error)
            what = "the connection to the model's server broke" if sent else (
                "the model's server can't be reached"
            )  # fmt: skip
            raise CallFailed(f"{what}: {self._readable(error)}", sent=sent) from error
        except (openai.OpenAIError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise CallFailed(
                f"the model's server answered with something else than a chat completion: "
                f"{self._readable(error)}"
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._model.root_async_client.close()

    def _readable(self, error: Exception) -> str:
        text = str(getattr(error, "message", "")) or str(error) or type(error).__name__
        if self._secret:
            text = text.replace(self._secret, "***")
        return one_line(text, _MESSAGE_LIMIT)


def _was_sent(error: BaseException) -> bool:
    return not any(type(cause).__name__ in _NEVER_SENT for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _reply(message: AIMessage) -> Reply:
    usage: dict[str, Any] = dict(message.usage_metadata or {})
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return Reply(
        text=str(message.text),
        finish_reason=message.response_metadata.get("finish_reason"),
        prompt_tokens=usage.get("input_tokens"),
        completion_tokens=usage.get("output_tokens"),
        tool_calls=tuple(
            ToolCall(
                id=call["id"] or new_id(),
                name=call["name"] or "",
                arguments=call["args"] if isinstance(call["args"], dict) else None,
            )
            for call in calls
        ),
    )


def _offered(tools: Sequence[ToolSpec]) -> dict[str, Any]:
    """The tools as an argument of the library, none for none: an empty list is refused by many."""
    if not tools:
        return {}
    offered = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in tools
    ]
    return {"tools": offered}


def _spoken(messages: Sequence[DialogueMessage]) -> list[BaseMessage]:
    return [_message(message) for message in messages]


def _message(message: DialogueMessage) -> BaseMessage:
    if message.role == "system":
        return SystemMessage(message.content)
    if message.role == "user":
        return HumanMessage(message.content)
    if message.role == "tool":
        return ToolMessage(message.content, tool_call_id=message.tool_call_id or "")
    return AIMessage(
        message.content,
        # Servers want an object, whatever the model wrote.
        tool_calls=[
            {"type": "tool_call", "id": call.id, "name": call.name, "args": call.arguments or {}}
            for call in message.tool_calls
        ],
    )


def _as_text(arguments: Any) -> str:
    """The arguments so that the library reads them, or takes them for invalid."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return text if read_arguments(text) is not None else f"no object: {text}"
