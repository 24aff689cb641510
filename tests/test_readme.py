"""What the README shows runs, and what it says about the code is so."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from importlib.metadata import metadata
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import contacts_core
from contacts_adapters import open_repository
from contacts_adapters.exchange import ImportStopped, UnknownFormat
from contacts_adapters.registry import GROUP, UnknownScheme
from contacts_core import (
    LABELS,
    RULES,
    BookConflict,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactLabel,
    ContactProtocol,
    Match,
)

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LANGUAGES = {"sh", "python", "console", "toml", "mermaid"}
TEST_MODULE = "# test_my_books.py\n"  # how the block that pytest runs begins
STAND_IN = """
from contacts_adapters import open_repository


def open_url(url):
    return open_repository(f"json{url.removeprefix('mybooks')}")
"""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(map(_row, [head, ["---"] * len(head), *rows]))


def _label_table() -> str:
    rows = [
        [f"`{label}`", *("yes" if label in LABELS[protocol] else "" for protocol in LABELS)]
        for label in ContactLabel
    ]
    return _table(["label", *map(str, ContactProtocol)], rows)


def _rule_table() -> str:
    rows = [
        [
            rule.number,
            f"`{rule.code}`",
            "each value"
            if len(rule.fields) == len(LABELS)
            else ", ".join(rule.fields) or "any other",
            rule.message.replace("{labels}", "…").replace("{protocol}", "…"),
            rule.source,
        ]
        for rule in RULES
    ]
    return _table(["rule", "code", "field", "message", "source"], rows)


@pytest.mark.parametrize("table", [_label_table(), _rule_table()], ids=["labels", "rules"])
def test_a_table_of_the_rules_is_what_the_rules_say(table: str) -> None:
    assert table in README, f"the README should have\n{table}"


def test_every_error_has_a_row() -> None:
    errors = {
        name
        for name, value in vars(contacts_core).items()
        if isinstance(value, type) and issubclass(value, contacts_core.ContactsError)
    }
    table = README.partition("| error |")[2].partition("\n\n")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    bases = {"ContactsError", "StoreError"}
    of_adapters = {UnknownScheme, UnknownFormat, ImportStopped}
    assert rows == (errors | {error.__name__ for error in of_adapters}) - bases


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    fences = re.findall(r"^ *```(.*)$", README, re.MULTILINE)
    assert set(fences[::2]) == LANGUAGES
    assert set(fences[1::2]) == {""}


def test_the_blocks_run_and_print_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in _blocks("python"):
        shown = StringIO()
        with redirect_stdout(shown):
            exec(compile(block, "README.md", "exec"), namespace)
        assert shown.getvalue() == "".join(re.findall(r"^ *# > (.*\n)", block, re.MULTILINE))
    namespace["repository"].close()
    _check_skeleton(namespace["MyBooks"])


def _check_skeleton(skeleton: type[Any]) -> None:
    """That what it leaves to the reader is all that it lacks."""
    stored: dict[int, ContactBook] = {}
    ids = count(1)
    books = skeleton()
    books._transaction = nullcontext
    books._load = lambda person_id: stored.get(person_id, ContactBook(person_id=person_id))
    books._write = lambda book, position: stored.update({book.person_id: book})
    books._new_ids = lambda: ids
    books._next_position = lambda: 1
    books._with_key = lambda protocol, key: [(42, contact) for contact in stored[42]]
    new = ContactBook(person_id=42).add(Contact(label="work", email="ann@example.com"))
    saved = books.save(new)
    assert saved == books.get(42) == books.save(saved)
    assert books.find(ContactProtocol.email, "ANN@example.com") == (Match(42, saved.contacts[0]),)
    with pytest.raises(BookConflict):
        books.save(new)
    assert isinstance(books, ContactBookRepository)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^):#]+)\)", README))
def test_a_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_service_is_the_one_that_is_tested() -> None:
    assert (ROOT / "tests" / "embedding" / "service.py").read_text() in _blocks("python")


def test_the_commands_show_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTACTS_STORE", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONUTF8", "1")
    for block in _blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = part.partition("\n")
            program, *arguments = shlex.split(line)
            assert program == "contacts"
            command = [str(Path(sys.executable).with_name(program)), *arguments]
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
            )
            assert (line, done.stdout + done.stderr) == (line, expected)


def test_the_lines_that_install_name_extras_that_exist() -> None:
    extras = set(metadata("contacts-core").get_all("Provides-Extra") or ())
    lines = "".join(_blocks("sh")).splitlines()
    for line in lines:
        named = re.findall(r"--extra (\w+)", line)
        for group in re.findall(r"\[([\w,]+)\]", line):
            named += group.split(",")
        assert named, line
        assert set(named) <= extras
    assert sum(line.startswith("python3 -m venv .venv && ") for line in lines) == 2
    assert sum(line.startswith("uv run ") for line in lines) == 2


def test_an_adapter_is_announced_as_the_registry_asks() -> None:
    (block,) = _blocks("toml")
    ((scheme, target),) = tomllib.loads(block)["project"]["entry-points"][GROUP].items()
    assert (scheme, target) == ("mybooks", "my_books:open_url")
    (skeleton,) = (block for block in _blocks("python") if "class MyBooks" in block)
    assert f"def {target.partition(':')[2]}(" in skeleton


def test_the_test_of_an_adapter_is_a_dozen_lines_that_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = (block for block in _blocks("python") if block.startswith(TEST_MODULE))
    assert len(block.splitlines()) < 20
    (tmp_path / "test_my_books.py").write_text(block)
    # A store of ours stands in for the reader's, installed as the reader's would be.
    (tmp_path / "my_books.py").write_text(STAND_IN)
    installed = tmp_path / "my_books-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-books\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[{GROUP}]\nmybooks = my_books:open_url\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # The comparisons with a model take most of the time; test_adapters runs them on this store.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "not agrees"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^=+ \d+ passed", done.stdout, re.MULTILINE)


def _imports(module: str) -> Iterator[str]:
    """The modules of ours that one of ours imports, wherever in its text."""
    package, _, name = module.partition(".")
    folder = ROOT if package == "contacts_core" else ROOT / "adapters"
    path = folder / package / f"{name}.py" if name else folder / package / "__init__.py"
    for file in [path] if path.exists() else (folder / package / name).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield f"{package}.{node.module}" if node.level else node.module


def test_the_picture_shows_the_modules_and_their_imports() -> None:
    (picture,) = _blocks("mermaid")
    nodes = dict(re.findall(r'(\w+)\["(contacts_\w+(?:\.\w+)?)', picture))
    core = {f"contacts_core.{path.stem}" for path in ROOT.glob("contacts_core/[!_]*.py")}
    assert {name for name in nodes.values() if name.startswith("contacts_core.")} == core
    arrows = re.findall(r"(\w+) --> (\w+)", picture)
    assert arrows
    for importing, imported in arrows:
        assert nodes[imported] in set(_imports(nodes[importing])), (importing, imported)


def test_every_store_named_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    urls = set(re.findall(r"`((?:memory|sqlite|json):///?[\w.]*)`", README))
    assert {url.partition(":")[0] for url in urls} == {"memory", "sqlite", "json"}
    for url in urls:
        open_repository(url).close()
