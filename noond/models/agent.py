"""An agent: what to read, what to look for in it, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from noond.models.document import Table
from noond.models.schedule import MissedPolicy, QuietHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A local agent: it reads folders on one device.

    `schedule_base_at` is the moment after which the next fire is looked for: the last scheduled
    time, or when the schedule was last changed or resumed. None until the agent had a run.
    """

    id: str
    user_id: str
    kind: Literal["local"]
    name: str
    device_id: str
    directory_paths: tuple[str, ...]
    file_extensions: tuple[str, ...]
    prompt_template: str
    data_types: tuple[Table, ...]
    schedule_cron: str | None
    timezone: str
    missed: MissedPolicy
    max_age_hours: int
    quiet_hours: QuietHours | None
    default_project_id: str | None
    enabled: bool
    schedule_base_at: datetime | None
    schedule_note: str | None
    last_run_at: datetime | None
    created_at: datetime
    updated_at: datetime
