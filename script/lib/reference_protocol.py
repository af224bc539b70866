"""The reference of the device protocol: every frame and field, from `noond.hub.frames`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from field_meanings import MEANINGS

from noond.hub import connection, socket
from noond.hub.frames import (
    CAPABILITIES,
    PROTOCOL,
    SUBPROTOCOL,
    Frame,
    FromDevice,
    ToDevice,
)

_PROSE: Final = Path(__file__).with_name("protocol.md")


def protocol_page() -> str:
    """docs/protocol.md. Raises ValueError when a field's meaning is missing or left over,
    or a code of closing is not explained.
    """
    unused = dict(MEANINGS)
    prose = _PROSE.read_text("utf-8").format(
        protocol=PROTOCOL,
        subprotocol=SUBPROTOCOL,
        capabilities=", ".join(f"`{name}`" for name in sorted(CAPABILITIES)),
    )
    for name, code in (vars(socket) | vars(connection)).items():
        if name.startswith("CLOSE_") and str(code) not in prose:
            raise ValueError(f"script/lib/protocol.md does not explain the close code {code}")
    parts = [prose.rstrip()]
    for title, union in (
        ("From the device to the daemon", FromDevice),
        ("From the daemon to the device", ToDevice),
    ):
        parts.append(f"## {title}")
        for frame in get_args(union):
            parts += _frame(frame, unused)
    if unused:
        raise ValueError(f"script/lib/field_meanings.py explains what is gone: {sorted(unused)}")
    return "\n\n".join(parts) + "\n"


def _frame(frame: type[Frame], unused: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f"### {frame.model_fields['type'].default}"
    yield inspect.cleandoc(frame.__doc__ or "")
    schema = frame.model_json_schema(ref_template="{model}")
    yield _fields(frame.__name__, schema, unused)
    for name, part in schema.get("$defs", {}).items():
        if "properties" in part:
            yield f"`{_word(name)}`: {part['description']}"
            yield _fields(name, part, unused)


def _fields(owner: str, schema: dict[str, Any], unused: dict[tuple[str, str], str]) -> str:
    rows = ["| field | type | required | meaning |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        if name == "type":
            continue
        meaning = MEANINGS.get((owner, name))
        if meaning is None:
            raise ValueError(f"script/lib/field_meanings.py does not explain {owner}.{name}")
        unused.pop((owner, name), None)
        required = "yes" if name in schema.get("required", ()) else ""
        rows.append(f"| `{name}` | {_kind(field, schema)} | {required} | {meaning} |")
    return "\n".join(rows) if len(rows) > 2 else "It has no fields."


def _kind(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(
            _kind(option, schema) for option in field["anyOf"] if option.get("type") != "null"
        )
    if "$ref" in field:
        named = schema.get("$defs", {}).get(field["$ref"], {})
        return _choices(named["enum"]) if "enum" in named else f"`{_word(field['$ref'])}`"
    if "enum" in field:
        return _choices(field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field["type"] == "array":
        return f"list of {_kind(field['items'], schema)}"
    return {
        "string": "text",
        "integer": "integer",
        "number": "number",
        "boolean": "boolean",
        "object": "object",
    }[field["type"]] + _limits(field)


def _limits(field: dict[str, Any]) -> str:
    if field.get("pattern") == "^[0-9a-f]{64}$":
        return ", 64 hex digits"
    longest = field.get("maxLength")
    return f", at most {longest} characters" if longest else ""


def _choices(values: list[str]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _word(class_name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")
