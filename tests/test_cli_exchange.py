"""`contacts import` and `contacts export`, as a person and as a program use them."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contacts_adapters import open_repository
from contacts_adapters.cli.commands import contacts
from contacts_adapters.exchange import PeopleFile
from contacts_core import InvalidContact

HEADER = "Person,Contact Protocol,Contact Label,Contact URI,Integration\n"
FILE = (
    f"{HEADER}ann@example.com,telephone,fax,+1 03 413 7225,true\n"
    "bob@example.com,email,work,bob@example.com,true\n"
)
PEOPLE = "ID,Person\n42,Ann@Example.com\n7,bob@example.com\n"
COMMAND = [sys.executable, "-c", "from contacts_adapters.cli import main; main()"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTACTS_STORE", "sqlite:///contacts.db")
    Path("file.csv").write_text(FILE)
    Path("people.csv").write_text(PEOPLE)


def run(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(contacts, arguments, **options)


def imported(*arguments: str) -> dict[str, int]:
    result = run("import", "file.csv", "--people", "people.csv", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    counts: dict[str, int] = json.loads(result.stdout)
    return counts


def test_a_file_is_imported_once() -> None:
    assert imported()["created"] == 2
    assert imported() == {
        "created": 0,
        "updated": 0,
        "deleted": 0,
        "unchanged": 2,
        "failures": 0,
        "errors": 0,
        "skipped": {},
    }
    with open_repository("sqlite:///contacts.db") as repository:
        assert [contact.value for contact in repository.get(42)] == ["+1 03 413 7225"]


def test_a_dry_run_writes_nothing() -> None:
    assert imported("--dry-run")["created"] == 2
    with open_repository("sqlite:///contacts.db") as repository:
        assert list(repository.person_ids()) == []


def test_what_is_refused_is_named_and_the_rest_is_done() -> None:
    with Path("file.csv").open("a") as file:
        file.write("ann@example.com,telephone,skype,s3cr3t,true\neve,telephone,fax,s3cr3t,true\n")
    result = run("import", "file.csv", "--people", "people.csv")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-2:] == [
        "line 4: label must be one of work, mobile, home or fax",
        "line 5: person is nobody's key",
    ]
    assert "2 │ created" in result.stdout
    assert "s3cr3t" not in result.output


def test_too_many_removals_stop_it() -> None:
    imported()
    Path("file.csv").write_text(f"{HEADER}bob@example.com,telephone,fax,1,true\n")
    result = run("import", "file.csv", "--people", "people.csv")
    assert result.exit_code == 1
    assert "1 of 1 integration contacts would go; --max-removals 1" in result.stderr
    assert imported("--max-removals", "1")["deleted"] == 1


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("people.ldif", "dn: uid=ann\nuid: 42\nmail: ann@example.com\n", ["--key", "uid"]),
        ("users", '{"userName": "42", "ims": [{"value": "1", "type": "skype"}]}', []),
        ("file.tsv", FILE.replace(",", "\t").replace("ann@example.com\t", "42\t"), []),
        (
            "file.txt",
            "Nr,Contact Protocol,Contact Label,Contact URI\n42,telephone,fax,1",
            [
                *("--format", "csv", "--key", "Nr"),
            ],
        ),
    ],
)
def test_the_format_is_found_out_and_keys_may_be_ids(
    name: str, text: str, options: list[str]
) -> None:
    Path(name).write_text(text)
    result = run("import", name, *options, "--json")
    assert json.loads(result.stdout)["created"] == 1, result.stderr


def test_a_file_comes_from_a_pipe() -> None:
    done = subprocess.run(
        [*COMMAND, "import", "-", "--people", "people.csv"],
        input=FILE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2 │ created" in done.stdout
    assert "people done: 2" in done.stderr.splitlines()


def test_what_is_no_file_of_contacts_is_bad_input() -> None:
    Path("picture.png").write_bytes(b"\x89PNG\r\n")
    result = run("import", "picture.png")
    assert result.exit_code == 2
    assert result.stderr == "the format is none of csv, ldif, scim, tsv\n"


def test_what_was_exported_is_imported_again() -> None:
    imported()
    assert run("export", "out.csv", "--people", "people.csv").exit_code == 0
    assert stat.S_IMODE(Path("out.csv").stat().st_mode) == 0o600
    assert Path("out.csv").read_bytes().decode().splitlines() == [
        HEADER.strip(),
        "bob@example.com,email,work,bob@example.com,true",
        "Ann@Example.com,telephone,fax,+1 03 413 7225,true",
    ]
    result = run("import", "out.csv", "--people", "people.csv", "--json")
    assert json.loads(result.stdout)["unchanged"] == 2


def test_an_export_overwrites_nothing() -> None:
    result = run("export", "file.csv")
    assert result.exit_code == 1
    assert "file.csv" in result.stderr
    assert Path("file.csv").read_text() == FILE


def test_an_export_takes_other_forms() -> None:
    imported()
    assert run("export", "-", "--tsv", "--ids").stdout_bytes.splitlines()[1:] == [
        b"7\temail\twork\tbob@example.com\ttrue\t1",
        b"42\ttelephone\tfax\t+1 03 413 7225\ttrue\t2",
    ]
    assert b"'+1 03" in run("export", "-", "--spreadsheet").stdout_bytes


def test_an_export_names_whom_it_leaves_out() -> None:
    imported()
    Path("people.csv").write_text("Person,ID\nann,42\n")
    result = run("export", "-", "--people", "people.csv")
    assert (result.exit_code, result.stderr) == (3, "person 7 is not in the file of people\n")
    assert "bob" not in result.stdout


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Person,ID\nann,42\nANN,43\n", 3),
        ("Person,ID\n\nann,x\n", 3),
        ("Person,ID\nann,0\n", 0),
        ("Person,ID\n,5\n", 2),
        ("Name,ID\nann,5\n", 2),
        ('Person,ID\n"ann"x,5\n', 2),
        ("Person,ID\nann,99999999999999999999\n", 2),
    ],
)
def test_a_line_of_people_that_is_not_understood_is_named(text: str, line: int) -> None:
    Path("people.csv").write_text(text)
    with pytest.raises(InvalidContact) as caught, Path("people.csv").open("rb") as stream:
        PeopleFile(stream)
    assert f"line {line} of the people" in str(caught.value) or not line
    result = run("import", "file.csv", "--people", "people.csv")
    assert result.exit_code == 2
    assert "ann" not in result.output


def test_a_terminal_shows_bars() -> None:
    script = [
        "script",
        "-qec",
        f"{' '.join(COMMAND[:2])} '{COMMAND[2]}' import file.csv",
        "/dev/null",
    ]
    shown = subprocess.run(script, capture_output=True, text=True, check=False).stdout
    assert "━" in shown
    assert "bytes read" in shown
