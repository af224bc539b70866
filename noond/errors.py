"""The one tree of errors.

Each class has a stable `code`, says whether a retry helps, and its docstring is its default
message. They are translated once per border: problem+json in `api`, an error frame in `hub`, a
run's or job's outcome in `work`, an exit code in `cli`.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class NoondError(Exception):
    """noond could not do this; its log says why."""

    code = "internal"
    retryable = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or inspect.cleandoc(type(self).__doc__ or "")
        super().__init__(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one field of an input; `field` is a dotted path."""

    field: str
    message: str


class Invalid(NoondError):
    """The input is not valid."""

    code = "invalid"

    def __init__(self, message: str | None = None, *, fields: Sequence[FieldError] = ()) -> None:
        self.fields = tuple(fields)
        if message is None and self.fields:
            message = "; ".join(f"{f.field}: {f.message}" for f in self.fields)
        super().__init__(message)

    @classmethod
    def field(cls, field: str, message: str) -> Invalid:
        """The error of a single field."""
        return cls(fields=[FieldError(field=field, message=message)])


class NotFound(NoondError):
    """There is no such thing here."""

    code = "not_found"


class Conflict(NoondError):
    """This contradicts the present state."""

    code = "conflict"


class RunInProgress(Conflict):
    """The agent has a run that is queued, running or waiting; wait for it or cancel it."""

    code = "run_in_progress"

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__()


class JobExists(Conflict):
    """A job with this unique key is waiting or running."""

    code = "job_exists"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__()


class ModelNeeded(Conflict):
    """This needs a model; set llm.provider, llm.base_url and llm.model."""

    code = "model_needed"


class TaskFailed(NoondError):
    """The agent could not answer; noond's log says why."""

    code = "task_failed"


class TaskTimedOut(NoondError):
    """The agent did not answer in time."""

    code = "task_timed_out"
    retryable = True


class TaskCancelled(Conflict):
    """The task was cancelled before it was answered."""

    code = "task_cancelled"


class JobExpired(NoondError):
    """The job's result is not kept any more."""

    code = "job_expired"


class AttemptEnded(NoondError):
    """This attempt of the job does not run any more; what it does is not kept."""

    code = "attempt_ended"


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used before with another request; take a new key."""

    code = "idempotency_key_reused"


class AlreadyCreated(Conflict):
    """Created by an earlier request with this Idempotency-Key; its secret is shown only once."""

    code = "already_created"

    def __init__(self, object_id: str) -> None:
        self.object_id = object_id
        super().__init__()


class Unauthenticated(NoondError):
    """A valid credential is needed: send `Authorization: Bearer <key>` or `X-API-Key`."""

    code = "unauthenticated"

    def __init__(self, message: str | None = None, *, evaluated: str | None = None) -> None:
        """`evaluated` is the kind of credential that was looked at; None when there was none."""
        self.evaluated = evaluated
        super().__init__(message)


class SignInRefused(Unauthenticated):
    """The name or the password is wrong."""

    code = "sign_in_refused"

    def __init__(self, message: str | None = None, *, ended: tuple[str, str] | None = None) -> None:
        """`ended` are the ids of the user and of their sign-in that this has ended."""
        self.ended = ended
        super().__init__(message)


class PairingCodeWrong(Unauthenticated):
    """The pairing code is wrong, used or expired; ask for a new one."""

    code = "pairing_code_wrong"


class Forbidden(NoondError):
    """The credential's scopes do not cover this."""

    code = "forbidden"


class RateLimited(NoondError):
    """Too many requests; wait and try again."""

    code = "rate_limited"
    retryable = True

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_seconds: float,
        unevaluated: str | None = None,
    ) -> None:
        """`unevaluated` is the kind of credential that was not looked at, too many were wrong."""
        self.retry_after_seconds = retry_after_seconds
        self.unevaluated = unevaluated
        super().__init__(message)


class SpendingLimit(RateLimited):
    """The spending limit is reached; wait until it renews, or raise it."""

    code = "budget"


class QuotaReached(RateLimited):
    """The quota of the day is used up; wait until it renews."""

    code = "quota_reached"


class StorageError(NoondError):
    """The database could not do this."""

    code = "storage_error"


class StorageFull(StorageError):
    """The disk is full; make room and try again. Nothing was stored."""

    code = "storage_full"
    retryable = True


class StorageBusy(StorageError):
    """Another program holds the database; try again."""

    code = "storage_busy"
    retryable = True


class StorageDamaged(StorageError):
    """The database file is damaged."""

    code = "storage_damaged"


class StorageRefused(StorageError):
    """The database refuses this, now and later: it contradicts what is stored."""

    code = "storage_refused"


class SchemaTooNew(StorageError):
    """The database was written by a newer noond."""

    code = "schema_too_new"


class DataDirectoryError(NoondError):
    """The data directory can't be used."""

    code = "data_directory"


class DataDirectoryLocked(DataDirectoryError):
    """Another daemon uses this data directory; stop it first."""

    code = "data_directory_locked"


class KeyMismatch(DataDirectoryError):
    """The key file is not the one this database was made with; put the right one back."""

    code = "key_mismatch"


class ConfigError(NoondError):
    """The configuration is not valid."""

    code = "config"


class DeviceOffline(NoondError):
    """The device is not connected."""

    code = "device_offline"
    retryable = True


class ModelError(NoondError):
    """The model could not be asked or gave no usable answer."""

    code = "model_error"

    def __init__(self, message: str | None = None, *, calls: tuple[Any, ...] = ()) -> None:
        """`calls` are the `LLMCall`s made all the same: they may have cost something."""
        self.calls = calls
        super().__init__(message)


class DocumentError(NoondError):
    """The document can't be read as text."""

    code = "document_unreadable"

    def __init__(self, message: str | None = None, *, code: str | None = None) -> None:
        if code is not None:
            self.code = code
        super().__init__(message)


class BinaryFile(DocumentError):
    """The file is binary, not text; narrow the agent's file extensions so that it is left out."""

    code = "binary_file"


class InvalidUTF8(DocumentError):
    """The file is not valid UTF-8 (nor UTF-16 with a byte order mark); save it as UTF-8."""

    code = "invalid_utf8"


class BudgetReached(NoondError):
    """The spending limit is reached; the run goes on when it renews."""

    code = "budget"
    retryable = True

    def __init__(
        self, message: str | None = None, *, until: datetime, calls: tuple[Any, ...] = ()
    ) -> None:
        """`until` (UTC) is when the limit renews, `calls` the `LLMCall`s made before it was met."""
        self.until = until
        self.calls = calls
        super().__init__(message)


class ExtractionHalted(NoondError):
    """No new call to a model starts for this run now; it goes on later."""

    code = "halted"
    retryable = True

    def __init__(self, message: str | None = None, *, calls: tuple[Any, ...] = ()) -> None:
        """`calls` are the `LLMCall`s made before."""
        self.calls = calls
        super().__init__(message)
