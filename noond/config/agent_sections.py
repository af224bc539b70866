"""The sections on models and on who uses them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from noond.config.section import Section
from noond.models.rate import RateLimit


class LLMSettings(Section):
    """Who extracts records from text."""

    provider: Literal["embedded", "openai"] = Field(
        "embedded",
        description="`embedded`: rules, no model, no network. `openai`: any server that speaks "
        "OpenAI's chat completions.",
    )
    base_url: str | None = Field(
        None, description="Address of the server, for example `http://127.0.0.1:11434/v1`."
    )
    api_key: SecretStr | None = Field(None, description="Key for the server, if it wants one.")
    model: str | None = Field(None, description="Name of the model.")
    timeout_seconds: float = Field(
        60,
        gt=0,
        description="Longest wait for one answer; for a streamed one the longest silence between "
        "two pieces, and ten times that for the whole.",
    )
    max_tokens: int = Field(2000, gt=0, description="Tokens of one answer at most.")
    retries: int = Field(
        2, ge=0, le=10, description="Further tries after 429, 5xx or a lost connection."
    )
    concurrency: int = Field(4, ge=1, le=64, description="Extractions at once.")
    chunk_characters: int = Field(
        8000, ge=500, description="Longer texts are split at paragraph borders, overlapping."
    )
    prices: dict[str, tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]] = Field(
        {},
        description="US dollars per million prompt and completion tokens, by model: "
        '`"gpt-4o-mini" = [0.15, 0.60]`. The cost of other models is unknown.',
    )
    usd_per_day: float | None = Field(
        None, gt=0, description="Hard stop for all of a user's calls in a day of their zone."
    )
    usd_per_agent: float | None = Field(
        None, gt=0, description="Hard stop for one agent's calls in a day of its user's zone."
    )
    usd_per_run: float | None = Field(None, gt=0, description="Hard stop for one run in a day.")
    usd_all_users: float | None = Field(
        None, gt=0, description="Hard stop for the calls of all users together in a day (UTC)."
    )
    keep_texts: bool = Field(
        False,
        description="Keep what models were asked and answered beside the figures of each call, "
        "without known kinds of secrets and shortened.",
    )
    text_days: int = Field(30, ge=1, description="How long these texts are kept.")

    @model_validator(mode="after")
    def _server_named(self) -> LLMSettings:
        if self.provider == "openai" and not self.model:
            raise ValueError(
                'provider "openai" needs model (and base_url for a server of your own)'
            )
        return self


class RunSettings(Section):
    """Runs of agents."""

    file_bytes: int = Field(
        16_777_216, ge=1, description="Largest file that is read; larger ones are reported."
    )
    silence_seconds: float = Field(
        120, gt=0, description="How long a device may be silent while its files are awaited."
    )
    concurrent: int = Field(4, ge=1, le=64, description="Runs at once, of different devices.")


class AssistantSettings(Section):
    """Chat agents and their conversations."""

    steps: int = Field(
        8, ge=1, le=50, description="How often the model is asked for one message, with tools."
    )
    context_messages: int = Field(
        100, ge=2, le=1000, description="Messages of a conversation that the model is told."
    )
    conversation_hours: int = Field(
        24,
        ge=1,
        le=87_600,
        description="How long a conversation is kept after its last message, unless it says so.",
    )
    rate: str = Field("100/min", description="Messages that are begun to be answered, at most.")
    stream_rate: str = Field("50/min", description="Of those, such whose answer is streamed.")
    stream_soft_seconds: float = Field(
        840, gt=0, description="Time after which a streamed answer ends with what there is."
    )
    stream_hard_seconds: float = Field(
        900, gt=0, description="Time after which a streamed answer is cancelled."
    )
    reconnect_seconds: float = Field(
        5,
        ge=0,
        description="Time a reader of a stream has to come back before its answer is cancelled.",
    )

    @field_validator("rate", "stream_rate")
    @classmethod
    def _rate_read(cls, text: str) -> str:
        RateLimit.parse(text)
        return text
