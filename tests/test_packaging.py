"""What a user installs: the wheel, built once."""

import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"contacts_core": ROOT, "contacts_adapters": ROOT / "adapters"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="building without a network needs hatchling installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    (name,) = (name for name in ZipFile(wheel).namelist() if name.endswith("/METADATA"))
    return Parser().parsestr(ZipFile(wheel).read(name).decode())


def test_the_wheel_holds_both_packages_whole_and_nothing_else(names: set[str]) -> None:
    sources = {
        path.relative_to(folder).as_posix()
        for package, folder in PACKAGES.items()
        for path in (folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == sources


@pytest.mark.parametrize(
    "name",
    [
        "contacts_core/py.typed",
        "contacts_adapters/py.typed",
        "contacts_adapters/conformance/__init__.py",
        "contacts_core-{version}.dist-info/licenses/LICENSE",
    ],
)
def test_the_wheel_holds(names: set[str], metadata: Message, name: str) -> None:
    assert name.format(version=metadata["Version"]) in names


def test_the_wheel_says_its_licence_and_its_python(metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_library_alone_needs_attrs_and_cattrs(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist") or []
    assert sorted(one.split(">=")[0] for one in required if "extra ==" not in one) == [
        "attrs",
        "cattrs",
    ]


def test_the_wheel_works_without_the_checkout(wheel: Path) -> None:
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import contacts_adapters, contacts_core
assert contacts_core.__file__.startswith(sys.argv[1])
assert contacts_adapters.__file__.startswith(sys.argv[1])
with contacts_adapters.open_repository("memory://") as repository:
    fields = {"label": "mobile", "telephone": "+1 03 413 7223"}
    print(contacts_core.PeopleContacts(repository).add_contact(42, fields))
"""
    command = [sys.executable, "-I", "-c", script, str(wheel)]
    # Without an environment: a measurement of coverage is not for this copy of the code.
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={})
    assert done.stdout == "<Contact 1: mobile telephone>\n"
