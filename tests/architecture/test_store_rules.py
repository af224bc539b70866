"""Nobody's rows by accident: a query of `noond/store` takes the user, or says that it does not."""

from __future__ import annotations

import ast
import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import noond.store

ROOT = Path(noond.store.__file__).parent
USER_CARRIERS = {
    "Activity",
    "Agent",
    "AgentSession",
    "APIKey",
    "Finding",
    "Interaction",
    "Job",
    "NewJob",
    "PairingCode",
    "Run",
    "SignIn",
    "User",
}
"""Values of one user: a function that takes one of them takes the user with it."""

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+)", re.IGNORECASE)


def users_tables() -> frozenset[str]:
    """The tables whose rows are somebody's, by the schema."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript((ROOT.parent.parent / "schema.sql").read_text("utf-8"))
        rows = database.execute(
            "SELECT tables.name FROM sqlite_master AS tables, pragma_table_info(tables.name)"
            " AS columns WHERE columns.name = 'user_id'"
        )
        return frozenset({"users"} | {row[0] for row in rows})


USERS_TABLES = users_tables()


@dataclass(frozen=True)
class Query:
    """A function that names a user's table, with all the text of its SQL."""

    where: str
    name: str
    arguments: tuple[tuple[str, str], ...]
    sql: str

    @property
    def all_users(self) -> bool:
        return self.name.endswith("_all_users")

    @property
    def takes_the_user(self) -> bool:
        names = {name for name, _ in self.arguments}
        kinds = {kind for _, annotation in self.arguments for kind in annotation.split(" | ")}
        return "user_id" in names or not USER_CARRIERS.isdisjoint(kinds)


def module_constants(tree: ast.Module) -> dict[str, str]:
    """The module's own strings, by name: statements are joined from them."""
    return {
        target.id: text_of(node.value, {})
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def text_of(node: ast.AST, constants: dict[str, str]) -> str:
    """Every string in the code, and every constant of the module that it names."""
    parts = []
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            parts.append(each.value)
        elif isinstance(each, ast.Name):
            parts.append(constants.get(each.id, ""))
    return " ".join(parts)


def queries(source: str, where: str) -> Iterator[Query]:
    """The functions of a module that name a user's table in their SQL."""
    tree = ast.parse(source)
    constants = module_constants(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = function.body[1:] if ast.get_docstring(function) else function.body
        sql = " ".join(text_of(statement, constants) for statement in body)
        if USERS_TABLES.isdisjoint(_TABLE.findall(sql)):
            continue
        given = function.args
        arguments = tuple(
            (argument.arg, "" if argument.annotation is None else ast.unparse(argument.annotation))
            for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)
        )
        yield Query(f"{where}:{function.lineno}", function.name, arguments, sql)


def all_queries() -> list[Query]:
    return [
        query
        for path in sorted(ROOT.glob("*.py"))
        for query in queries(path.read_text("utf-8"), path.name)
    ]


def test_the_schema_has_users_tables() -> None:
    assert {"agents", "devices", "jobs", "records", "runs", "users"} <= USERS_TABLES
    assert "meta" not in USERS_TABLES


def test_the_rules_look_at_every_table_file() -> None:
    files = {query.where.partition(":")[0] for query in all_queries()}
    assert files >= {"agents.py", "devices.py", "jobs.py", "journal.py", "ledger.py", "runs.py"}


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: f"{query.where} {query.name}")
def test_a_query_takes_the_user_or_is_named_for_all(query: Query) -> None:
    if query.all_users:
        assert not query.takes_the_user, "named for all users, but it takes one"
        return
    assert query.takes_the_user, "takes no user: take one, or end the name in _all_users"
    if set(_TABLE.findall(query.sql)) & USERS_TABLES != {"users"} and "WHERE" in query.sql:
        assert "user_id" in query.sql, "takes a user, but its SQL does not use it"


@pytest.mark.parametrize(
    ("source", "good"),
    [
        ("def get(c, user_id): c.execute('SELECT * FROM runs WHERE user_id = ?')", True),
        ("def find(c, run_id): c.execute('SELECT * FROM runs WHERE id = ?')", False),
        ("_Q = 'SELECT 1 FROM jobs'\ndef any_(c): return c.execute(_Q)", False),
        ("def put(tx, job: Job): tx.execute('UPDATE jobs SET x = 1 WHERE user_id = ?')", True),
    ],
)
def test_the_rule_tells_good_from_bad(source: str, good: bool) -> None:
    (query,) = queries(source, "example.py")
    assert query.takes_the_user is good
