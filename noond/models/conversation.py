"""A conversation: messages that belong together, so that an agent knows what was said before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Speaker = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is known of a conversation as a whole.

    It is deleted at `expires_at`, which moves with each message by `keep_hours`. `summary` stands
    for the messages up to `summarised_to` (a message's id). `cost_usd` is that of the calls whose
    price is known.
    """

    id: str
    user_id: str
    agent_id: str
    title: str | None
    keep_hours: int
    message_count: int
    tokens_used: int
    cost_usd: float
    summary: str | None
    summarised_to: str | None
    created_at: datetime
    last_message_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationMessage:
    """Something that was said. `tainted`: it may repeat text from documents or devices."""

    id: str
    conversation_id: str
    role: Speaker
    content: str
    task_id: str
    tainted: bool
    created_at: datetime
