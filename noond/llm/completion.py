"""What comes back from a model's server: a reply or a failure, in no library's terms."""

from __future__ import annotations

from dataclasses import dataclass

from noond.models.dialogue import ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A chat completion; tokens are None when the server does not count them."""

    text: str
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    tool_calls: tuple[ToolCall, ...] = ()


class CallFailed(Exception):
    """The server was not reached, refused, or answered with something else than a completion.

    `status` is None without an HTTP answer; `sent` says whether the question may have arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: str | None = None,
        sent: bool = True,
        out_of_credit: bool = False,
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        self.sent = sent
        self.out_of_credit = out_of_credit
        super().__init__(message)
