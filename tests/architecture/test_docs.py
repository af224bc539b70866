"""The pages tell of everything there is, and of nothing that there is not."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest
from declared_routes import declared_routes

import noond
from noond.api import event_socket
from noond.api.event_frames import EVENTS
from noond.cli.main import cli
from noond.config import Settings
from noond.errors import NoondError
from noond.hub.frames import CAPABILITIES
from noond.llm.documents.refusal import MESSAGES
from noond.models.run import RunStatus

ROOT = Path(noond.__file__).parents[1]
GENERATED = frozenset({"docs/cli.md", "docs/settings.md", "docs/protocol.md"})
TOP = ("README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")
PAGES = {
    str(page.relative_to(ROOT)): page.read_text("utf-8")
    for page in (*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md")))
}
WRITTEN = {name: text for name, text in PAGES.items() if name not in GENERATED}
PLACES = ("noond", "tests", "docs", "examples", "script", "benchmarks")
PACKAGES = {each.name for each in pkgutil.iter_modules(noond.__path__)}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"[\w-]+\.(?:py|md|mjs|sql|toml)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\bNOOND__([A-Z]+)__([A-Z_]+)\b")
_ROUTE = re.compile(r"\b(GET|POST|PATCH|DELETE|PUT) (/[\w/{}.-]*)")


def shells() -> Iterator[tuple[str, str]]:
    """Page and command line of everything that a reader may type, comments left out."""
    for page, text in WRITTEN.items():
        for kind, block in _FENCE.findall(text):
            lines = block.replace("\\\n", " ").splitlines()
            if kind == "console":
                lines = [line[2:] for line in lines if line.startswith("$ ")]
            elif kind != "sh":
                continue
            yield from ((page, line.partition(" # ")[0]) for line in lines if line.strip())


def inline_code() -> Iterator[tuple[str, str]]:
    """Page and text of all code within the prose; one that a line end cuts is left out."""
    for page, text in WRITTEN.items():
        for code in _INLINE.findall(_FENCE.sub("", text)):
            yield page, code


def noond_commands() -> list[tuple[str, list[str]]]:
    """Page and words of each `noond …` in the pages, up to a placeholder or an operator."""
    found = []
    for page, line in (*shells(), *inline_code()):
        for match in re.finditer(r"(?:^|[\s=/(])noond ([a-z-][^|;)]*)", line):
            try:
                words = shlex.split(match[1].replace("…", " "))
            except ValueError:
                words = match[1].split()
            found.append((page, words))
    return found


def settings() -> set[str]:
    """Every setting as `section.key`."""
    return {
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        for key in cast("Any", field.annotation).model_fields
    }


def verbs(command: click.Command = cli, path: str = "noond") -> Iterator[str]:
    """Every verb as it is typed."""
    yield path
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from verbs(each, f"{path} {name}")


def resolved(words: list[str]) -> tuple[click.Command, set[str], list[str]]:
    """The verb that words name, the options on the way to it, and the words after it."""
    command: click.Command = cli
    options: set[str] = set()
    rest = list(words)
    while True:
        options |= {name for parameter in command.params for name in parameter.opts}
        default = getattr(command, "_default", None)
        if isinstance(command, click.Group) and rest and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        elif isinstance(command, click.Group) and rest and default:
            command = command.commands[default]
        else:
            return command, options, rest


def error_codes() -> set[str]:
    """Every code: of the tree of errors, of runs, of documents, of dropped candidates."""
    for module in pkgutil.walk_packages(noond.__path__, "noond."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    codes = set(MESSAGES) | _codes_in_source()
    classes = [NoondError]
    while classes:
        kind = classes.pop()
        if kind.__module__.startswith("noond"):  # and not some test's own
            codes.add(kind.code)
        classes += kind.__subclasses__()
    return codes


def _codes_in_source() -> set[str]:
    """Codes that are given where something goes wrong, not by a class."""
    codes: set[str] = set()
    for file in (ROOT / "noond").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "_missing":
                codes |= {
                    each.value.value
                    for each in ast.walk(node)
                    if isinstance(each, ast.Return)
                    and isinstance(each.value, ast.Constant)
                    and isinstance(each.value.value, str)
                }
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if name == "_Dropped" and texts:
                codes.add(str(texts[0]))
            if name == "_refuse" and file.name == "local.py":
                codes.add(str(texts[0]))
            if name in {"RunError", "ErrorFrame", "_fail"}:
                codes |= {
                    str(keyword.value.value)
                    for keyword in node.keywords
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
                }
                codes |= {str(text) for text in texts if name == "_fail"}
    return codes


def anchors(text: str) -> set[str]:
    """The places in a page that a link can name."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", text))
    }


# --- everything is told of ----------------------------------------------------------------------


