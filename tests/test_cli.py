"""The command `contacts`, as a person and as a program use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contacts_adapters import open_repository
from contacts_adapters.cli.commands import contacts
from contacts_core import Contact, ContactBook, PeopleContacts

MOBILE = ["--label", "mobile", "--telephone", "+1 03 413 7223"]
COMMAND = [sys.executable, "-c", "from contacts_adapters.cli import main; main()"]


@pytest.fixture(params=["sqlite", "json"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"{request.param}:///{tmp_path}/contacts"
    monkeypatch.setenv("CONTACTS_STORE", url)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(contacts, arguments)


def in_shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    quoted = f"{sys.executable} -c 'from contacts_adapters.cli import main; main()'"
    return subprocess.run(
        ["bash", "-c", command.replace("contacts", quoted, 1)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_six_operations_as_a_program_calls_them(store: str) -> None:
    assert run("list", "42", "--json").stdout == "[]\n"
    added = run("add", "42", *MOBILE, "--integration", "--json")
    assert added.stdout == (
        '{"label": "mobile", "id": 1, "telephone": "+1 03 413 7223", "integration": true}\n'
    )
    run("add", "42", "--label", "personal", "--website", "www.my-stie.com")
    assert run("list", "42", "--json").stdout == (
        '[{"label": "mobile", "id": 1, "telephone": "+1 03 413 7223"}, '
        '{"label": "personal", "id": 2, "website": "www.my-stie.com"}]\n'
    )
    assert run("show", "42", "1", "--json").stdout == added.stdout
    updated = run(
        *("update", "42", "1", "--telephone", "", "--email", "ann@example.com"),
        *("--label", "work", "--no-integration", "--json"),
    )
    assert json.loads(updated.stdout) == {
        "label": "work",
        "id": 1,
        "email": "ann@example.com",
        "integration": False,
    }
    for gone in (run("remove", "42", "2"), run("clear", "42"), run("erase", "42")):
        assert (gone.exit_code, gone.output) == (0, "")
    assert run("list", "42", "--json").stdout == "[]\n"


def test_people_see_tables(store: str) -> None:
    assert "no contacts" in run("list", "42").stdout
    assert "+1 03 413 7223" in run("add", "42", *MOBILE).stdout
    run("add", "42", "--label", "work", "--telephone", "[red]1[/red] :smile:")
    shown = run("list", "42").stdout
    assert "[red]1[/red] :smile:" in shown
    assert "telephone" in run("show", "42", "1").stdout


def test_a_caller_is_found(store: str) -> None:
    run("add", "42", *MOBILE)
    found = run("find", "--telephone", "00103-4137223", "--json")
    [match] = json.loads(found.stdout)
    assert (match["person_id"], match["contact"]["id"]) == (42, 1)
    assert "42" in run("find", "--telephone", "4137223").stdout
    assert run("find", "--email", "ann@example.com").stdout == "nobody\n"
    assert json.loads(run("find", "--telephone", "1", "--label", "fax", "--json").stdout) == []


def test_changes_go_on_from_a_token(store: str) -> None:
    run("add", "42", *MOBILE)
    *changes, token = map(json.loads, run("changes", "--json").stdout.splitlines())
    assert changes == [{"person_id": 42, "revision": 1, "erased": False}]
    run("erase", "42")
    after = run("changes", "--after", token["token"])
    assert after.stdout.splitlines()[0] == "person 42: erased"


def test_changes_are_followed_until_interrupted(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", "42", *MOBILE)
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        if naps:
            raise KeyboardInterrupt
        naps.append(seconds)
        with open_repository(store) as repository:
            PeopleContacts(repository).remove_all_contacts(42)

    monkeypatch.setattr("contacts_adapters.cli.commands.time.sleep", sleep)
    followed = run("changes", "--follow")
    lines = [line for line in followed.stdout.splitlines() if line.startswith("person")]
    assert lines == ["person 42: revision 1", "person 42: revision 2"]


@pytest.mark.parametrize(
    ("arguments", "status", "errors"),
    [
        (
            ["add", "42", "--label", "fax", "--email", "ann"],
            2,
            ["label must be work or personal for email", "email must look like name@host"],
        ),
        (["add", "42", "--telephone", "1"], 2, ["label is required: one of "]),
        (["add", "42", "--label", "work", "--telephone", "1\udcff"], 2, ["telephone must have no"]),
        (["show", "42", "9"], 1, ["person 42 has no contact 9"]),
        (["remove", "42", "9"], 1, ["person 42 has no contact 9"]),
        (["changes", "--after", "x"], 1, ["the token is not of this store's history"]),
        (["list", "42", "--store", "nosuch://x"], 2, ["no adapter opens nosuch: URLs"]),
        (["list", "42", "--store", "contacts.db"], 2, ["no adapter opens (none): URLs"]),
        (["list", "42", "--store", "sqlite:////"], 1, ["this is no path of a file"]),
        (["list", "42", "--store", "sqlite:////nosuch/x"], 1, ["the store cannot be used now"]),
        (["list", "42", "--store", "json:////tmp"], 1, ["what has the name of the store"]),
        (["copy", "memory://", "nosuch://"], 2, ["no adapter opens nosuch"]),
    ],
)
def test_what_is_wrong_is_said_in_lines(
    store: str, arguments: list[str], status: int, errors: list[str]
) -> None:
    result = run(*arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == len(errors)
    assert all(line.startswith(error) for line, error in zip(lines, errors, strict=True))


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "0"],
        ["list", "x"],
        ["list", str(2**63)],
        ["nosuch"],
        ["find"],
        ["find", "--telephone", "1", "--email", "a@b"],
        ["backup", "x", "--store", "memory://"],
    ],
)
def test_a_wrong_call_shows_the_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_a_store_is_verified_backed_up_and_copied(store: str, tmp_path: Path) -> None:
    run("add", "42", *MOBILE)
    assert run("verify").exit_code == 0
    backup = tmp_path / "backup"
    assert run("backup", str(backup)).exit_code == 0
    assert run("backup", str(backup)).exit_code == 1
    copied = run("copy", store, f"json:///{tmp_path}/copy")
    one, two = (line.split()[:3] for line in copied.stdout.splitlines())
    assert (copied.exit_code, one) == (0, two)
    with open_repository(f"json:///{tmp_path}/other") as other:
        other.save(ContactBook(person_id=1).add(Contact(label="fax", telephone="1")))
    assert run("copy", store, f"json:///{tmp_path}/other").exit_code == 1


def test_verify_names_what_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "contacts"
    url = f"sqlite:///{path}"
    run("add", "42", *MOBILE, "--store", url)
    run("add", "43", *MOBILE, "--store", url)
    path.write_bytes(path.read_bytes().replace(b"413 7223", b"413 7224", 1))
    result = run("verify", "--store", url)
    assert result.exit_code == 1
    assert "is damaged" in result.stderr.splitlines()[0]


def test_the_demo_shows_three_stores_that_agree() -> None:
    shown = run("demo").stdout
    assert shown.count("the same in each") == 8
    assert "differ" not in shown
    for word in ("memory://", "sqlite:///", "json:///", "PATCH /people/42/contacts/1"):
        assert word in shown
    for word in ("Who is calling", "not_an_email_address", "chat_workchat"):
        assert word in shown


def test_the_demo_leaves_out_a_store_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite_utils", None)
    monkeypatch.delitem(sys.modules, "contacts_adapters.sqlite_schema", raising=False)
    shown = run("demo").stdout
    assert "left out: the SQLite store needs sqlite-utils: pip install" in shown
    assert shown.count("the same in each") == 8
    result = run("list", "1", "--store", "sqlite:////tmp/nosuch-folder/nosuch.db")
    assert result.exit_code == 1
    assert "pip install 'contacts-core[sqlite]'" in result.stderr


def test_a_closed_pipe_ends_it_quietly(store: str) -> None:
    for command in ("contacts demo | head -1", "contacts list 42 | true"):
        result = in_shell(command)
        assert "Traceback" not in result.stderr
        assert "Error" not in result.stderr


def test_colours_are_for_terminals_that_want_them() -> None:
    script = "script -qec \"{} -c 'from contacts_adapters.cli import main; main()' demo\" /dev/null"
    command = script.format(sys.executable)
    environment = {"TERM": "xterm-256color"}
    coloured = subprocess.run(
        command, shell=True, env={**os.environ, **environment}, capture_output=True, check=False
    )
    if coloured.returncode == 127:
        pytest.skip("script, of util-linux, is not installed")
    plain = subprocess.run(
        command,
        shell=True,
        env={**os.environ, **environment, "NO_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert b"\x1b[32m" in coloured.stdout
    assert b"\x1b[32m" not in plain.stdout


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['rich'] = None;from contacts_adapters.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "contacts needs click and rich: pip install 'contacts-core[cli]'\n"


def test_the_installed_command_runs() -> None:
    result = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "version" in result.stdout
