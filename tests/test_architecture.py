"""What may import what: the core next to nothing, an adapter the core's public names."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[1]
CORE: Final = sorted((ROOT / "contacts_core").rglob("*.py"))
ADAPTERS: Final = sorted((ROOT / "adapters" / "contacts_adapters").rglob("*.py"))

ALLOWED_IN_CORE: Final = {
    *(
        "attrs",
        "collections.abc",
        "enum",
        "functools",
        "operator",
        "re",
        "types",
        "typing",
    ),
    "unicodedata",
}
# Costly to import: only where they are used.
ALLOWED_IN_FUNCTIONS: Final = {"cattrs", "json.encoder"}
ALLOWED_IN_ADAPTERS: Final = {
    *("contacts_core", "contacts_adapters", "attrs"),
    *("sqlite_utils", "click", "rich", "pytest", "hypothesis"),
}
NETWORK: Final = {
    *("asyncio", "ftplib", "http", "imaplib", "poplib", "smtplib", "socket", "socketserver", "ssl"),
    *("urllib", "webbrowser", "wsgiref", "xmlrpc"),
}
STORES: Final = {"memory", "sqlite", "json"}


class Import(NamedTuple):
    module: str
    at_import: bool
    names: tuple[str, ...] = ()


def imports(path: Path) -> Iterator[Import]:
    """What a module imports; a relative module begins with a dot."""
    tree = ast.parse(path.read_text("utf-8"))
    later = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, id(node) not in later) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import("." * node.level + (node.module or ""), id(node) not in later, names)


def is_within(module: str, allowed: set[str]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in allowed)


def store_of(module: str) -> str:
    """The store that a module of the adapters belongs to, or ""."""
    name = module.removeprefix("contacts_adapters.").lstrip(".").partition(".")[0]
    return next((store for store in STORES if name.partition("_")[0] == store), "")


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.name)
def test_the_core_imports_what_is_allowed_and_nothing_else(path: Path) -> None:
    for one in imports(path):
        allowed = ALLOWED_IN_CORE if one.at_import else ALLOWED_IN_CORE | ALLOWED_IN_FUNCTIONS
        assert one.module.startswith(".") or is_within(one.module, allowed), one


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.name)
def test_an_adapter_imports_the_public_core_and_no_other_adapter(path: Path) -> None:
    for one in imports(path):
        top = one.module.partition(".")[0]
        standard = top in sys.stdlib_module_names and top not in NETWORK
        assert not top or standard or top in ALLOWED_IN_ADAPTERS, one
        assert one.module == "contacts_core" or top != "contacts_core", one
        here = store_of(path.stem) if path.parent.name == "contacts_adapters" else ""
        for store in filter(None, map(store_of, (one.module, *one.names))):
            assert not here or store in {here, top}, one


def test_nobody_loads_what_he_does_not_use() -> None:
    script = """
import sys
before = {*sys.modules}
import contacts_core
costly = {"cattrs", "sqlite3", "contacts_adapters", "asyncio", "json", "importlib.metadata"}
print(sorted(costly & ({*sys.modules} - before)))
"""
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={})
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os.path", [Import("os.path", at_import=True)]),
        ("def f():\n import os", [Import("os", at_import=False)]),
        ("class A:\n from os import path", [Import("os", at_import=True, names=("path",))]),
        ("if TYPE_CHECKING:\n from a import b", [Import("a", at_import=False, names=("b",))]),
        ("from . import x", [Import(".", at_import=True, names=("x",))]),
        ("try:\n import os\nexcept E:\n pass", [Import("os", at_import=True)]),
    ],
)
def test_imports_are_seen(source: str, expected: list[Import], tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert [*imports(path)] == expected


@pytest.mark.parametrize(
    ("module", "store"),
    [
        ("contacts_adapters.sqlite", "sqlite"),
        (".json_log", "json"),
        ("sqlite_rows", "sqlite"),
        (".memory", "memory"),
        (".files", ""),
        ("contacts_adapters.registry", ""),
        ("contacts_core", ""),
    ],
)
def test_a_module_belongs_to_a_store(module: str, store: str) -> None:
    assert store_of(module) == store