def test_every_setting_is_documented() -> None:
    reference, example = PAGES["docs/settings.md"], (ROOT / "noond.toml").read_text("utf-8")
    for setting in settings():
        section, key = setting.split(".")
        for text, line in ((reference, f"| `{key}` |"), (example, f"\n#{key} = ")):
            part = text.partition(f"[{section}]\n")[2].partition("\n[")[0]
            assert line in part, f"{setting} is not documented"


def test_every_verb_is_documented() -> None:
    headings = set(_HEADING.findall(PAGES["docs/cli.md"]))
    assert set(verbs()) <= headings


def test_every_verb_that_does_something_stands_in_a_page_for_people() -> None:
    told = {" ".join(words) for _, words in noond_commands()}
    for verb in verbs():
        command, _, _ = resolved(verb.split()[1:])
        if isinstance(command, click.Group) and not command.invoke_without_command:
            continue
        short = verb.removeprefix("noond ").replace("run start", "run").replace(" list", "")
        assert verb == "noond" or any(
            line == short or line.startswith(f"{short} ") for line in told
        ), f"no page shows `noond {short}`"


def test_every_route_is_documented() -> None:
    lines = PAGES["docs/http.md"].splitlines()
    for route in declared_routes():
        scope = {"public": "none", "device": "device token"}.get(route.access, route.access)
        (line,) = [line for line in lines if line.startswith(f"| `{route.name}` |")]
        assert f"| {scope} |" in line, f"{route.name} needs {scope}"
        assert ("`Idempotency-Key`" in line) is route.idempotent, route.name


def test_every_error_code_is_documented() -> None:
    told = {code for _, code in inline_code()}
    assert error_codes() - told == set()


def test_every_event_and_close_code_for_apps_is_documented() -> None:
    page = PAGES["docs/events.md"]
    for name in EVENTS:
        assert any(f"`{name}`" in line for line in page.splitlines() if line.startswith("| ")), name
    for name, code in vars(event_socket).items():
        assert not name.startswith("CLOSE_") or f"| {code} |" in page, name


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("docs/agents.md", {status.value for status in RunStatus}),
        ("docs/own-device.md", set(CAPABILITIES)),
    ],
)
def test_every_state_and_capability_is_explained(page: str, names: set[str]) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGES[page], re.MULTILINE))
    assert names <= rows


# --- and nothing that is not there --------------------------------------------------------------


@pytest.mark.parametrize("page", sorted(PAGES))
def test_no_link_is_dead(page: str) -> None:
    for target in _LINK.findall(_FENCE.sub("", PAGES[page])):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text("utf-8")), f"{page} links to {target}"


def test_commands_in_the_pages_exist() -> None:
    commands = noond_commands()
    assert len(commands) > 40
    for page, words in commands:
        command, options, rest = resolved(words)
        for word in rest:
            if word.startswith("--"):
                option = word.partition("=")[0].rstrip(",.")
                assert option in options | {"--help", "--version"}, f"{page}: noond {words}"
        is_verb = not isinstance(command, click.Group) or not rest or rest[0].startswith("-")
        assert is_verb, f"{page}: there is no `noond {' '.join(words)}`"


def test_scripts_in_the_pages_exist() -> None:
    named = {
        word
        for _, line in (*shells(), *inline_code())
        for word in re.findall(r"(?:^|\s)(script/\w+)", line)
    }
    assert {"script/demo", "script/test", "script/check"} <= named
    for script in named:
        assert os.access(ROOT / script, os.X_OK), script


def test_files_in_the_pages_exist() -> None:
    names = {
        file.name
        for place in PLACES
        for file in (ROOT / place).rglob("*.*")
        if "node_modules" not in file.parts
    }
    names |= {file.name for file in ROOT.iterdir()}
    for page, code in inline_code():
        first = code.split()[0]
        if "/" in first and first.split("/")[0] in {*PLACES, *PACKAGES} and "<" not in first:
            found = (ROOT / first).exists() or (ROOT / "noond" / first).exists()
            assert found, f"{page} names {first}"
        elif _FILE.fullmatch(first):
            assert first in names, f"{page} names {first}"


def test_settings_in_the_pages_exist() -> None:
    known = settings()
    sections = "|".join(Settings.model_fields)
    for page, text in WRITTEN.items():
        for section, key in _VARIABLE.findall(text):
            named = f"{section}.{key}".lower()
            assert named in known | {"section.key"}, f"{page} names {named}"
    for page, code in inline_code():
        for named in re.findall(rf"^((?:{sections})\.[a-z_]+)$", code):
            assert named in known or named.endswith(".py"), f"{page} names {named}"


def test_routes_in_the_pages_exist() -> None:
    known = {re.sub(r"{\w+}", "{}", route.name) for route in declared_routes()}
    for page, code in inline_code():
        for method, path in _ROUTE.findall(code):
            assert re.sub(r"{\w+}", "{}", f"{method} {path}") in known, f"{page} names {code}"


def test_the_front_page_and_the_map_stay_short() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 250
    assert len(PAGES["ARCHITECTURE.md"].splitlines()) <= 150
