"""From a URL to a store: ours, those of other packages, and what is said when there is none."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import pytest

from contacts_adapters import open_repository, register
from contacts_adapters.memory import MemoryContactBooks
from contacts_adapters.registry import UnknownScheme
from contacts_core import ContactBookRepository, ContactsError

ADAPTER: Final = '''"""Keeps contacts in a box, that is, in memory under another name."""

from contacts_adapters.memory import MemoryContactBooks


class BoxContactBooks(MemoryContactBooks):
    def __init__(self, url):
        super().__init__()
        self.url = url
'''
METADATA: Final = "Metadata-Version: 2.1\nName: contacts-box\nVersion: 1.0\n"
WHEEL: Final = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ENTRY_POINTS: Final = """[contacts_core.repositories]
box = contacts_box:BoxContactBooks
sqlite = contacts_box:BoxContactBooks
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a third party's package in it, installed as any package is."""
    pytest.importorskip("pip", reason="to install a package needs pip")
    folder = tmp_path_factory.mktemp("third_party")
    wheel = folder / "contacts_box-1.0-py3-none-any.whl"
    files = {
        "contacts_box.py": ADAPTER,
        "contacts_box-1.0.dist-info/METADATA": METADATA,
        "contacts_box-1.0.dist-info/WHEEL": WHEEL,
        "contacts_box-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
    }
    record = "contacts_box-1.0.dist-info/RECORD"
    files[record] = "".join(f"{name},,\n" for name in (*files, record))
    with ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    target = folder / "site"
    command = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", *command, "--target", str(target), str(wheel)], check=True
    )
    return target


def run(script: str, *paths: Path) -> str:
    """What a Python process prints that also finds the packages in *paths*."""
    prefix = f"import sys; sys.path[:0] = {[*map(str, paths)]!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", prefix + script], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_another_package_s_adapter_is_opened_by_its_url(installed: Path) -> None:
    script = """
from contacts_adapters import open_repository
from contacts_core import ContactBookRepository, PeopleContacts
with open_repository("box://user:pw@host/shelf") as repository:
    assert isinstance(repository, ContactBookRepository)
    added = PeopleContacts(repository).add_contact(42, {"label": "work", "email": "ann@x"})
    print(type(repository).__module__, repository.url, added)
"""
    assert run(script, installed) == "contacts_box box://user:pw@host/shelf <Contact 1: work email>"


def test_another_package_cannot_take_a_scheme_of_ours(installed: Path) -> None:
    script = """
from contacts_adapters import open_repository
with open_repository(f"sqlite:///{sys.argv[0]}.db") as repository:
    print(type(repository).__module__)
"""
    script = script.replace("sys.argv[0]", repr(str(installed / "x")))
    assert run(script, installed) == "contacts_adapters.sqlite"


def test_what_another_package_installed_is_named_and_taken(installed: Path) -> None:
    script = """
from contacts_adapters import open_repository, register
try:
    open_repository("shelf://x")
except ValueError as error:
    print(error)
try:
    register("box", print)
except ValueError as error:
    print(error)
"""
    assert run(script, installed).splitlines() == [
        "no adapter opens shelf: URLs; installed are box://, json://, memory://, sqlite://; "
        "another adapter is a package with an entry point shelf in the group "
        "contacts_core.repositories",
        "the scheme box is taken, or is none",
    ]


def test_only_what_is_opened_is_imported() -> None:
    script = """
before = {*sys.modules}  # what measures the coverage has modules of its own
from contacts_adapters import open_repository
open_repository("memory://")
loaded = {*sys.modules} - before
print(sorted({"sqlite3", "sqlite_utils", "importlib.metadata", "cattrs"} & loaded))
"""
    assert run(script) == "[]"


@pytest.mark.parametrize(
    ("scheme", "store"),
    [
        ("memory", "MemoryContactBooks"),
        ("sqlite", "SqliteContactBooks"),
        ("json", "JsonFileContactBooks"),
    ],
)
def test_ours_are_opened_by_their_url(scheme: str, store: str, tmp_path: Path) -> None:
    url = "memory://" if scheme == "memory" else f"{scheme}:///{tmp_path / 'store'}"
    with open_repository(url) as repository:
        assert isinstance(repository, ContactBookRepository)
        assert type(repository).__name__ == store


def test_each_url_of_a_store_in_memory_is_a_new_one() -> None:
    assert open_repository("memory://") is not open_repository("memory://")
    with pytest.raises(ContactsError):
        open_repository("memory://x")


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("shelf://ann:s3cret@host/s3cret", "shelf"),
        ("SQLITE:///s3cret", "SQLITE"),
        ("s3cret", "(none)"),
        ("/home/s3cret.db", "(none)"),
        ("sqlite:s3cret", "(none)"),
        ("s3cret password://x", "(none)"),
        ("://s3cret", "(none)"),
        ("", "(none)"),
    ],
)
def test_an_unknown_scheme_says_what_is_installed_and_not_the_url(url: str, scheme: str) -> None:
    with pytest.raises(UnknownScheme) as caught:
        open_repository(url)
    error = caught.value
    assert isinstance(error, ContactsError)
    assert error.scheme == scheme
    assert {"json", "memory", "sqlite"} <= {*error.known}
    assert f"no adapter opens {scheme}: URLs" in str(error)
    assert "json://, memory://" in str(error)
    assert "group contacts_core.repositories" in str(error)
    assert "s3cret" not in f"{error}{error!r}{error.args}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    mine: dict[str, Any] = {}
    monkeypatch.setattr("contacts_adapters.registry._registered", mine)
    return mine


@pytest.mark.usefixtures("registered")
def test_a_host_may_register_an_adapter_of_its_own() -> None:
    urls = []

    def opener(url: str) -> ContactBookRepository:
        urls.append(url)
        return MemoryContactBooks()

    register("shelf", opener)
    with open_repository("shelf://left/3") as repository:
        assert len(repository.get(42)) == 0
    assert urls == ["shelf://left/3"]
    with pytest.raises(UnknownScheme) as caught:
        open_repository("other://")
    assert "shelf" in caught.value.known


@pytest.mark.parametrize("scheme", ["memory", "sqlite", "json", "shelf", "", "a b", "a:", "://"])
def test_a_scheme_is_taken_once(scheme: str, registered: dict[str, Any]) -> None:
    register("shelf", lambda _: MemoryContactBooks())
    before = dict(registered)
    with pytest.raises(ValueError, match="is taken, or is none"):
        register(scheme, lambda _: MemoryContactBooks())
    assert registered == before
