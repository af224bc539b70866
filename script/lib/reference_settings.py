"""The reference of the settings, made from `noond.config`: a page, and noond.toml."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noond.config import ENV_PREFIX, Settings

_INTRODUCTION = """\
# Settings

Made from `noond/config/` by `script/docs`.

A setting comes from the first of these that has it: an option of `noond serve`, the environment
(`{prefix}SECTION__KEY`), the file named with `--config`, its default. Lists and tables are written
as TOML in the environment too: `{prefix}SERVER__ALLOWED_HOSTS='["noond.example.org"]'`. A key that
does not exist is an error, wherever it is set. `noond check-config` shows what the settings come
to; secrets are never shown.
"""

_TOML_INTRODUCTION = """\
# Every setting of noond, at its default. Remove the # before a key to change it, then check with:
#   noond check-config --config noond.toml
# In the environment a setting is called {prefix}SECTION__KEY. Made by script/docs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting as the reference shows it; `default` is None where nothing is set."""

    section: str
    key: str
    kind: str
    default: Any
    meaning: str


def settings_page() -> str:
    """docs/settings.md."""
    lines = [_INTRODUCTION.format(prefix=ENV_PREFIX)]
    for section, doc in _sections():
        lines += [f"## [{section}]\n", f"{doc}\n", "| key | type | default | meaning |"]
        lines.append("|---|---|---|---|")
        for setting in _settings(section):
            default = "" if setting.default is None else f"`{_toml(setting.default)}`"
            cells = (f"`{setting.key}`", setting.kind, default, setting.meaning)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def settings_toml() -> str:
    """noond.toml: every key commented out, so that the file as it is changes nothing."""
    lines = [_TOML_INTRODUCTION.format(prefix=ENV_PREFIX)]
    for section, doc in _sections():
        lines += [f"# {doc}", f"[{section}]"]
        for setting in _settings(section):
            text = f"{setting.meaning} ({setting.kind.replace('`', '')})"
            lines += ["", *textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="# ")]
            value = _toml(setting.default) if setting.default is not None else '""  # not set'
            lines.append(f"#{setting.key} = {value}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _sections() -> Iterator[tuple[str, str]]:
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert model is not None
        yield section, " ".join((model.__doc__ or "").split())


def _settings(section: str) -> Iterator[Setting]:
    model: Any = Settings.model_fields[section].annotation
    schema = model.model_json_schema()
    for key, described in schema["properties"].items():
        field = model.model_fields[key]
        default = field.default
        if key == "data_dir":
            # The default depends on the machine's home; this is how it reads on any.
            default = "~/.local/share/noond"
        yield Setting(
            section=section,
            key=key,
            kind=_kind(described),
            default=str(default) if isinstance(default, Path) else default,
            meaning=field.description or "",
        )


def _kind(schema: dict[str, Any]) -> str:
    """What a value looks like, from its JSON schema."""
    if "anyOf" in schema:
        (schema,) = (option for option in schema["anyOf"] if option.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    match schema["type"], schema.get("format"):
        case "string", "path":
            return "path"
        case "string", "password":
            return "secret text"
        case "string", _:
            return "text"
        case "array", _:
            return "list of text"
        case "object", _:
            return "table of two numbers"
        case "boolean", _:
            return "true or false"
        case kind, _:
            return ("whole number" if kind == "integer" else "number") + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high = schema.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    parts = [
        f"at least {low}" if low is not None else "",
        f"above {above}" if above is not None else "",
        f"at most {high}" if high is not None else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
