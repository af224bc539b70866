"""What all sections of the settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One `[section]`: unknown keys are errors, defaults are checked too."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
