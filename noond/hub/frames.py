"""The frames of the device protocol, version 1: one class a frame, both directions.

The daemon and the bundled device both speak these classes, and the protocol reference is made
from them. A message is one JSON object in a text frame with a string field `type`. Unknown
fields are ignored; an unknown type or a wrong field is an InvalidFrame.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from noond.errors import NoondError
from noond.models.document import Table

PROTOCOL: Final = 1
SUBPROTOCOL: Final = "noond.v1"
CAPABILITIES: Final = frozenset(
    {"manifest", "context", "credit", "cancel", "delete", "review", "notify"}
)
"""What a device may offer beyond a basic device's frames."""

Label = Annotated[str, Field(min_length=1, max_length=4096)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
DeviceId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Milliseconds = Annotated[int, Field(ge=0, le=253_402_300_799_999)]


class InvalidFrame(NoondError):
    """The message is not a frame of this protocol."""

    code = "invalid_frame"

    def __init__(self, message: str, *, ref: str | None = None) -> None:
        self.ref = ref
        super().__init__(message)


class Frame(BaseModel):
    """A message of the protocol."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    bulk: ClassVar[bool] = False
    """Whether the frame waits behind control frames in a sender's queue."""

    def encode(self) -> str:
        """The message's text; fields that are None are left out."""
        return self.to_bytes().decode()

    def to_bytes(self) -> bytes:
        """The message's text in UTF-8."""
        return to_json(self, exclude_none=True, inf_nan_mode="null")


class Part(BaseModel):
    """A piece of a frame."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


# --- device to daemon ---------------------------------------------------------------------------


class DeviceHello(Frame):
    """The device's first frame, within 10 s. `device_id` must be the token's."""

    type: Literal["device_hello"] = "device_hello"
    device_id: DeviceId
    name: Annotated[str, Field(max_length=200)] | None = None
    platform: Annotated[str, Field(max_length=100)] | None = None
    app_version: Annotated[str, Field(max_length=100)] | None = None
    protocol: int = PROTOCOL
    capabilities: Annotated[list[str], Field(max_length=50)] = []


class ToolResult(Frame):
    """The answer to a call: `result` with the record's id on the device, or `error`."""

    type: Literal["tool_result"] = "tool_result"
    id: Id
    result: dict[str, Any] | None = None
    error: str | None = None


class ListedFile(Part):
    """A file in a manifest. `modified_at` is in milliseconds since 1970-01-01 UTC."""

    path: Label
    size: Annotated[int, Field(ge=0)]
    modified_at: Milliseconds | None = None
    sha256: Sha256


class AgentManifest(Frame):
    """What lies in the agent's folders; `last` on the final frame."""

    bulk = True
    type: Literal["agent_manifest"] = "agent_manifest"
    run_id: Id
    files: Annotated[list[ListedFile], FailFast()]
    last: bool = False


class SentFile(Part):
    """A file's content, a part of it, or why it can't be read.

    `content` is UTF-8 text, or base64 of the raw bytes with `encoding`. `sha256` (hex) is of the
    whole file's raw bytes. A file larger than a frame comes in `parts`, numbered from 1.
    """

    path: Label
    content: str | None = None
    encoding: Literal["base64"] | None = None
    sha256: Sha256 | None = None
    modified_at: Milliseconds | None = None
    part: Annotated[int, Field(ge=1)] | None = None
    parts: Annotated[int, Field(ge=1, le=10_000)] | None = None
    error: Annotated[str, Field(max_length=2000)] | None = None


class AgentData(Frame):
    """Files of a run. `seq` counts the run's data frames from 1 without a gap."""

    bulk = True
    type: Literal["agent_data"] = "agent_data"
    run_id: Id
    seq: Annotated[int, Field(ge=1)] | None = None
    files: Annotated[list[SentFile], FailFast()]


class AgentComplete(Frame):
    """The end of a run's files. `last_seq` is the last data frame's number, 0 for none."""

    bulk = True
    type: Literal["agent_complete"] = "agent_complete"
    run_id: Id
    last_seq: Annotated[int, Field(ge=0)] | None = None
    error: Annotated[str, Field(max_length=2000)] | None = None


class ContextProject(Part):
    """A project on the device."""

    id: Id
    name: Annotated[str, Field(max_length=1000)]


class ContextTask(Part):
    """An open task on the device."""

    id: Id
    title: Annotated[str, Field(max_length=1000)]
    projectId: Id | None = None  # noqa: N815 - the wire's name


class AgentContext(Frame):
    """What a run's records may refer to. Capability `context`; before the first data."""

    bulk = True
    type: Literal["agent_context"] = "agent_context"
    run_id: Id
    projects: Annotated[list[ContextProject], FailFast()] = []
    tasks: Annotated[list[ContextTask], FailFast()] = []


class Decision(Part):
    """What the person did with one suggestion; `data` are the fields after an edit."""

    id: Id
    decision: Literal["approved", "rejected", "edited"]
    data: dict[str, Any] | None = None


class Review(Frame):
    """Decisions on suggestions. Capability `review`; sent again until acknowledged."""

    type: Literal["review"] = "review"
    deliveries: Annotated[list[Decision], Field(max_length=1000)]


# --- daemon to device ---------------------------------------------------------------------------


class Limits(Part):
    """What a device must keep to, in bytes."""

    frame_bytes: int
    file_bytes: int
    credit_bytes: int


class Welcome(Frame):
    """The answer to `device_hello`."""

    type: Literal["welcome"] = "welcome"
    protocol: int = PROTOCOL
    connection_id: str
    server_version: str
    heartbeat_seconds: float
    limits: Limits
    pending_calls: int


class Source(Part):
    """Where a record comes from: its file, the quote in it, the SHA-256 of the raw bytes."""

    agent_id: str
    run_id: str
    path: str
    quote: str
    sha256: str


class ToolCall(Frame):
    """A call: exactly one outcome, and the same `id` each time it is sent.

    `insert` has table, data and source; `delete` (capability) has table and record_id; `notify`
    (capability) has title and body, perhaps url.
    """

    type: Literal["tool_call"] = "tool_call"
    id: Id
    action: Literal["insert", "delete", "notify"]
    table: Table | None = None
    data: dict[str, Any] | None = None
    source: Source | None = None
    record_id: str | None = None
    title: str | None = None
    body: str | None = None
    url: str | None = None
    deadline_ms: Annotated[int, Field(gt=0)]


class RunConfig(Part):
    """What the device shall read for a run."""

    paths: list[str]
    file_extensions: list[str]
    prompt_template: str
    data_types: list[str]


class AgentRun(Frame):
    """Asks the device to read its folders. A repeated `run_id` starts again, with `seq` from 1."""

    type: Literal["agent_run"] = "agent_run"
    run_id: Id
    agent_id: Id
    config: RunConfig


class AgentWant(Frame):
    """Which files of the manifest shall travel; `last` on the final frame."""

    bulk = True
    type: Literal["agent_want"] = "agent_want"
    run_id: Id
    paths: list[str]
    last: bool = False


class AgentCredit(Frame):
    """Allows the device `bytes` more of this run's data frames. Capability `credit`."""

    type: Literal["agent_credit"] = "agent_credit"
    run_id: Id
    bytes: Annotated[int, Field(gt=0)]


class AgentCancel(Frame):
    """Ends a run; the device answers `agent_complete`. Capability `cancel`."""

    type: Literal["agent_cancel"] = "agent_cancel"
    run_id: Id


class ReviewAck(Frame):
    """Which decisions are stored."""

    type: Literal["review_ack"] = "review_ack"
    ids: list[str]


class EventFrame(Frame):
    """Something that happened. Capability `notify`; latest wins, `gap` marks what was missed."""

    bulk = True
    type: Literal["event"] = "event"
    topic: str
    data: dict[str, Any]
    at: str
    gap: bool | None = None


class ErrorFrame(Frame):
    """What was wrong with a frame, or with a run; `ref` is the id or run_id it is about."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retryable: bool = False
    ref: str | None = None


FromDevice = (
    DeviceHello | ToolResult | AgentManifest | AgentContext | AgentData | AgentComplete | Review
)
ToDevice = (
    Welcome
    | ToolCall
    | AgentRun
    | AgentWant
    | AgentCredit
    | AgentCancel
    | ReviewAck
    | EventFrame
    | ErrorFrame
)

_from_device: TypeAdapter[FromDevice] = TypeAdapter(
    Annotated[FromDevice, Field(discriminator="type")]
)
_to_device: TypeAdapter[ToDevice] = TypeAdapter(Annotated[ToDevice, Field(discriminator="type")])


def parse_from_device(message: bytes | str) -> FromDevice:
    """The frame a device sent; raises InvalidFrame."""
    try:
        return _from_device.validate_json(message)
    except ValidationError as error:
        raise _invalid(message, error) from None


def parse_to_device(message: bytes | str) -> ToDevice:
    """The frame a daemon sent; raises InvalidFrame."""
    try:
        return _to_device.validate_json(message)
    except ValidationError as error:
        raise _invalid(message, error) from None


def _invalid(message: bytes | str, error: ValidationError) -> InvalidFrame:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return InvalidFrame(
        f"{field}: {first['msg']}" if field else first["msg"], ref=_reference(message)
    )


def _reference(message: bytes | str) -> str | None:
    """What the message seems to be about, if that much of it can be read."""
    try:
        given = from_json(message)
    except ValueError:
        return None
    names = (given.get("id"), given.get("run_id")) if isinstance(given, dict) else ()
    return next((name[:200] for name in names if isinstance(name, str)), None)
