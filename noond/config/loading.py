"""The settings from a file, the environment and flags.

Flag > `NOOND__SECTION__KEY` > some of Celery's names > noond.toml > default; unknown keys are
errors.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from noond.config.section import Section
from noond.config.sections import Settings
from noond.errors import ConfigError

ENV_PREFIX = "NOOND__"

CELERY_VARIABLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "CELERY_TASK_TIME_LIMIT": ("jobs", "hard_seconds"),
        "CELERY_TASK_SOFT_TIME_LIMIT": ("jobs", "soft_seconds"),
        "CELERY_TASK_MAX_RETRIES": ("jobs", "max_retries"),
        "CELERY_TASK_DEFAULT_RETRY_DELAY": ("jobs", "backoff_seconds"),
    }
)
"""Those that have a meaning here, and the setting that they are. The others are not looked at."""


def load_settings(
    file: Path | None = None,
    *,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings from a TOML file, the environment and flags, the last winning.

    `flags` is by section and key; a value of None was not given. Raises ConfigError naming each
    wrong key and where it was set.
    """
    merged: dict[str, dict[str, Any]] = {}
    origin: dict[tuple[str, str], str] = {}
    for where, section, key, value in [
        *_from_file(file),
        *_from_celery(environ),
        *_from_environment(environ),
        *_from_flags(flags or {}),
    ]:
        merged.setdefault(section, {})[key] = value
        origin[section, key] = where
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, origin))) from None


def _from_file(file: Path | None) -> list[tuple[str, str, str, Any]]:
    if file is None:
        return []
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
    found = []
    for section, keys in content.items():
        if not isinstance(keys, dict):
            raise ConfigError(f"{file}: `{section}` stands outside a [section]")
        found += [(str(file), section, key, value) for key, value in keys.items()]
    return found


def taken_from_celery(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Celery's variables that count, because nothing of noond's own says otherwise in the
    environment: the setting that each has set.
    """
    said = {(section, key) for _, section, key, _ in _from_environment(environ)}
    return {
        name: f"{section}.{key}"
        for name, section, key, _ in _from_celery(environ)
        if (section, key) not in said
    }


def _from_celery(environ: Mapping[str, str]) -> list[tuple[str, str, str, Any]]:
    return [
        (name, *setting, environ[name])
        for name, setting in CELERY_VARIABLES.items()
        if environ.get(name)
    ]


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str, Any]]:
    found = []
    for name, text in environ.items():
        if not name.upper().startswith(ENV_PREFIX):
            continue
        section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
        if not key:
            raise ConfigError(f"{name}: write {ENV_PREFIX}SECTION__KEY")
        found.append((name, section, key, _decode(section, key, text)))
    return found


def _decode(section: str, key: str, text: str) -> Any:
    """Lists and tables are written in the environment as TOML values."""
    field = Settings.model_fields.get(section)
    model = field.annotation if field is not None else None
    if isinstance(model, type) and issubclass(model, Section) and key in model.model_fields:
        shape = str(model.model_fields[key].annotation)
        if shape.startswith(("tuple", "dict")):
            try:
                return tomllib.loads(f"value = {text}")["value"]
            except tomllib.TOMLDecodeError:
                return text
    return text


def _from_flags(flags: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str, Any]]:
    return [
        (f"--{key.replace('_', '-')}", section, key, value)
        for section, keys in flags.items()
        for key, value in keys.items()
        if value is not None
    ]


def _explain(error: ValidationError, origin: Mapping[tuple[str, str], str]) -> list[str]:
    lines = []
    # The input is left out on purpose: it may be a secret.
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        place = [str(part) for part in item["loc"]]
        where = origin.get((place[0], place[1])) if len(place) > 1 else None
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "no such setting; see noond.toml for all of them"
        lines.append(f"{'.'.join(place)}: {message}" + (f" (set by {where})" if where else ""))
    return lines
