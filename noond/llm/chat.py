"""The one place that knows the client library. Importing it takes a second: do it in a thread."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import openai
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from langsmith import tracing_context
from pydantic import SecretStr

from noond.config import LLMSettings
from noond.llm.completion import CallFailed, Reply
from noond.llm.plain import one_line
from noond.llm.prompts import Message

# The library advises other methods of its own when a server refuses a response format.
warnings.filterwarnings("ignore", message=".*structured output", module=r"langchain_openai\.")

_MESSAGE_LIMIT = 300
_OPENAI_ORIGIN = "https://api.openai.com/"
_OPENAI_URL = _OPENAI_ORIGIN + "v1"
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
_NO_KEY = "none"
"""Sent when no key is set, so that the library does not look for one in the environment."""


class Chat:
    """A connection pool to one server and model."""

    def __init__(self, settings: LLMSettings) -> None:
        secret = settings.api_key.get_secret_value() if settings.api_key else None
        self._secret = secret
        # OpenAI itself wants `max_completion_tokens`, which other servers ignore or refuse; the
        # base class sends the `max_tokens` that they know.
        url = settings.base_url or _OPENAI_URL
        kind: type[BaseChatOpenAI] = (
            ChatOpenAI if url.startswith(_OPENAI_ORIGIN) else BaseChatOpenAI
        )
        self._model = kind(
            model=settings.model or "",
            base_url=url,
            api_key=SecretStr(secret or _NO_KEY),
            timeout=settings.timeout_seconds,
            max_tokens=settings.max_tokens,
            max_retries=0,
            use_responses_api=False,
            http_async_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )

    async def send(
        self, messages: Sequence[Message], response_format: dict[str, Any] | None
    ) -> Reply:
        """Ask once. Raises CallFailed; cancelling closes the request at once."""
        # As an extra field of the body: given its own argument, the library would parse the
        # answer itself and raise before the tokens of a truncated one could be counted.
        body = {} if response_format is None else {"response_format": response_format}
        try:
            # No copy of a document goes to a tracing service because of a variable that was
            # set in the environment for another program.
            with tracing_context(enabled=False):
                message = await self._model.ainvoke(list(messages), extra_body=body)
            usage: dict[str, Any] = dict(message.usage_metadata or {})
            return Reply(
                text=str(message.text),
                finish_reason=message.response_metadata.get("finish_reason"),
                prompt_tokens=usage.get("input_tokens"),
                completion_tokens=usage.get("output_tokens"),
            )
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
