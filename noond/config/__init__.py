"""The settings: their sections, and where they come from. This is the package's face."""

from __future__ import annotations

from noond.config.finding_section import FindingSettings, names_this_machine
from noond.config.loading import ENV_PREFIX, load_settings, taken_from_celery
from noond.config.sections import (
    AccountSettings,
    AuditSettings,
    HubSettings,
    JobSettings,
    LimitSettings,
    LLMSettings,
    LogSettings,
    RunSettings,
    ServerSettings,
    Settings,
    default_data_dir,
)

__all__ = [
    "ENV_PREFIX",
    "AccountSettings",
    "AuditSettings",
    "FindingSettings",
    "HubSettings",
    "JobSettings",
    "LLMSettings",
    "LimitSettings",
    "LogSettings",
    "RunSettings",
    "ServerSettings",
    "Settings",
    "default_data_dir",
    "load_settings",
    "names_this_machine",
    "taken_from_celery",
]
